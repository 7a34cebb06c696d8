"""RFC 8785: the one text of a value."""

import math

import pytest

from services.acceptance.domain.canonical import canonical


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (86400.0, "86400"),
        (0.5, "0.5"),
        (-1.25, "-1.25"),
        (333333333.33333329, "333333333.3333333"),  # the numbers of RFC 8785, 3.2.2
        (1e30, "1e+30"),
        (4.50, "4.5"),
        (2e-3, "0.002"),
        (1e-27, "1e-27"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (9007199254740992.0, "9007199254740992"),
        (295147905179352830000.0, "295147905179352830000"),
        (1e21, "1e+21"),
        (1e-6, "0.000001"),
        (1e-7, "1e-7"),
        (5e-05, "0.00005"),
    ],
)
def test_a_number_is_written_as_ecmascript_does(value: float, text: str) -> None:
    assert canonical(value) == text.encode()


def test_keys_stand_in_the_order_of_utf_16_without_spaces() -> None:
    told = {"€": 1, "\r": 2, "\ufb33": 3, "1": 4, "😀": 5, "\x80": 6, "ö": 7}  # the keys of RFC 8785, 3.2.3
    assert canonical(told).decode() == '{"\\r":2,"1":4,"\x80":6,"ö":7,"€":1,"😀":5,"\ufb33":3}'


def test_texts_are_escaped_only_where_json_must() -> None:
    assert canonical(["Acta ñ", '"\\', "\x0f\n", True, None]) == '["Acta ñ","\\"\\\\","\\u000f\\n",true,null]'.encode()


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_json_cannot_say_is_an_error(value: float) -> None:
    with pytest.raises(ValueError, match="Out of range"):
        canonical(value)
