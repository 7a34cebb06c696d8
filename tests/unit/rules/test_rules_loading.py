"""What a table may not say: each mistake is named with file, line and a sentence for the operator."""

from pathlib import Path

import pytest

from shared.rules.load import load, load_dir
from shared.rules.tables import RuleError

GOOD = """table: KITS
question: ¿Qué kit?
hit: unique
inputs: {line: [SDWAN, NUBE], segment: [NEGOCIO, CORPORACIONES], amount: number}
outputs: {kit: [K-1, K-2], note: 'text?'}
versions:
  - valid_from: 2026-09-01
    rows:
      - {row: K-01, when: {line: SDWAN, segment: NEGOCIO}, then: {kit: K-1}}
      - {row: K-02, when: {line: SDWAN, segment: CORPORACIONES, amount: '<= 100.00'}, then: {kit: K-2, note: hola}}
      - {row: K-03, when: {line: SDWAN, segment: CORPORACIONES, amount: '> 100.00'}, then: {kit: K-1}}
      - {row: K-04, when: {line: NUBE, segment: any}, then: {kit: K-2}}
    cases:
      - {given: {line: NUBE, segment: NEGOCIO, amount: 5}, expect: K-04}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "kits.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_without_mistakes_is_loaded(tmp_path: Path) -> None:
    table = load(written(tmp_path, GOOD))
    assert (table.name, table.question, len(table.versions[0].rows)) == ("KITS", "¿Qué kit?", 4)


OVERLAPS = [
    ("line: NUBE, segment: any", "line: [NUBE, SDWAN], segment: NEGOCIO", 12, "K-01 y K-04"),
    ("when: {line: NUBE, segment: any}, ", "", 12, "K-01 y K-04"),  # a row without conditions
    ("'> 100.00'", "'>= 100.00'", 11, "K-02 y K-03"),  # exactly 100.00 in both
    ("'> 100.00'", "[5, '> 200.00']", 11, "K-02 y K-03"),
    ("segment: CORPORACIONES, amount: '> 100.00'", "segment: {not: NEGOCIO}, amount: '> 99.99'", 11, "K-02 y K-03"),
]


@pytest.mark.parametrize(("old", "new", "line", "rows"), OVERLAPS)
def test_two_rows_that_decide_one_case_are_named_with_their_line(
    tmp_path: Path, old: str, new: str, line: int, rows: str
) -> None:
    with pytest.raises(RuleError, match=rf"RULE_OVERLAP kits\.yaml:{line}: Las filas {rows} deciden el mismo caso"):
        load(written(tmp_path, GOOD.replace(old, new)))


def test_rows_may_meet_where_a_table_gives_all_that_hold(tmp_path: Path) -> None:
    text = GOOD.replace("hit: unique", "hit: all").replace("line: NUBE, segment: any", "segment: NEGOCIO")
    table = load(written(tmp_path, text))
    found = table.rows(table.versions[0].valid_from, line="SDWAN", segment="NEGOCIO", amount=1)
    assert [row.row for row in found] == ["K-01", "K-04"]


MISTAKES = [
    ("line: NUBE, segment", "linea: NUBE, segment", 12, "entrada desconocida linea"),
    ("line: NUBE, segment", "line: NUVE, segment", 12, "line no conoce el valor NUVE; conoce SDWAN, NUBE"),
    ("line: NUBE, segment", "line: {not: [NUBE, SDWAN]}, segment", 12, "no deja ningún valor"),
    ("row: K-04", "row: K-01", 12, "fila K-01 está repetida; la primera está en kits.yaml:9"),
    ("{kit: K-2}}", "{kit: K-9}}", 12, "K-9 no está entre K-1, K-2"),
    ("{kit: K-2}}", "{kitt: K-2}}", 12, "Falta kit"),
    ("{kit: K-2}}", "{kit: K-2, color: azul}}", 12, "color no se conoce aquí"),
    ("'<= 100.00'", "'hasta 100'", 10, "hasta 100 no es una comparación"),
    ("'<= 100.00'", "'> 5 < 5'", 10, "> 5 < 5 no es una comparación"),  # no number is both
    ("valid_from: 2026-09-01", "valid_from: septiembre", 7, "Aquí va una fecha"),
    ("valid_from: 2026-09-01", "valid_from: 2026-09-31", 7, "no es una fecha"),
    ("valid_from: 2026-09-01", "valid_from: 2026-09-01 10:00:00", 7, "Aquí va una fecha"),
    ("expect: K-04", "expect: K-01", 14, "El caso espera K-01 y decide K-04"),
    ("expect: K-04", "expect: null", 14, "El caso espera ninguna fila y decide K-04"),
    (", amount: 5}", "}", 14, "El caso no dice amount"),
    (", amount: 5}", ", amount: 5, color: azul}", 14, "no tiene la entrada color"),
    ("hit: unique", "hit: first", 3, "hit es unique o all, no first"),
    ("amount: number}", "amount: cantidad}", 4, "No se conoce el tipo cantidad"),
    ("note: 'text?'", "note: texto", 5, "No se conoce el tipo texto"),
    ("question: ¿Qué kit?\n", "", 1, "Falta question"),
    ("hit: unique", "hit: unique\ntable: OTRA", 4, "table está repetido"),
    ("hit: unique", "hit: [unique", 4, "No es YAML válido"),
]


@pytest.mark.parametrize(("old", "new", "line", "sentence"), MISTAKES)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, line: int, sentence: str) -> None:
    assert old in GOOD
    with pytest.raises(RuleError) as told:
        load(written(tmp_path, GOOD.replace(old, new, 1)))
    assert told.value.where == f"kits.yaml:{line}"
    assert sentence in told.value.sentence


def test_a_failing_case_has_a_code_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(RuleError) as told:
        load(written(tmp_path, GOOD.replace("expect: K-04", "expect: K-01")))
    assert told.value.code == "RULE_CASE"


def test_two_versions_of_one_day_are_refused(tmp_path: Path) -> None:
    again = "  - valid_from: 2026-09-01\n    rows:\n      - {row: K-01, then: {kit: K-1}}\n"
    with pytest.raises(RuleError, match=r"kits\.yaml:15: Ya hay una versión vigente desde el 01/09/2026"):
        load(written(tmp_path, GOOD + again))


def test_the_types_beside_the_tables_give_values_to_all_of_them(tmp_path: Path) -> None:
    (tmp_path / "types.yaml").write_text("types:\n  product_line: [SDWAN, NUBE]\n", encoding="utf-8")
    path = written(tmp_path, GOOD.replace("line: [SDWAN, NUBE]", "line: product_line"))
    assert load(path).inputs["line"].values == ("SDWAN", "NUBE")
    with pytest.raises(RuleError, match="no conoce el valor WIFI"):
        load(written(tmp_path, path.read_text(encoding="utf-8").replace("line: NUBE, segment", "line: WIFI, segment")))


def test_one_name_for_two_tables_is_refused(tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    (tmp_path / "otra.yaml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(RuleError, match=r"otra\.yaml:1: La tabla KITS ya está en kits\.yaml"):
        load_dir([tmp_path])


def test_words_that_old_yaml_takes_for_truth_values_stay_words(tmp_path: Path) -> None:
    text = GOOD.replace("[SDWAN, NUBE]", "[YES, NO]").replace("SDWAN", "YES").replace("NUBE", "NO")
    assert load(written(tmp_path, text)).inputs["line"].values == ("YES", "NO")
