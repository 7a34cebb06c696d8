"""`o2c rules`: what it says of the tables that are shipped, of broken ones, and of a new product."""

import json
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from o2c.cli import COMMANDS, app
from services.billing.domain.loading import check
from shared.clock import Clock
from shared.contracts.intake import OrderDecomposed, ProductClassified
from shared.contracts.provisioning import ProvisioningMethodVerified
from shared.rules.error import RuleError
from shared.rules.load import load_dir
from shared.rules.tables import Tables
from shared.service import Service
from tests.builders import SUBORDER, line, sale
from tests.products import ficha, released_with, sold
from tests.unit.intake.desk import Desk
from tests.unit.provisioning.delivery import Delivery, there

SERVICES = Path(__file__).parents[3] / "services"
TABLES = 14
KNOWN = """      - row: SDWAN-XS
        when: {code: SDWAN-75}
        then: {family: SMART_CONNECTIVITY, line: SDWAN, in_cpq: yes, sdwan_ciber: yes, equipment: [{sku: CPE-SDW-S, quantity: 1}],
          connectivity: YES, build: LINK, logical: yes, noc_circuit: no, regional: yes, delivery_kit: no, tier2: no,
          access: FIBRA_NUEVA}
"""
LAN = """      - row: LAN
        when: {code: LAN-GEST-24}
        then: {family: SMART_CONNECTIVITY, line: LAN_GESTIONADA, in_cpq: yes, sdwan_ciber: no,
          equipment: [{sku: SW-24, quantity: 2}],
          connectivity: NO, build: NONE, logical: yes, noc_circuit: no, regional: yes, delivery_kit: no, tier2: no,
          access: NINGUNO}
"""
AFTER = "      - {row: G-09, when: {activity: KIT_DELIVERED}, then: {pre_acceptance: no}}\n"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The rules as an operator copies them to edit them."""
    for folder in SERVICES.glob("*/rules"):
        shutil.copytree(folder, tmp_path / folder.parent.name)
    return tmp_path


def run(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["rules", *words])
    assert done.exit_code == code, done.output
    return done.output


def told(*words: str, code: int = 0) -> Any:
    return json.loads(run(*words, "--json", code=code))


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def with_row(path: Path, row: str) -> None:
    """The file with one more row, in front of the others."""
    replaced(path, "    rows:\n", f"    rows:\n{row}")


def test_the_shipped_tables_have_no_error_and_their_gaps_are_told() -> None:
    found = told("check", "--on", "2026-11-30")
    assert found["errors"] == []
    assert len(found["tables"]) == TABLES
    gaps = {one["table"]: len(one["gaps"]) for one in found["tables"] if one["gaps"]}
    assert gaps == {"METHODS": 52, "BR009": 7}
    assert {one["in_force"] for one in found["tables"]} == {"2026-09-01"}
    assert {one["line"] for one in found["lines_without_row"]} == {"INTERNET_DEDICADO"}, "refused by 1.7 before it gets there"


def test_on_screen_gaps_and_versions_are_spanish() -> None:
    shown = run("check", "--on", "2026-11-30")
    assert "provisioning  METHODS           vigente desde 2026-09-01, 1 versión(es), huecos: 52" in shown
    assert "sin fila: line SDWAN, access NINGUNO, homologated yes" in shown
    assert shown.rstrip().endswith("14 tablas, 0 errores, 59 huecos")
    assert "La tabla METHODS no tiene versión vigente el 31/08/2026." in run("check", "--on", "2026-08-31", code=1)


@pytest.mark.parametrize(
    ("file", "row", "code", "sentence"),
    [
        (
            "provisioning/methods.yaml",
            "      - {row: PM-09, when: {line: SDWAN, access: LTE, homologated: 'yes'}, then: {method: REMOTE}}\n",
            "RULE_OVERLAP",
            "Las filas PM-09 y PM-02 deciden el mismo caso: line SDWAN, access LTE, homologated yes.",
        ),
        (
            "billing/triggers.yaml",
            "      - {row: G-09, when: {activity: SERVICE_BILLED}, then: {pre_acceptance: no}}\n",
            "RULE_CASE",
            "El caso espera ninguna fila y decide G-09.",
        ),
        (
            "billing/triggers.yaml",
            AFTER,
            "RULE_CYCLE",
            "La facturación no puede esperar KIT_DELIVERED: viene después de ella, o nadie se lo anuncia.",
        ),
    ],
)
def test_an_error_is_told_with_its_place_and_the_other_tables_are_looked_at_all_the_same(
    own: Path, file: str, row: str, code: str, sentence: str
) -> None:
    with_row(own / file, row)
    found = told("check", "--rules", str(own), code=1)
    (error,) = found["errors"]
    assert (error["code"], error["folder"], error["sentence"]) == (code, file.partition("/")[0], sentence)
    assert error["where"].startswith(file.partition("/")[2])
    assert len(found["tables"]) >= TABLES - 1


@pytest.mark.criterion("15.3")
def test_billing_does_not_start_with_a_trigger_that_comes_after_it(own: Path) -> None:
    with_row(
        own / "billing" / "triggers.yaml", "      - {row: G-09, when: {activity: KIT_DELIVERED}, then: {pre_acceptance: no}}\n"
    )
    service = Service(name="billing", deciders=(), listens=(), check=check)
    with pytest.raises(RuleError) as refused:
        service.worlds(Clock(), own)
    assert refused.value.code == "RULE_CYCLE"


def test_explain_says_which_row_decides_and_why_each_other_does_not() -> None:
    shown = run("explain", "METHODS", "line=SDWAN", "access=LTE", "homologated=yes", "--on", "2026-11-30")
    assert shown.splitlines()[:3] == [
        "METHODS: ¿Con qué método se aprovisiona? (versión 2026-09-01)",
        "  PM-02 decide: method ON_SITE",
        "  PM-01 no: access es LTE; la fila pide FIBRA_EXISTENTE o FIBRA_NUEVA",
    ]
    found = told("explain", "PRODUCTS", "code=SDWAN-200", "--on", "2026-11-30")
    assert [(one["row"], one["then"]["line"], one["then"]["equipment"]) for one in found["rows"]] == [
        ("SDWAN-L", "SDWAN", [{"sku": "CPE-SDW-L", "quantity": 2}])
    ]
    assert "hueco" in run("explain", "METHODS", "line=SDWAN", "access=NINGUNO", "homologated=yes", "--on", "2026-11-30")


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("NADA",), 1, "No existe la tabla NADA"),
        (("METHODS", "linea=SDWAN"), 1, "no tiene la entrada linea"),
        (("METHODS", "line=SDWAN", "--on", "2026-08-31"), 1, "no tiene versión vigente el 31/08/2026"),
        (("METHODS", "SDWAN"), 2, "no tiene la forma entrada=valor"),
        (("METHODS", "--on", "ayer"), 2, "no es una fecha"),
    ],
)
def test_what_cannot_be_explained_is_said(words: tuple[str, ...], code: int, sentence: str) -> None:
    assert sentence in " ".join(run("explain", *words, code=code).replace("│", " ").split())


@pytest.mark.criterion("1.7", "3.1", "9.1")
def test_a_new_product_of_a_known_line_is_one_row(own: Path) -> None:
    with_row(own / "intake" / "products.yaml", KNOWN)
    desk = Desk(empty=True)
    desk.tables = load_dir([own / "intake"])
    desk.when(sale({SUBORDER: (line("SDWAN-75"),)})).planned().released()
    assert [(one.line, one.homologated) for one in desk.of(ProductClassified)] == [("SDWAN", True)]
    delivery = Delivery(released_with(desk.cards()[SUBORDER], "INSTALLATION", "EQUIPMENT"))
    delivery.networked().configured().stocked().visited().verified()
    assert [one.methods[0].method for one in delivery.of(ProvisioningMethodVerified)] == ["ZERO_TOUCH"]


@pytest.mark.criterion("1.7", "3.1", "9.1", "X.4")
def test_a_new_line_is_one_row_for_intake_and_every_table_that_lacks_it_is_named(own: Path) -> None:
    with_row(own / "intake" / "products.yaml", LAN)
    found = told("check", "--rules", str(own))
    assert found["errors"] == []
    lacking = {one["table"] for one in found["lines_without_row"] if one["line"] == "LAN_GESTIONADA"}
    assert lacking == {"METHODS", "BR009", "ATP", "BR018", "BR022"}
    run("check", "--strict", "--rules", str(own), code=1)
    desk = Desk(empty=True)
    desk.tables = load_dir([own / "intake"])
    desk.when(sale({SUBORDER: (line("LAN-GEST-24", family="SMART_CONNECTIVITY"),)})).planned()
    (part,) = desk.of(OrderDecomposed)[0].suborders
    assert (part.traits.physical, part.traits.regional, part.traits.logical) == (True, True, True)
    delivery = Delivery(released_with(ficha(sold("LAN_GESTIONADA", access="NINGUNO"), traits=part.traits), "SERVICE_CREATION"))
    delivery.configured().stocked(there("SW-24", 2)).verified()
    assert [one.kind for one in delivery.state.fallouts.values()] == ["NO_RULE_ROW"], "never a guess"


@pytest.mark.criterion("9.1", "10.1", "15.3", "17")
def test_a_line_with_a_row_in_every_table_that_asks_for_it_lacks_nothing(own: Path) -> None:
    with_row(own / "intake" / "products.yaml", LAN)
    last, known = "BACKUP_CENTRO_DATOS]", "BACKUP_CENTRO_DATOS, LAN_GESTIONADA]"
    for file in ("provisioning/methods", "testing/types", "billing/br018", "acceptance/br022"):
        replaced(own / f"{file}.yaml", last, known)
    rows = {
        "provisioning/methods": "{line: LAN_GESTIONADA, access: NINGUNO, homologated: 'yes'}, then: {method: ON_SITE}",
        "testing/br009": "{line: LAN_GESTIONADA}, then: {method: ON_SITE}",
        "testing/atp": "{line: LAN_GESTIONADA}, then: {atp: ATP-LAN-v1, item: LA-01, name: Puertos activos, threshold: todos, "
        "proves: EQUIPMENT, runs: [I, C, E], evidence: captura, mandatory: yes}",
        "acceptance/br022": "{line: LAN_GESTIONADA}, then: {training: NONE, kit: KIT-LAN}",
    }
    for file, row in rows.items():
        with_row(own / f"{file}.yaml", f"      - {{row: LA-01, when: {row}}}\n")
    found = told("check", "--rules", str(own))
    assert found["errors"] == []
    assert {one["line"] for one in found["lines_without_row"]} == {"INTERNET_DEDICADO"}


def test_the_command_line_starts_without_loading_what_was_not_asked_for() -> None:
    code = "import sys, o2c.cli; print([one for one in ('faststream', 'asyncpg', 'pydantic', 'yaml') if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert set(COMMANDS) >= {"demo", "dev", "rules", "criteria", "order"}


def test_tables_in_force_are_those_of_the_day() -> None:
    tables: Tables = load_dir([SERVICES / "provisioning" / "rules"])
    assert tables["METHODS"].words(date(2026, 11, 30), "homologated") == {"yes"}
