"""Golden messages: for each released version of a fact, a whole message as it goes over Kafka, kept for ever."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from o2c.contracts.released import FILE, role_of, to_text
from shared.contracts.catalogue import TOPIC
from shared.messaging.envelope import headers_of

SAMPLES: Final = Path(__file__).parents[2] / "shared" / "contracts" / "samples"
AT: Final = datetime(2026, 12, 1, 12, tzinfo=UTC)
TRACE: Final = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def message(service: str, name: str, value: dict[str, Any]) -> dict[str, Any]:
    """Topic, key, headers and value of a fact, as the relay sends them."""
    parent = value.get("parent") or ""
    subject = value.get("suborder") or value.get("billing_group") or parent or f"{service}:{name}"
    headers = headers_of(service, subject, 1, name, AT, f"{service}/{subject}/0", "SYSTEM", TRACE)
    return {
        "topic": TOPIC(service),
        "key": parent or subject,
        "headers": {key: raw.decode() for key, raw in headers},
        "value": value,
    }


def sample(service: str, name: str) -> dict[str, Any]:
    """The whole message of a fact's sample."""
    value = json.loads((SAMPLES / service / f"{name}.json").read_text(encoding="utf-8"))
    return message(service, name, value)


def write(folder: Path, schemas: Iterable[str]) -> None:
    """Writes the golden message of each of these schemas of facts from the fact's sample."""
    for match in filter(None, map(FILE.fullmatch, schemas)):
        if role_of(match["folder"]) == "command":
            continue
        service, name = match["folder"].split("/")
        home = folder / "golden" / service / name / f"v{match['major']}.{match['minor']}"
        home.mkdir(parents=True, exist_ok=True)
        (home / "sample.json").write_text(to_text(sample(service, name)), encoding="utf-8")


def files(folder: Path) -> set[str]:
    """Every golden message, by its path below docs/contracts."""
    return {path.relative_to(folder).as_posix() for path in (folder / "golden").rglob("*.json")}
