"""A JSON Schema as a person reads it: one row for each field, nested ones under their path, and an example that satisfies it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

Schema = Mapping[str, Any]
KINDS: Final = {
    "string": "texto",
    "integer": "entero",
    "number": "número",
    "boolean": "sí o no",
    "object": "objeto",
    "array": "lista",
    "null": "nulo",
}
FORMATS: Final = {"date-time": "instante (RFC 3339)", "date": "fecha"}
PATTERNS: Final = {"^[A-Za-z0-9]{18}$": "id de Salesforce (18)", "^[0-9a-f]{64}$": "SHA-256"}
EXAMPLES: Final = {
    "^[A-Za-z0-9]{18}$": "8015g00000AbC02AAF",
    "^[0-9a-f]{64}$": "17d2" * 16,
    "date-time": "2026-12-01T12:00:00Z",
    "date": "2026-12-01",
}
DEEPEST: Final = 6


class Field(NamedTuple):
    """One field: its path (`suborders[].items[].quantity`), its kind in Spanish, whether it is always there, its meaning."""

    path: str
    kind: str
    required: bool
    description: str


def resolved(schema: Schema, root: Schema) -> Schema:
    """The schema itself: references followed, and of an optional one what it is when it is there."""
    while True:
        if "$ref" in schema:
            extra = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**root["$defs"][schema["$ref"].rpartition("/")[2]], **extra}
        elif len(choices := [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]) == 1:
            extra = {key: value for key, value in schema.items() if key != "anyOf"}
            schema = {**choices[0], **extra}
        else:
            return schema


def kind_of(schema: Schema, root: Schema) -> str:
    """What values it takes, in a few Spanish words."""
    schema = resolved(schema, root)
    if "anyOf" in schema:
        return " o ".join(dict.fromkeys(kind_of(one, root) for one in schema["anyOf"] if one.get("type") != "null"))
    if "const" in schema:
        return f"«{schema['const']}»"
    if "enum" in schema:
        return "uno de: " + ", ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"lista de {kind_of(schema.get('items', {}), root)}"
    known = FORMATS.get(schema.get("format", "")) or PATTERNS.get(schema.get("pattern", ""))
    return known or KINDS.get(schema.get("type", ""), "cualquier valor")


def fields(schema: Schema) -> Iterator[Field]:
    """Every field in the order of the schema, a nested one after what holds it."""
    yield from _fields(schema, schema, "", 0)


def _fields(schema: Schema, root: Schema, before: str, depth: int) -> Iterator[Field]:
    required = set(schema.get("required", ()))
    for name, given in schema.get("properties", {}).items():
        found, path = resolved(given, root), f"{before}{name}"
        yield Field(path, kind_of(found, root), name in required, found.get("description", ""))
        if depth < DEEPEST:
            for inner, at in _inside(found, root, path):
                yield from _fields(inner, root, f"{at}.", depth + 1)


def _inside(schema: Schema, root: Schema, path: str) -> Iterator[tuple[Schema, str]]:
    """The objects in a field: itself, its choices, or the elements of a list."""
    if schema.get("type") == "array":
        yield from _inside(resolved(schema.get("items", {}), root), root, f"{path}[]")
    elif "properties" in schema:
        yield schema, path
    else:
        for one in schema.get("anyOf", ()):
            yield from _inside(resolved(one, root), root, path)


def example(schema: Schema) -> Any:
    """A value that satisfies the schema, with every field; always the same."""
    return _example(schema, schema, "")


def _example(given: Schema, root: Schema, name: str) -> Any:
    schema = resolved(given, root)
    if "anyOf" in schema:
        return _example(schema["anyOf"][0], root, name)
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    match schema.get("type"):
        case "object":
            return {key: _example(one, root, key) for key, one in schema.get("properties", {}).items()}
        case "array":
            return [_example(schema.get("items", {}), root, name)]
        case "integer" | "number":
            return 1
        case "boolean":
            return True
        case "null":
            return None
        case "string":
            return EXAMPLES.get(schema.get("format", "")) or EXAMPLES.get(schema.get("pattern", "")) or f"({name})"
        case _:
            return {}
