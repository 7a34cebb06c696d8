"""Whether one schema of a message may follow another: every break by path and kind, for whoever writes or reads it.

A fact is read by partners that validate with the older schema, and by our own code from history: it may get more optional
fields and nothing else. A command is written by partners: it may be loosened, never narrowed. Any keyword this page does not
know counts as both, so that what cannot be judged never passes as compatible.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Schema = Mapping[str, Any]
Role = Literal["fact", "command"]
"""`fact`: we write it. `command`: partners write it."""

NARROWER, WIDER = "NARROWER", "WIDER"
"""The newer schema accepts less than the older one, or allows more."""
BREAKS: Final[Mapping[Role, frozenset[str]]] = {"fact": frozenset({NARROWER, WIDER}), "command": frozenset({NARROWER})}

ANNOTATIONS: Final = frozenset({"$schema", "$id", "$defs", "title", "description", "examples", "deprecated", "default"})
WALKED: Final = frozenset({"$ref", "anyOf", "oneOf", "type", "properties", "required", "additionalProperties", "items"})
LEAST: Final = frozenset({"minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties"})
MOST: Final = frozenset({"maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties"})


@dataclass(frozen=True, slots=True)
class Change:
    """One difference that matters: where, a stable kind, the Spanish sentence, and whether it narrows or widens."""

    path: str
    kind: str
    why: str
    effect: str


@dataclass(frozen=True, slots=True)
class Pair:
    """The same place in the older and the newer schema, with the documents that their references lead into."""

    path: str
    old: Schema
    new: Schema
    roots: tuple[Schema, Schema]
    seen: frozenset[tuple[Any, Any]] = field(default=frozenset())

    def at(self, step: str, old: Schema, new: Schema) -> "Pair":
        """A place below this one."""
        return Pair(f"{self.path}{step}", old, new, self.roots, self.seen)

    def change(self, kind: str, why: str, *effects: str) -> Iterator[Change]:
        """A difference here, once for each effect."""
        return (Change(self.path, kind, why, effect) for effect in effects)


def breaks(old: Schema, new: Schema, role: Role) -> list[Change]:
    """What in `new` breaks those who rely on `old`, each place and kind once; empty when `new` may follow it."""
    found = {(one.path, one.kind, one.why): one for one in compare(Pair("$", old, new, (old, new))) if one.effect in BREAKS[role]}
    return list(found.values())


def compare(pair: Pair) -> Iterator[Change]:
    """Every difference of two schemas, alternative by alternative."""
    reference = (pair.old.get("$ref"), pair.new.get("$ref"))
    if any(reference):
        if reference in pair.seen:
            return
        pair = Pair(pair.path, pair.old, pair.new, pair.roots, pair.seen | {reference})
    yield from _defaults(pair)
    before, after = alternatives(pair.old, pair.roots[0]), alternatives(pair.new, pair.roots[1])
    for old, new in _matched(before, after):
        if old is None:
            yield from pair.change("TYPE_ADDED", f"admite además {_named(new)}", WIDER)
        elif new is None:
            yield from pair.change("TYPE_REMOVED", f"ya no admite {_named(old)}", NARROWER)
        else:
            yield from _one(pair.at("", old, new))


def alternatives(schema: Schema, root: Schema) -> list[Schema]:
    """The schema as a list of plain ones: references followed, unions and lists of types taken apart."""
    if "$ref" in schema:
        target: Any = root
        for step in str(schema["$ref"]).removeprefix("#/").split("/"):
            target = target[step]
        return alternatives(target, root)
    for union in ("anyOf", "oneOf"):
        if union in schema:
            rest = {name: value for name, value in schema.items() if name not in {union, *ANNOTATIONS}}
            return [{**one, **rest} for branch in schema[union] for one in alternatives(branch, root)]
    kinds = schema.get("type")
    return [{**schema, "type": kind} for kind in kinds] if isinstance(kinds, list) else [schema]


def _matched(before: list[Schema], after: list[Schema]) -> Iterator[tuple[Any, Any]]:
    """Alternatives that stand for each other: of the same name, else of the same type in order; the rest alone."""
    left = list(after)
    unmatched = []
    for old in before:
        same = [one for one in left if _kind(one) == _kind(old)]
        named = [one for one in same if one.get("title") == old.get("title")]
        if same:
            new = (named or same)[0]
            left = [one for one in left if one is not new]
            yield old, new
        else:
            unmatched.append(old)
    yield from ((old, None) for old in unmatched)
    yield from ((None, new) for new in left)


def _kind(schema: Schema) -> Any:
    return schema.get("type") or ("closed list" if "enum" in schema or "const" in schema else None)


def _named(schema: Schema) -> str:
    return str(schema.get("title") or schema.get("type") or "otro valor")


def _defaults(pair: Pair) -> Iterator[Change]:
    """A message without the field would mean something else."""
    if "default" in pair.old and "default" in pair.new and pair.old["default"] != pair.new["default"]:
        yield from pair.change("DEFAULT_CHANGED", "cambió el valor que rige cuando falta", NARROWER, WIDER)


def _one(pair: Pair) -> Iterator[Change]:
    yield from _listed(pair)
    yield from _bounds(pair)
    yield from _fields(pair)
    yield from _below(pair)


def _listed(pair: Pair) -> Iterator[Change]:
    """Closed lists of values."""
    before, after = _values(pair.old), _values(pair.new)
    if before is None and after is None:
        return
    if before is None or after is None:
        closed = before is None
        why = "ahora sólo admite una lista cerrada" if closed else "dejó de ser una lista cerrada"
        yield from pair.change("ENUM_CLOSED" if closed else "ENUM_OPENED", why, NARROWER if closed else WIDER)
        return
    for value in [one for one in before if one not in after]:
        yield from pair.change("ENUM_VALUE_REMOVED", f"ya no admite el valor {value!r}", NARROWER)
    for value in [one for one in after if one not in before]:
        yield from pair.change("ENUM_VALUE_ADDED", f"admite el valor nuevo {value!r}", WIDER)


def _values(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _bounds(pair: Pair) -> Iterator[Change]:
    """Limits and patterns, and every keyword that only equality can judge."""
    names = {*pair.old, *pair.new} - ANNOTATIONS - WALKED - {"enum", "const"}
    for name in sorted(names):
        old, new = pair.old.get(name), pair.new.get(name)
        if old == new:
            continue
        if old is None:
            effects = [NARROWER]
        elif new is None:
            effects = [WIDER]
        elif name in LEAST | MOST:
            effects = [NARROWER if (new > old) == (name in LEAST) else WIDER]
        else:
            effects = [NARROWER, WIDER]
        yield from pair.change("CONSTRAINT_CHANGED", f"{name} pasó de {_shown(old)} a {_shown(new)}", *effects)


def _shown(value: Any) -> str:
    return "nada" if value is None else repr(value)


def _fields(pair: Pair) -> Iterator[Change]:
    """Fields that went, came, became required or stopped being so."""
    before, after = pair.old.get("properties", {}), pair.new.get("properties", {})
    needed, now_needed = set(pair.old.get("required", ())), set(pair.new.get("required", ()))
    for name in before:
        here = pair.at(f".{name}", before[name], after.get(name, {}))
        if name not in after:
            yield from here.change("FIELD_REMOVED", "el campo ya no existe", NARROWER, WIDER)
            continue
        if name in now_needed - needed:
            yield from here.change("REQUIRED_ADDED", "el campo pasó a ser obligatorio", NARROWER)
        if name in needed - now_needed:
            yield from here.change("REQUIRED_REMOVED", "el campo dejó de ser obligatorio", WIDER)
        yield from compare(here)
    for name in [one for one in after if one not in before and one in now_needed]:
        yield from pair.at(f".{name}", {}, {}).change("REQUIRED_ADDED", "campo nuevo y obligatorio", NARROWER)


def _below(pair: Pair) -> Iterator[Change]:
    """The entries of lists and dictionaries; absent or `true` means anything."""
    for name, step in (("items", "[]"), ("additionalProperties", ".*")):
        old, new = pair.old.get(name, True), pair.new.get(name, True)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from compare(pair.at(step, old, new))
        elif old != new:
            here = pair.at(step, {}, {})
            yield from here.change("CONTENT_CHANGED", "cambió lo que puede contener", NARROWER, WIDER)
