"""The one JSON text of a value, as RFC 8785 (JCS) has it: what is hashed is the same wherever it is written."""

import json
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, Final

WHOLE: Final = 21
SMALL: Final = -6
"""ECMAScript writes numbers from 1e-6 up to 1e21 without an exponent."""


def canonical(value: Any) -> bytes:
    """UTF-8, keys in UTF-16 order, no spaces, numbers as ECMAScript writes them. Raises ValueError for NaN and infinity."""
    return _text(value).encode()


def _text(value: Any) -> str:
    match value:
        case dict():
            keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
            return "{" + ",".join(f"{_text(key)}:{_text(value[key])}" for key in keys) + "}"
        case list() | tuple():
            return "[" + ",".join(map(_text, value)) + "]"
        case str():
            return encode_basestring(value)
        case float():
            return _number(value)
        case _:
            return json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    if value == 0:
        return "0"
    sign, digits, exponent = Decimal(json.dumps(value, allow_nan=False)).normalize().as_tuple()
    text, point = "".join(map(str, digits)), len(digits) + int(exponent)
    if not SMALL < point <= WHOLE:
        rest = f".{text[1:]}" if len(text) > 1 else ""
        text = f"{text[0]}{rest}e{point - 1:+d}"
    elif point <= 0:
        text = "0." + "0" * -point + text
    elif point < len(text):
        text = f"{text[:point]}.{text[point:]}"
    else:
        text = text.ljust(point, "0")
    return f"-{text}" if sign else text
