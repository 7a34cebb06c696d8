"""Ids, money, dates and booleans in every form a connector writes them (`partners.md` 1.4)."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.salesforce import quirks
from services.intake.domain.salesforce.quirks import QuirkError

SHORT_IDS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", min_size=15, max_size=15)


def test_the_worked_example_of_the_suffix() -> None:
    assert quirks.identifier("8015g00000AbC01") == "8015g00000AbC01AAF"


@given(SHORT_IDS)
def test_fifteen_and_eighteen_characters_are_the_same_id(short: str) -> None:
    whole = quirks.identifier(short)
    assert whole == quirks.identifier(whole)
    assert whole[:15] == short


@given(SHORT_IDS)
def test_a_spreadsheet_that_changed_the_case_is_repaired_from_the_suffix(short: str) -> None:
    whole = quirks.identifier(short)
    assert quirks.identifier(whole.upper()) == whole
    assert quirks.identifier(whole.lower()) == whole


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "8015g00000AbC0",
        "8015g00000AbC01AAX",  # a suffix of another id, in mixed case
        "8015G00000ABC01BAF",  # the suffix says that a digit is upper case
        "8015G00000ABC01A9F",  # no suffix has a nine
        "8015g00000AbC0ñ",
        "8015g00000AbC0\u0661",  # a digit, but not an ASCII one
        8015,
        None,
        True,
    ],
)
def test_what_is_no_id_is_refused(raw: Any) -> None:
    with pytest.raises(QuirkError):
        quirks.identifier(raw)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("5200.0", "5200.00"),
        ("5200.00", "5200.00"),
        (5200, "5200.00"),
        (Decimal("5200.5"), "5200.50"),
        ("0.0125", "0.0125"),
        ("1.50000", "1.50"),
    ],
)
def test_a_unit_price_is_exact(raw: Any, value: str) -> None:
    assert str(quirks.unit_price(raw)) == value


@pytest.mark.parametrize(("raw", "value"), [("10.005", "10.01"), ("10.004", "10.00"), ("-10.005", "-10.01")])
def test_amounts_are_rounded_half_up(raw: str, value: str) -> None:
    assert str(quirks.amount(raw)) == value


@pytest.mark.parametrize(
    "raw", ["5.200,00", "5200,00", "5e3", Decimal("5E+3"), "", "Bs 5", True, None, [], "9" * 13, "1.00001", 10**12]
)
def test_an_amount_in_another_form_is_never_guessed(raw: Any) -> None:
    with pytest.raises(QuirkError):
        quirks.unit_price(raw)


@pytest.mark.parametrize(("raw", "value"), [(2, 2), (Decimal("2.0"), 2), ("2", 2), ("2.0", 2)])
def test_whole_numbers(raw: Any, value: int) -> None:
    assert quirks.count(raw) == value


@pytest.mark.parametrize("raw", [Decimal("2.5"), "2.5", Decimal("1E+99999"), True, "dos", 10**9])
def test_half_a_site_is_refused(raw: Any) -> None:
    with pytest.raises(QuirkError):
        quirks.count(raw)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (20788, date(2026, 12, 1)),
        (Decimal("20788.0"), date(2026, 12, 1)),
        ("2026-12-01", date(2026, 12, 1)),
        ("2026-12-01T02:00:00.000Z", date(2026, 12, 1)),  # its written date
        (1795529001000, date(2026, 11, 24)),
        (1796083200000, date(2026, 11, 30)),  # midnight UTC is still the day before in La Paz
    ],
)
def test_days(raw: Any, value: date) -> None:
    assert quirks.day(raw) == value


@pytest.mark.parametrize("raw", [200_001, 10**11 - 1, -1, 10**30, "01/12/2026", "2026-13-01", "20788", True, None, {}])
def test_a_day_in_another_form_is_refused(raw: Any) -> None:
    with pytest.raises(QuirkError):
        quirks.day(raw)


@pytest.mark.parametrize(
    "raw",
    [1795529001000, "2026-11-24T14:03:21Z", "2026-11-24T14:03:21.000Z", "2026-11-24T14:03:21+0000", "2026-11-24T10:03:21-04:00"],
)
def test_instants_are_utc(raw: Any) -> None:
    assert quirks.instant(raw) == datetime(2026, 11, 24, 14, 3, 21, tzinfo=UTC)


@pytest.mark.parametrize("raw", ["2026-11-24T14:03:21", "ayer", 5, "0001-01-01T00:00:00+14:00", 10**18, None])
def test_an_instant_without_offset_is_refused(raw: Any) -> None:
    with pytest.raises(QuirkError):
        quirks.instant(raw)


@pytest.mark.parametrize(
    ("raw", "value"), [(True, True), ("true", True), (1, True), (False, False), ("False", False), (0, False)]
)
def test_booleans(raw: Any, value: bool) -> None:
    assert quirks.flag(raw) is value


@pytest.mark.parametrize("raw", ["sí", 2, "yes", None, [], Decimal(1)])
def test_nothing_else_is_a_boolean(raw: Any) -> None:
    with pytest.raises(QuirkError):
        quirks.flag(raw)
