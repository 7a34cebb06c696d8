"""YAML whose every value knows its line, so that an error can name it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import yaml

from shared.rules.error import RuleError

_BOOL, _FLOAT = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:float"
_TRUTH: Final = re.compile(r"^(?:true|false)$")


class _Loader(yaml.CSafeLoader):
    """Booleans as in YAML 1.2: `NO`, `yes` and `on` are words of the tables, not truth values. Decimals are exact."""

    yaml_implicit_resolvers = {
        first: [(tag, _TRUTH if tag == _BOOL else pattern) for tag, pattern in resolvers]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


def _decimal(loader: _Loader, node: yaml.ScalarNode) -> Decimal:
    text = loader.construct_scalar(node).replace("_", "").lower()
    return Decimal(text.replace(".inf", "Infinity").replace(".nan", "NaN"))


_Loader.add_constructor(_FLOAT, _decimal)


@dataclass(frozen=True, slots=True)
class Marked:
    """A value and where it stands; inside a list or mapping everything is marked too."""

    where: str
    value: Any

    def plain(self) -> Any:
        """The value without marks, frozen: lists are tuples, mappings read-only."""
        if isinstance(self.value, Mapping):
            return MappingProxyType({name: one.plain() for name, one in self.value.items()})
        return tuple(one.plain() for one in self.value) if isinstance(self.value, tuple) else self.value

    def wrong(self, sentence: str, code: str = "RULE_INVALID") -> RuleError:
        """An error at this place."""
        return RuleError(sentence, self.where, code)

    def mapping(self) -> Mapping[str, "Marked"]:
        """The entries of a mapping. Raises RuleError for anything else."""
        if not isinstance(self.value, Mapping):
            raise self.wrong("Aquí va una lista de nombres con sus valores (nombre: valor).")
        return self.value

    def fields(self, required: Iterable[str], optional: Iterable[str] = ()) -> Mapping[str, "Marked"]:
        """The entries of a mapping with exactly these names. Raises RuleError for a missing or an unknown one."""
        entries, required = self.mapping(), tuple(required)
        if missing := [name for name in required if name not in entries]:
            raise self.wrong(f"Falta {', '.join(missing)}.")
        for name, entry in entries.items():
            if name not in {*required, *optional}:
                raise entry.wrong(f"{name} no se conoce aquí; se conocen {', '.join((*required, *optional))}.")
        return entries

    def entries(self) -> tuple["Marked", ...]:
        """The elements of a list; a single value is a list of one."""
        return self.value if isinstance(self.value, tuple) else (self,)

    def text(self) -> str:
        """A scalar as the table's word: true and false are yes and no. Raises RuleError for lists and mappings."""
        if isinstance(self.value, Mapping | tuple) or self.value is None:
            raise self.wrong("Aquí va un solo valor.")
        if isinstance(self.value, bool):
            return "yes" if self.value else "no"
        return str(self.value)


def read(path: Path) -> Marked:
    """A file with its lines. Raises RuleError when it is no YAML, repeats a name, or is empty."""
    loader = _Loader(path.read_text(encoding="utf-8"))
    try:
        node = loader.get_single_node()
        if node is None:
            raise RuleError("El archivo está vacío.", f"{path.name}:1")
        return _mark(loader, node, path.name)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RuleError(f"No es YAML válido: {error.problem}.", f"{path.name}:{line}") from error
    finally:
        loader.dispose()


def _mark(loader: _Loader, node: yaml.Node, file: str) -> Marked:
    where = f"{file}:{node.start_mark.line + 1}"
    if isinstance(node, yaml.MappingNode):
        entries: dict[str, Marked] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in entries:
                raise RuleError(f"{name} está repetido.", f"{file}:{key.start_mark.line + 1}")
            entries[name] = _mark(loader, value, file)
        return Marked(where, MappingProxyType(entries))
    if isinstance(node, yaml.SequenceNode):
        return Marked(where, tuple(_mark(loader, one, file) for one in node.value))
    try:
        return Marked(where, loader.construct_object(node))
    except ValueError as error:
        raise RuleError(f"{node.value} no es una fecha ni un número que exista.", where) from error
