"""An outside message as a person may see it: its structure, and of its values only those that cannot name anybody."""

import re
from typing import Any, Final

import orjson

HARMLESS: Final = re.compile(
    r"[0-9a][0-9A-Za-z]{4}0[0-9A-Za-z]{9}(?:[A-Z0-5]{3})?"  # an id of Salesforce
    r"|\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-][\d:]+)?)?"  # a day or a moment
)
FIELD: Final = re.compile(r"[A-Za-z_]\w{0,79}")
DEPTH: Final = 32


def masked(value: bytes | None) -> Any:
    """The message with every text and number replaced by its kind and length; what is no JSON is told by its length alone.

    Which fields hold a contact depends on the organisation that sent them, and a letter is often dead because its fields
    are not the expected ones: so nothing is shown for its field's name.
    """
    if value is None:
        return None
    try:
        return _masked(orjson.loads(value), DEPTH)
    except orjson.JSONDecodeError:
        return f"<no es JSON, {len(value)} bytes>"


def _masked(value: Any, depth: int) -> Any:
    if depth == 0:
        return "<demasiado profundo>"
    if isinstance(value, dict):
        return {
            name if FIELD.fullmatch(name) else f"<clave, {len(name)}>": _masked(one, depth - 1) for name, one in value.items()
        }
    if isinstance(value, list):
        return [_masked(one, depth - 1) for one in value]
    if isinstance(value, str):
        return _text(value, depth)
    return value if value is None or isinstance(value, bool) else "<número>"


def _text(value: str, depth: int) -> Any:
    """A text that is JSON itself, as platform events carry it, is opened too."""
    if HARMLESS.fullmatch(value):
        return value
    if value.lstrip().startswith(("{", "[")):
        try:
            return _masked(orjson.loads(value), depth - 1)
        except orjson.JSONDecodeError:
            pass
    return f"<texto, {len(value)}>"
