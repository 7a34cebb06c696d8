"""The published schemas as files: what is released never changes again, a change of a model becomes the next minor.

`released.sha256` names every released file with its hash, in the form `sha256sum -c` reads. `generate` writes drafts beside
the released files; only `o2c contracts release` freezes them.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from o2c.contracts.compatibility import Change, Role, breaks
from shared.messaging.asyncapi import published, schema

FOLDER: Final = Path(__file__).parents[2] / "docs" / "contracts"
LIST: Final = "released.sha256"
FILE: Final = re.compile(r"(?:(?P<folder>.+)/)?v(?P<major>\d+)\.(?P<minor>\d+)\.schema\.json")


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """The version of a schema; the major stands in `ce_type` too."""

    major: int
    minor: int

    def __str__(self) -> str:
        """As in file names and ids."""
        return f"{self.major}.{self.minor}"


def role_of(path: str) -> Role:
    """Commands have a folder of their own in each service."""
    return "command" if "commands" in Path(path).parts else "fact"


def to_text(content: Mapping[str, Any]) -> str:
    """How every generated file is written."""
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def versions_in(paths: Mapping[str, Any] | set[str]) -> dict[str, list[Version]]:
    """Folder by folder the versions among these files, oldest first."""
    found: dict[str, list[Version]] = {}
    for name in filter(None, map(FILE.fullmatch, paths)):
        found.setdefault(name["folder"] or ".", []).append(Version(int(name["major"]), int(name["minor"])))
    return {folder: sorted(versions) for folder, versions in found.items()}


@dataclass(frozen=True)
class Released:
    """The released files below a folder."""

    folder: Path = FOLDER

    @cached_property
    def hashes(self) -> dict[str, str]:
        """The list: hash by path."""
        path = self.folder / LIST
        lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
        return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}

    def read(self, folder: str, version: Version) -> dict[str, Any]:
        """A schema as it was released."""
        content: dict[str, Any] = json.loads((self.folder / file_of(folder, version)).read_text(encoding="utf-8"))
        return content

    @cached_property
    def versions(self) -> dict[str, list[Version]]:
        """The released versions of each message."""
        return versions_in(self.hashes)

    def touched(self) -> Iterator[str]:
        """Released files that are gone or are not what they were."""
        for name, digest in self.hashes.items():
            path = self.folder / name
            if not path.exists():
                yield f"{name}: se publicó y ya no está"
            elif digest_of(path) != digest:
                yield f"{name}: se publicó y cambió; lo publicado no se modifica"

    def freeze(self, names: set[str]) -> None:
        """Adds these files to the list, for ever."""
        added = {name: digest_of(self.folder / name) for name in names - set(self.hashes)}
        lines = [f"{digest}  {name}\n" for name, digest in sorted({**self.hashes, **added}.items())]
        (self.folder / LIST).write_text("".join(lines), encoding="ascii")


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    return sha256(path.read_bytes()).hexdigest()


def file_of(folder: str, version: Version) -> str:
    """`billing/BillingRequested/v1.0.schema.json`."""
    return f"{folder}/v{version}.schema.json"


@dataclass(frozen=True, slots=True)
class Plan:
    """The schemas as they should stand: newest version by folder, drafts to write, and what the models broke."""

    versions: Mapping[str, str]
    drafts: Mapping[str, dict[str, Any]]
    broken: Mapping[str, list[Change]]


def plan(released: Released) -> Plan:
    """Each model against its released versions: unchanged, a compatible next minor, or broken.

    A released message that no model stands for any more is broken as well: its readers still wait for it.
    """
    versions: dict[str, str] = {}
    drafts: dict[str, dict[str, Any]] = {}
    broken: dict[str, list[Change]] = {}
    kinds = published()
    for folder, (service, kind) in kinds.items():
        role, major = role_of(folder), getattr(kind, "MAJOR", 1)
        before = [one for one in released.versions.get(folder, []) if one.major == major]
        now = before[-1] if before else Version(major, 0)
        made = schema(service, kind, sent=role == "fact", version=str(now))
        if before and made != released.read(folder, now):
            now = Version(major, now.minor + 1)
            made = {**made, "$id": made["$id"].rpartition(":")[0] + f":{now}"}
            for older in before:
                found = breaks(released.read(folder, older), made, role)
                if found:
                    broken[file_of(folder, older)] = found
        versions[folder] = str(now)
        if now not in before:
            drafts[file_of(folder, now)] = made
    for folder, older_ones in released.versions.items():
        if folder not in kinds:
            gone = Change("$", "MESSAGE_REMOVED", "el mensaje ya no existe", "NARROWER")
            broken[file_of(folder, older_ones[-1])] = [gone]
    return Plan(versions, drafts, broken)
