"""Hands the released schemas to a registry that speaks the usual REST interface; nothing of ours asks it at run time.

A subject is a message's wire type (`o2c.billing.BillingRequested.v1`), its versions are the released minors of that major.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import httpx2

from o2c.contracts.released import Released, Version

CONTENT: Final = "application/vnd.schemaregistry.v1+json"
LIMIT_SECONDS: Final = 20.0


class RegistryError(Exception):
    """The registry refused or did not answer; the text is Spanish."""


class Pushed(NamedTuple):
    """One schema as the registry knows it."""

    subject: str
    version: str
    id: int


def subject_of(folder: str, version: Version) -> str:
    """`billing/commands/RefuseBillingActivation` in major 1 is `o2c.billing.RefuseBillingActivation.v1`."""
    service, *_, name = folder.split("/")
    return f"o2c.{service}.{name}.v{version.major}"


def push(released: Released, url: str, wanted: Callable[[str], bool]) -> Iterator[Pushed]:
    """Registers every released version of the wanted folders, oldest first; repeating it changes nothing.

    Compatibility of the subject is set to NONE: our own check has judged the schemas before they were released, and a
    registry's rule for open content refuses what we allow. Raises RegistryError.
    """
    with httpx2.Client(base_url=url.rstrip("/") + "/", timeout=LIMIT_SECONDS, headers={"accept": CONTENT}) as http:
        for folder, versions in released.versions.items():
            if not wanted(folder):
                continue
            for version in versions:
                subject = subject_of(folder, version)
                if version.minor == 0:
                    _ask(http, "PUT", f"config/{quote(subject)}", {"compatibility": "NONE"})
                schema = json.dumps(released.read(folder, version), ensure_ascii=False)
                found = _ask(http, "POST", f"subjects/{quote(subject)}/versions", {"schemaType": "JSON", "schema": schema})
                yield Pushed(subject, str(version), int(found["id"]))


def _ask(http: httpx2.Client, method: str, path: str, body: dict[str, Any]) -> Any:
    try:
        answer = http.request(method, path, content=json.dumps(body), headers={"content-type": CONTENT})
    except httpx2.HTTPError as error:
        raise RegistryError(f"no responde ({type(error).__name__})") from error
    if answer.is_success:
        return answer.json()
    said = re.search(r'"message"\s*:\s*"([^"]{1,200})', answer.text)
    raise RegistryError(f"{path}: {answer.status_code} {said[1] if said else answer.reason_phrase}")
