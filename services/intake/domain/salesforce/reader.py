"""Reads an order field by field and lists everything that is wrong with it, each with its path (`partners.md` 2.6)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, TypeVar

from services.intake.domain.salesforce import quirks
from services.intake.domain.salesforce.results import Json
from shared.common.personal import PERSONAL
from shared.contracts.intake import Problem
from shared.contracts.refusals import sentence
from shared.rules.load import plain

T = TypeVar("T")
Labels = Mapping[str, Mapping[str, str]]
"""Per kind the value behind each label, as `shared.rules.load.load_labels` reads them."""

MOST_PROBLEMS: Final = 500
"""More of them would not fit a message, and nobody would read them."""
LONGEST_LABEL: Final = 60
NO_ID: Final = "0" * quirks.SHORT + "AAA"
"""Stands for an id that could not be read: the violation beside it keeps the order from being used."""

WARNINGS: Final = {
    "TOTAL_MISMATCH": "El total dice {declared} y los ítems suman {found}.",
    "HOMOLOGADO_DIFFERS": "Salesforce dice que el producto {homologado} homologado; según la regla {ours}.",
    "PHONE_FORMAT": "El teléfono no tiene la forma +591 y ocho dígitos.",
    "CONTACT_MISSING": "Falta el contacto {role} del cliente, o su correo.",
    "FIELD_ABSENT": "La venta no trae este dato.",
    "PHASES_MISSING": "La venta no trae las fases de facturación; las define el dueño de la orden.",
}


@dataclass
class Findings:
    """All violations and warnings found so far. What is absent of the `optional` fields is a warning, not a violation."""

    violations: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    optional: frozenset[str] = frozenset()

    def violate(self, code: str, path: str, **details: object) -> None:
        """Notes what makes the order unusable."""
        if code == "REQUIRED_FIELD" and path.rpartition(".")[2] in self.optional:
            self.warn("FIELD_ABSENT", path)
            return
        _note(self.violations, Problem(code=code, path=path, detail=sentence(code, {"path": path, **details})))

    def warn(self, code: str, path: str, **details: object) -> None:
        """Notes what the Order Manager should see beside the order."""
        _note(self.warnings, Problem(code=code, path=path, detail=WARNINGS[code].format_map(details)))


def _note(problems: list[Problem], problem: Problem) -> None:
    """Each problem once, since some fields are read for several purposes."""
    if len(problems) < MOST_PROBLEMS and problem not in problems:
        problems.append(problem)


def shown(label: str) -> str:
    """A label fit for a published sentence: short, and nobody's address or phone."""
    return "—" if PERSONAL.search(label) else label[:LONGEST_LABEL]


@dataclass(frozen=True)
class Node:
    """One JSON object of the order with its path. A `need` that fails is noted and answers a harmless placeholder."""

    value: Json
    path: str
    findings: Findings
    labels: Labels

    def at(self, name: str) -> str:
        """The path of a field."""
        return f"{self.path}.{name}"

    def has(self, name: str) -> bool:
        """Whether the field has a value; empty text is none."""
        value = self.value.get(name)
        return bool(value.strip()) if isinstance(value, str) else value is not None

    def violate(self, code: str, name: str, **details: object) -> None:
        """Notes a violation at a field."""
        self.findings.violate(code, self.at(name), **details)

    def read(self, name: str, reader: Callable[[Any], T], *, needed: bool = False) -> T | None:
        """The field as this reader understands it, None when absent or not understood."""
        if not self.has(name):
            if needed:
                self.violate("REQUIRED_FIELD", name)
            return None
        try:
            return reader(self.value[name])
        except quirks.QuirkError:
            self.violate("FIELD_INVALID", name)
            return None

    def text(self, name: str) -> str | None:
        """A short text."""
        return self.read(name, short_text)

    def need_text(self, name: str) -> str:
        """A short text that must be there."""
        return self.read(name, short_text, needed=True) or ""

    def id(self, name: str) -> str | None:
        """A Salesforce id in 18 characters."""
        return self.read(name, quirks.identifier)

    def need_id(self, name: str) -> str:
        """A Salesforce id that must be there."""
        return self.read(name, quirks.identifier, needed=True) or NO_ID

    def flag(self, name: str) -> bool | None:
        """Yes, no, or not said."""
        return self.read(name, quirks.flag)

    def day(self, name: str) -> date | None:
        """A local day."""
        return self.read(name, quirks.day)

    def instant(self, name: str) -> datetime | None:
        """A moment in UTC."""
        return self.read(name, quirks.instant)

    def amount(self, name: str) -> Decimal | None:
        """An amount in cents, not negative."""
        return self._positive(name, self.read(name, quirks.amount))

    def need_price(self, name: str) -> Decimal:
        """A unit price that must be there, not negative."""
        return self._positive(name, self.read(name, quirks.unit_price, needed=True)) or Decimal("0.00")

    def _positive(self, name: str, value: Decimal | None) -> Decimal | None:
        if value is not None and value < 0:
            self.violate("FIELD_INVALID", name)
            return None
        return value

    def count(self, name: str, *, least: int = 1, needed: bool = False) -> int | None:
        """A whole number, not below the least."""
        value = self.read(name, quirks.count, needed=needed)
        if value is not None and value < least:
            self.violate("FIELD_INVALID", name)
            return None
        return value

    def label(self, name: str, kind: str, *, needed: bool = False, unknown: str = "LABEL_UNKNOWN") -> str | None:
        """The value behind a label, compared without case, accents and separators."""
        written = self.read(name, short_text, needed=needed)
        if written is None:
            return None
        value = self.labels.get(kind, {}).get(plain(written))
        if value is None:
            self.violate(unknown, name, label=shown(written))
        return value

    def child(self, name: str) -> "Node | None":
        """An object inside this one."""
        inner = self.value.get(name)
        if isinstance(inner, dict):
            return Node(inner, self.at(name), self.findings, self.labels)
        if self.has(name):
            self.violate("FIELD_INVALID", name)
        return None

    def children(self, name: str) -> list["Node"]:
        """A list of objects inside this one; absent means none."""
        inner = self.value.get(name)
        if not isinstance(inner, list):
            if self.has(name):
                self.violate("FIELD_INVALID", name)
            return []
        found = []
        for index, one in enumerate(inner):
            if isinstance(one, dict):
                found.append(Node(one, f"{self.at(name)}[{index}]", self.findings, self.labels))
            else:
                self.violate("FIELD_INVALID", f"{name}[{index}]")
        return found


def short_text(raw: Any) -> str:
    """Text of at most 200 characters, trimmed; numbers are not texts, since their leading zeros would be gone."""
    if not isinstance(raw, str) or not raw.strip() or "\x00" in raw or len(raw.strip()) > 200:  # noqa: PLR2004 - `Name`
        raise quirks.QuirkError("field_type")
    return raw.strip()
