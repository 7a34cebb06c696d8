"""What follows from a row: the kinds of outputs a table declares, and how each is read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal, TypeAlias, cast, get_args

from shared.rules.cells import parse_range
from shared.rules.marked import Marked

Types: TypeAlias = Mapping[str, tuple[str, ...]]
"""Named lists of values that the tables of one folder share."""
FLAG: Final = ("yes", "no")
_Kind = Literal["text", "flag", "number", "list", "chosen"]
_KINDS: Final = get_args(_Kind)[:-1]


@dataclass(frozen=True, slots=True)
class Output:
    """A column that is answered: its kind, the allowed values of a chosen one, and whether a row may leave it out."""

    kind: _Kind
    allowed: tuple[str, ...] = ()
    optional: bool = False

    def read(self, marked: Marked) -> Any:
        """The value, frozen. Raises RuleError when it is not of this kind."""
        match self.kind:
            case "text":
                return marked.text()
            case "flag":
                return _flag(marked)
            case "number":
                return _number(marked)
            case "list":
                return tuple(one.plain() for one in marked.entries())
            case "chosen":
                return _chosen(marked, self.allowed)


def read_output(marked: Marked, types: Types) -> Output:
    """A declared output: a kind, a named type (`?` behind it: optional), or the list of its values."""
    if isinstance(marked.value, tuple):
        return Output("chosen", tuple(one.text() for one in marked.value))
    named = marked.text()
    kind, optional = named.removesuffix("?"), named.endswith("?")
    if kind in types:
        return Output("chosen", types[kind], optional)
    if kind not in _KINDS:
        raise marked.wrong(f"No se conoce el tipo {kind}; se conocen {', '.join((*_KINDS, *types))}.")
    return Output(cast("_Kind", kind), optional=optional)


def _flag(marked: Marked) -> bool:
    if marked.text() not in FLAG:
        raise marked.wrong(f"{marked.text()} no es yes ni no.")
    return marked.text() == "yes"


def _number(marked: Marked) -> Decimal:
    found = parse_range(marked.text())
    if found is None or found.low != found.high:
        raise marked.wrong(f"{marked.text()} no es un número.")
    return found.low


def _chosen(marked: Marked, allowed: tuple[str, ...]) -> str | tuple[str, ...]:
    for entry in marked.entries():
        if entry.text() not in allowed:
            raise entry.wrong(f"{entry.text()} no está entre {', '.join(allowed)}.")
    return tuple(one.text() for one in marked.value) if isinstance(marked.value, tuple) else marked.text()
