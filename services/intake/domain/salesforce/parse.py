"""From bytes to JSON, strictly: UTF-8, exact decimals, limited depth, nothing that Postgres could not store."""

import json
from decimal import Decimal
from typing import Any, Final, NoReturn

from services.intake.domain.salesforce.results import UnreadableError

DEEPEST: Final = 64
LARGEST_BYTES: Final = 8 << 20
FRAME: Final = 5
JAVA_TEXT: Final = ("Struct{", "{Id=")


def unframe(value: bytes) -> tuple[bytes, bool]:
    """The value without the five bytes of a schema registry, and whether there were any."""
    framed = value[0] == 0 and len(value) > FRAME
    return (value[FRAME:], True) if framed else (value, False)


def parse(value: bytes) -> Any:
    """The JSON value of a record. Raises UnreadableError with the reason why not."""
    if len(value) > LARGEST_BYTES:
        raise UnreadableError("too_large", "$", "El mensaje supera los 8 MiB; envíe la orden en partes.")
    data, framed = unframe(value)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        reason = "avro_or_protobuf" if framed else "not_utf8"
        raise UnreadableError(reason, "$", "Use el convertidor JSON con texto en UTF-8.") from error
    try:
        return parse_text(text)
    except UnreadableError as error:
        if framed and error.answer.reason == "not_json":
            hint = "El mensaje está en Avro o Protobuf; use el convertidor JSON."
            raise UnreadableError("avro_or_protobuf", "$", hint) from error
        raise


def parse_text(text: str) -> Any:
    """JSON, also where it stands as text inside a JSON text, twice at most."""
    value = loads(text)
    for _ in range(2):
        if not isinstance(value, str):
            break
        value = loads(value)
    return value


def loads(text: str) -> Any:
    """One parse: `NaN` and `Infinity` are refused, decimals are exact, the depth is limited."""
    if text.lstrip().startswith(JAVA_TEXT):
        raise UnreadableError("java_text", "$", "El conector usa un convertidor de texto; configure JsonConverter.")
    try:
        value = json.loads(text, parse_float=Decimal, parse_constant=_refuse)
    except RecursionError as error:
        raise UnreadableError("too_deep", "$", f"El JSON supera los {DEEPEST} niveles.") from error
    except ValueError as error:
        # Bad syntax, NaN, or a number of thousands of digits; the parser's own text may quote the input, so it stays here.
        position = error.pos if isinstance(error, json.JSONDecodeError) else 0
        raise UnreadableError("not_json", "$", f"No es JSON válido cerca del carácter {position}.") from error
    check(value)
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def check(value: Any) -> None:
    """Refuses what is too deep and text that has no UTF-8 form; no recursion, since depth is what it measures."""
    level = [value]
    for _ in range(DEEPEST + 1):
        below: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                below.extend(one.values())
                below.extend(one.keys())
            elif isinstance(one, list):
                below.extend(one)
            elif isinstance(one, str) and not _storable(one):
                raise UnreadableError("not_utf8", "$", "El texto contiene un carácter que no existe en UTF-8.")
        if not below:
            return
        level = below
    raise UnreadableError("too_deep", "$", f"El JSON supera los {DEEPEST} niveles.")


def _storable(text: str) -> bool:
    return not any("\ud800" <= one <= "\udfff" for one in text) if not text.isascii() else True


def stops_short(text: str) -> bool:
    """Whether the JSON breaks off at its end: a field that was cut, not one that was never JSON."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        opened = text.lstrip()[:1] in {"{", "["}
        return opened and (error.pos >= len(text.rstrip()) - 1 or error.msg.startswith("Unterminated string"))
    except (ValueError, RecursionError):
        return False
    return False
