"""Deciding, explaining and finding gaps, beside a plain oracle."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.rules.cells import Numbers, Range, parse_range, points, shared
from shared.rules.load import load, load_dir
from shared.rules.tables import RuleError, Table, Tables

TEXT = """table: DESCUENTOS
question: ¿Qué descuento recibe el cliente?
inputs: {segment: [NEGOCIO, CORPORACIONES], old: flag, amount: number}
outputs: {percent: number, steps: list, told: flag}
versions:
  - valid_from: 2026-12-01
    rows:
      - {row: D-01, when: {segment: NEGOCIO}, then: {percent: 9, steps: [], told: no}}
  - valid_from: 2026-09-01
    rows:
      - {row: D-01, when: {segment: NEGOCIO, old: yes}, then: {percent: 2.50, steps: [A, B], told: true}}
      - {row: D-02, when: {segment: NEGOCIO, old: no, amount: '> 100.00 <= 200.00'}, then: {percent: 5, steps: C, told: yes}}
"""
DAY = date(2026, 11, 30)


@pytest.fixture(name="table")
def discounts(tmp_path: Path) -> Table:
    path = tmp_path / "descuentos.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return load(path)


@pytest.mark.parametrize(
    ("day", "version"),
    [("2026-09-01", "2026-09-01"), ("2026-11-30", "2026-09-01"), ("2026-12-01", "2026-12-01"), ("2030-01-01", "2026-12-01")],
)
def test_the_newest_version_that_is_in_force_decides(table: Table, day: str, version: str) -> None:
    row = table.decide(date.fromisoformat(day), segment="NEGOCIO", old=True, amount=1)
    assert row is not None
    assert row.version == version
    assert Tables({"DESCUENTOS": table}).version("DESCUENTOS", date.fromisoformat(day)) == version


def test_before_its_first_version_a_table_decides_nothing_and_says_so(table: Table) -> None:
    with pytest.raises(RuleError, match="DESCUENTOS no tiene versión vigente el 31/08/2026"):
        table.decide(date(2026, 8, 31), segment="NEGOCIO", old=True, amount=1)


def test_outputs_are_read_by_their_type(table: Table) -> None:
    first, second = table.row(DAY, "D-01"), table.row(DAY, "D-02")
    assert first is not None
    assert second is not None
    assert (first.number("percent"), first.texts("steps"), first.flag("told")) == (Decimal("2.50"), ("A", "B"), True)
    assert (second.text("percent"), second.texts("steps"), second.flag("told")) == ("5", ("C",), True)
    assert table.row(DAY, "D-99") is None


@pytest.mark.parametrize(
    "given_values",
    [
        {"segment": "GOBIERNO", "old": True, "amount": 1},  # a word the table does not know
        {"segment": None, "old": True, "amount": 1},
        {"segment": "NEGOCIO", "old": None, "amount": 1},
        {"segment": "NEGOCIO", "old": False, "amount": "mucho"},
        {"segment": "NEGOCIO", "old": True, "amount": None},  # unknown, although the row asks for no amount
    ],
)
def test_what_is_not_known_is_a_gap_and_never_a_default(
    table: Table, given_values: Mapping[str, str | bool | int | None]
) -> None:
    assert table.decide(DAY, **given_values) is None


def test_a_caller_who_forgets_or_invents_an_input_is_told(table: Table) -> None:
    with pytest.raises(RuleError, match="pide también amount, old"):
        table.decide(DAY, segment="NEGOCIO")
    with pytest.raises(RuleError, match="no tiene la entrada color"):
        table.decide(DAY, segment="NEGOCIO", old=True, amount=1, color="azul")


def test_the_explanation_says_of_each_row_why_it_decides_or_not(table: Table) -> None:
    told = table.explain(DAY, segment="NEGOCIO", old=False, amount=Decimal("200.01"))
    assert [(one.row, one.because) for one in told.verdicts] == [
        ("D-01", "old es no; la fila pide yes"),
        ("D-02", "amount es 200.01; la fila pide > 100.00 <= 200.00"),
    ]
    assert told.rows == ()
    told = table.explain(DAY, segment="NEGOCIO", old=False, amount=200)
    assert [(row.row, row.version) for row in told.rows] == [("D-02", "2026-09-01")]
    assert [one.decides for one in told.verdicts] == [False, True]


def test_gaps_are_listed_for_every_value_and_every_stretch_of_a_number(table: Table) -> None:
    gaps = table.gaps(DAY)
    assert {gap["segment"] for gap in gaps if gap["old"] == "yes"} == {"CORPORACIONES"}
    mine = {gap["amount"] for gap in gaps if (gap["segment"], gap["old"]) == ("NEGOCIO", "no")}
    assert mine == {Decimal(99), Decimal(100), Decimal(201)}  # below, at the open end, above


def test_a_row_and_its_outputs_cannot_be_changed(table: Table) -> None:
    row = table.row(DAY, "D-01")
    assert row is not None
    with pytest.raises(TypeError):
        row.then["percent"] = 100  # type: ignore[index]


def test_files_that_are_no_tables_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("valid_from: 2026-09-01\nx: 1\n", encoding="utf-8")
    assert dict(load_dir([tmp_path])) == {}


ENDS = st.one_of(st.none(), st.integers(-3, 3))


@st.composite
def ranges(draw: st.DrawFn) -> str:
    low, high = draw(ENDS), draw(ENDS)
    terms = [f"{draw(st.sampled_from(['>', '>=']))} {low}"] if low is not None else []
    terms += [f"{draw(st.sampled_from(['<', '<=']))} {high}"] if high is not None else []
    return " ".join(terms) or str(draw(st.integers(-3, 3)))


EVERY = [Decimal(quarter) / 4 for quarter in range(-20, 21)]
"""Every whole number and enough between two of them to find any number a range can hold."""


def by_hand(text: str, number: Decimal) -> bool:
    terms = text.split()
    if len(terms) == 1:
        return number == Decimal(text)
    checks = {"<": number.__lt__, "<=": number.__le__, ">": number.__gt__, ">=": number.__ge__}
    return all(checks[sign](Decimal(end)) for sign, end in zip(terms[::2], terms[1::2], strict=True))


@settings(max_examples=50)
@given(ranges())
def test_a_range_holds_exactly_the_numbers_it_says(text: str) -> None:
    held = [number for number in EVERY if by_hand(text, number)]
    found = parse_range(text)
    assert [number for number in EVERY if found and found.holds(number)] == held


@settings(max_examples=50)
@given(ranges(), ranges())
def test_two_ranges_overlap_exactly_when_a_number_is_in_both(one: str, other: str) -> None:
    first, second = parse_range(one), parse_range(other)
    both = any(by_hand(one, number) and by_hand(other, number) for number in EVERY)
    if first and second:
        witness = shared(Numbers(one, (first,)), Numbers(other, (second,)))
        assert (witness is not None) == both
        assert witness is None or (by_hand(one, Decimal(witness)) and by_hand(other, Decimal(witness)))


@settings(max_examples=50)
@given(st.lists(ranges(), min_size=1, max_size=4))
def test_no_gap_of_numbers_can_hide_from_the_sample_points(texts: list[str]) -> None:
    found = [one for one in map(parse_range, texts) if one]
    ends = Numbers("", tuple(found)).bounds()

    def uncovered(number: Decimal) -> bool:
        return not any(one.holds(number) for one in found)

    assert any(map(uncovered, points(ends))) == any(map(uncovered, EVERY))


def test_a_range_without_ends_holds_everything() -> None:
    assert Range().example() == 0


NESTED = """table: APROBADORES
question: ¿Quién aprueba?
inputs: {segment: {CORPORACIONES_EMPRESAS: [CORPORACIONES, EMPRESAS], NEGOCIO: []}, big: flag}
outputs: {who: text}
versions:
  - valid_from: 2026-09-01
    rows:
      - {row: A-1, when: {segment: CORPORACIONES_EMPRESAS, big: no}, then: {who: JEFE}}
      - {row: A-2, when: {segment: CORPORACIONES, big: yes}, then: {who: COMITE}}
      - {row: A-3, when: {segment: CORPORACIONES_EMPRESAS, big: yes}, then: {who: GERENTE}}
      - {row: A-4, when: {segment: {not: CORPORACIONES_EMPRESAS}, big: no}, then: {who: NADIE}}
    cases:
      - {given: {segment: EMPRESAS, big: yes}, expect: A-3}
"""


@pytest.fixture(name="nested")
def approvers(tmp_path: Path) -> Table:
    path = tmp_path / "aprobadores.yaml"
    path.write_text(NESTED, encoding="utf-8")
    return load(path)


@pytest.mark.criterion("D2")
@pytest.mark.parametrize(
    ("segment", "big", "row"),
    [
        ("CORPORACIONES", True, "A-2"),  # its own row
        ("CORPORACIONES", False, "A-1"),  # the wider word's, where no row names it
        ("EMPRESAS", True, "A-3"),
        ("CORPORACIONES_EMPRESAS", True, "A-3"),  # sold as both: never the narrower row
        ("NEGOCIO", False, "A-4"),  # not the wider word: none of its narrower ones either
        ("NEGOCIO", True, None),
        ("PYME", True, None),
    ],
)
def test_a_row_for_the_wider_word_counts_for_the_narrower_one_unless_a_row_names_it(
    nested: Table, segment: str, big: bool, row: str | None
) -> None:
    found = nested.decide(DAY, segment=segment, big=big)
    assert (found.row if found else None) == row
    told = nested.explain(DAY, segment=segment, big=big)
    assert [one.row for one in told.rows] == [one.row for one in told.verdicts if one.decides] == ([row] if row else [])


@pytest.mark.criterion("D2")
def test_a_narrower_word_without_a_row_of_its_own_is_no_gap(nested: Table) -> None:
    assert nested.gaps(DAY) == ({"segment": "NEGOCIO", "big": "yes"},)
