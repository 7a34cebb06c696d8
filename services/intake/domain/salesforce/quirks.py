"""The forms in which Salesforce and its connectors write ids, money, dates and booleans (`partners.md` 1.4). Never guessed."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

LA_PAZ: Final = ZoneInfo("America/La_Paz")
SUFFIXES: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
SHORT, LONG, GROUP = 15, 18, 5
CENTS: Final = Decimal("0.01")
UNIT_PLACES: Final = 4
MOST_PLACES: Final = 10
LARGEST_AMOUNT: Final = 10**12
LARGEST_COUNT: Final = 10**6
LAST_DAY: Final = 200_000
FIRST_EPOCH_MS: Final = 10**11
DECIMAL_TEXT: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,10})?", re.ASCII)
WRITTEN_DAY: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ].*)?", re.ASCII | re.DOTALL)


class QuirkError(ValueError):
    """A value in a form that no rule explains; the reason names the kind of value."""


def identifier(raw: Any) -> str:
    """The id in its 18 characters: a 15 gets its suffix, a case-folded 18 is repaired from it."""
    if not isinstance(raw, str) or not raw.isascii() or not raw.isalnum() or len(raw) not in {SHORT, LONG}:
        raise QuirkError("record_id_invalid")
    if len(raw) == SHORT:
        return raw + suffix(raw)
    short, given = raw[:SHORT], raw[SHORT:]
    if suffix(short) == given:
        return raw
    if raw in {raw.upper(), raw.lower()}:
        return _recased(short.lower(), given.upper())
    raise QuirkError("record_id_invalid")


def is_identifier(raw: str) -> bool:
    """Whether it can be read as an id."""
    try:
        return bool(identifier(raw))
    except QuirkError:
        return False


def suffix(short: str) -> str:
    """Three characters that say which of the fifteen are upper case."""
    groups = (short[at : at + GROUP] for at in range(0, SHORT, GROUP))
    return "".join(SUFFIXES[sum(1 << k for k, one in enumerate(group) if "A" <= one <= "Z")] for group in groups)


def _recased(short: str, given: str) -> str:
    bits = [SUFFIXES.find(one) for one in given]
    if min(bits) < 0:
        raise QuirkError("record_id_invalid")
    cased = "".join(one.upper() if bits[at // GROUP] >> at % GROUP & 1 else one for at, one in enumerate(short))
    if suffix(cased) != given:  # the suffix marks a digit as upper case: it belongs to another id
        raise QuirkError("record_id_invalid")
    return cased + given


def decimal(raw: Any) -> Decimal:
    """An exact decimal from number or plain text; a thousands point, a comma or an exponent is refused."""
    if isinstance(raw, str) and DECIMAL_TEXT.fullmatch(raw.strip()):
        return Decimal(raw.strip())
    if isinstance(raw, int) and not isinstance(raw, bool) and abs(raw) < LARGEST_AMOUNT:
        return Decimal(raw)
    if isinstance(raw, Decimal) and raw.is_finite() and -MOST_PLACES <= _exponent(raw) <= 0:
        return raw
    raise QuirkError("amount_invalid")


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 1


def unit_price(raw: Any) -> Decimal:
    """A price per unit: up to four places, two at least."""
    value = _bounded(decimal(raw)).normalize()
    if -_exponent(value) > UNIT_PLACES:
        raise QuirkError("amount_invalid")
    return value if -_exponent(value) > 2 else value.quantize(CENTS)  # noqa: PLR2004 - cents


def amount(raw: Any) -> Decimal:
    """A line or total amount, rounded half up to cents."""
    return cents(_bounded(decimal(raw)))


def _bounded(value: Decimal) -> Decimal:
    if abs(value) >= LARGEST_AMOUNT:
        raise QuirkError("amount_invalid")
    return value


def cents(value: Decimal) -> Decimal:
    """Rounded half up to two places."""
    return value.quantize(CENTS, ROUND_HALF_UP)


def count(raw: Any) -> int:
    """A whole number: 2, 2.0 or "2"; 2.5 sites are refused."""
    value = decimal(raw)
    if abs(value) > LARGEST_COUNT or value != value.to_integral_value():
        raise QuirkError("amount_invalid")
    return int(value)


def day(raw: Any) -> date:
    """A local day: days since 1970, epoch milliseconds seen in La Paz, or the date as written."""
    try:
        if isinstance(raw, str):
            written = WRITTEN_DAY.fullmatch(raw.strip())
            return date.fromisoformat(written[1]) if written else _no_date()
        number = count_of_time(raw)
        if number <= LAST_DAY:
            return date(1970, 1, 1) + timedelta(days=number)
        return from_epoch_ms(number).astimezone(LA_PAZ).date()
    except (ValueError, OverflowError) as error:
        raise QuirkError("date_invalid") from error


def instant(raw: Any) -> datetime:
    """A moment in UTC: epoch milliseconds, or ISO text with an offset; without one it is refused."""
    try:
        if not isinstance(raw, str):
            return from_epoch_ms(count_of_time(raw))
        moment = datetime.fromisoformat(raw.strip())
        return moment.astimezone(UTC) if moment.tzinfo else _no_date()
    except (ValueError, OverflowError) as error:
        raise QuirkError("date_invalid") from error


def from_epoch_ms(number: int) -> datetime:
    """The moment of these milliseconds; what lies between days and milliseconds is neither."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=number) if number >= FIRST_EPOCH_MS else _no_date()


def count_of_time(raw: Any) -> int:
    """A whole, not negative number of days or milliseconds."""
    value = decimal(raw) if not isinstance(raw, int) or isinstance(raw, bool) else Decimal(raw)
    if value < 0 or value.adjusted() > 15 or value != value.to_integral_value():  # noqa: PLR2004 - digits
        raise QuirkError("date_invalid")
    return int(value)


def _no_date() -> Any:
    raise QuirkError("date_invalid")


FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}


def flag(raw: Any) -> bool:
    """Yes or no in the usual six spellings: true, "true", 1, and their opposites."""
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, int) and raw in {0, 1}:
        return bool(raw)
    if isinstance(raw, str) and raw.casefold() in FLAGS:
        return FLAGS[raw.casefold()]
    raise QuirkError("field_type")
