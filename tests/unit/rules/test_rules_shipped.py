"""Every shipped table decides what `domain.md` section 6 says, row by row."""

from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from shared.rules.load import load_dir
from shared.rules.tables import Table, Tables

SERVICES = Path(__file__).parents[3] / "services"
DAY = date(2026, 11, 30)
LINES = (
    "SDWAN",
    "FIREWALL_GESTIONADO",
    "FWAAS_GESTIONADO",
    "ANTIDDOS",
    "NUBE_PRIVADA",
    "AWS_ADMINISTRADO",
    "BACKUP_CENTRO_DATOS",
)
ACCESSES = ("FIBRA_NUEVA", "FIBRA_EXISTENTE", "LTE", "TERCERO", "NINGUNO")
SCENARIOS = ("ALTA_ENLACE_NUEVO", "ALTA_ENLACE_EXISTENTE", "ALTA_SIN_ENLACE", "CAMBIO")
SEGMENTS = ("CORPORACIONES_EMPRESAS", "NEGOCIO")


@cache
def tables_of(service: str) -> Tables:
    return load_dir([SERVICES / service / "rules"])


def table(service: str, name: str) -> Table:
    return tables_of(service)[name]


TRAITS = [
    *("family", "line", "in_cpq", "sdwan_ciber", "equipment", "connectivity", "build"),
    *("logical", "noc_circuit", "regional", "delivery_kit", "tier2", "access"),
]
PRODUCTS = """
FW-GEST-100 FW-GEST-100F | CIBERSEGURIDAD FIREWALL_GESTIONADO y y 1xFW-100F YES LINK y n y y n FIBRA_NUEVA
FWAAS-GEST-200 FWAAS-GEST-M | CIBERSEGURIDAD FWAAS_GESTIONADO y y - IF_SOLD LINK_IF_SOLD y y y n n FIBRA_EXISTENTE
ANTIDDOS-PRY DDOS-MEDIDA | CIBERSEGURIDAD ANTIDDOS n y - NO NONE y n y n y FIBRA_EXISTENTE
SDWAN-S SDWAN-50 | SMART_CONNECTIVITY SDWAN y y 1xCPE-SDW-S YES LINK y n y n n FIBRA_NUEVA
SDWAN-M SDWAN-100 | SMART_CONNECTIVITY SDWAN y y 1xCPE-SDW-M YES LINK y n y n n FIBRA_NUEVA
SDWAN-L SDWAN-200 | SMART_CONNECTIVITY SDWAN y y 2xCPE-SDW-L YES LINK y n y n n FIBRA_NUEVA
SDWAN-LTE-PRY | SMART_CONNECTIVITY SDWAN n y 1xCPE-SDW-M,1xROUTER-LTE YES LINK y n y n y LTE
NUBE-8-32 | CLOUD NUBE_PRIVADA y n - NO DATA_CENTRE y n y n n NINGUNO
AWS-ADM | CLOUD AWS_ADMINISTRADO y n - NO NONE n n y n n NINGUNO
BACKUP-DC-PRY | CLOUD BACKUP_CENTRO_DATOS n n - IF_SOLD DATA_CENTRE n n y n y NINGUNO
INET-DED-50 | CONECTIVIDAD INTERNET_DEDICADO n n 1xROUTER YES LINK y n n n n FIBRA_NUEVA
SDWAN-INST | SMART_CONNECTIVITY SDWAN y n - NO NONE n n n n n NINGUNO
IMPL-PRY | SMART_CONNECTIVITY SDWAN n n - NO NONE n n n n n NINGUNO
"""
CODES = [
    (code, traits.split())
    for line in PRODUCTS.strip().splitlines()
    for codes, _, traits in [line.partition(" | ")]
    for code in codes.split()
]


def told(name: str, value: Any) -> str:
    if name == "equipment":
        return ",".join(f"{one['quantity']}x{one['sku']}" for one in value) or "-"
    return {True: "y", False: "n"}[value] if isinstance(value, bool) else str(value)


@pytest.mark.parametrize(("code", "traits"), CODES)
def test_a_product_has_the_traits_of_its_code(code: str, traits: list[str]) -> None:
    row = table("intake", "PRODUCTS").decide(DAY, code=code)
    assert row is not None
    assert [told(name, row.then[name]) for name in TRAITS] == traits
    assert row.flag("charge_only") == (code in {"SDWAN-INST", "IMPL-PRY"})


def test_a_product_code_that_is_not_in_the_table_is_a_gap() -> None:
    assert table("intake", "PRODUCTS").decide(DAY, code="SDWAN-500") is None
    assert len(table("intake", "PRODUCTS").on(DAY).rows) == len(PRODUCTS.strip().splitlines())


METHODS = {
    "SDWAN": {"FIBRA_NUEVA": "PM-01", "FIBRA_EXISTENTE": "PM-01", "LTE": "PM-02", "TERCERO": "PM-02"},
    "FIREWALL_GESTIONADO": {"FIBRA_NUEVA": "PM-03", "FIBRA_EXISTENTE": "PM-03", "TERCERO": "PM-03"},
    "FWAAS_GESTIONADO": {"FIBRA_NUEVA": "PM-04", "FIBRA_EXISTENTE": "PM-04"},
    "ANTIDDOS": {"FIBRA_NUEVA": "PM-05", "FIBRA_EXISTENTE": "PM-05", "TERCERO": "PM-05"},
    "NUBE_PRIVADA": {"NINGUNO": "PM-06", "FIBRA_EXISTENTE": "PM-06"},
    "AWS_ADMINISTRADO": {"NINGUNO": "PM-07"},
    "BACKUP_CENTRO_DATOS": {"NINGUNO": "PM-08", "FIBRA_NUEVA": "PM-08", "FIBRA_EXISTENTE": "PM-08"},
}
METHOD_OF = {
    "PM-01": "ZERO_TOUCH",
    "PM-02": "ON_SITE",
    "PM-03": "ON_SITE",
    "PM-04": "REMOTE",
    "PM-05": "REGIONAL_MANAGED",
    "PM-06": "REMOTE",
    "PM-07": "REGIONAL_MANAGED",
    "PM-08": "REGIONAL_MANAGED",
}


@pytest.mark.criterion("9.1")
@pytest.mark.parametrize("line", LINES)
def test_line_and_access_of_a_homologated_item_give_its_provisioning_method_or_a_gap(line: str) -> None:
    methods = table("provisioning", "METHODS")
    found = {access: methods.decide(DAY, line=line, access=access, homologated=True) for access in ACCESSES}
    assert {access: row.row for access, row in found.items() if row} == METHODS[line]
    assert all(row.text("method") == METHOD_OF[row.row] for row in found.values() if row)


@pytest.mark.criterion("9.1")
@pytest.mark.parametrize("line", [*LINES, "INTERNET_DEDICADO", ""])
def test_nothing_that_is_not_homologated_or_not_known_has_a_provisioning_method(line: str) -> None:
    methods = table("provisioning", "METHODS")
    assert all(methods.decide(DAY, line=line, access=access, homologated="no") is None for access in ACCESSES)
    assert methods.decide(DAY, line=line, access="", homologated="yes") is None


BR009 = {
    "T-01": ("ON_SITE", "SDWAN", "ALTA_ENLACE_NUEVO"),
    "T-02": ("REMOTE", "SDWAN", "ALTA_ENLACE_EXISTENTE CAMBIO"),
    "T-03": ("ON_SITE", "FIREWALL_GESTIONADO", "ALTA_ENLACE_NUEVO"),
    "T-04": ("REMOTE", "FIREWALL_GESTIONADO", "ALTA_ENLACE_EXISTENTE CAMBIO"),
    "T-05": ("JOINT_REGIONAL", "FWAAS_GESTIONADO", "ALTA_ENLACE_NUEVO ALTA_ENLACE_EXISTENTE"),
    "T-06": ("REMOTE", "FWAAS_GESTIONADO", "CAMBIO"),
    "T-07": ("JOINT_REGIONAL", "ANTIDDOS", "ALTA_ENLACE_NUEVO ALTA_ENLACE_EXISTENTE CAMBIO"),
    "T-08": ("SYNTHETIC", "NUBE_PRIVADA", "ALTA_SIN_ENLACE ALTA_ENLACE_EXISTENTE CAMBIO"),
    "T-09": ("JOINT_REGIONAL", "AWS_ADMINISTRADO", "ALTA_SIN_ENLACE CAMBIO"),
    "T-10": ("JOINT_REGIONAL", "BACKUP_CENTRO_DATOS", " ".join(SCENARIOS)),
}


@pytest.mark.criterion("10.1")
@pytest.mark.parametrize("line", LINES)
def test_br009_gives_the_internal_test_method_of_line_and_scenario_or_a_gap(line: str) -> None:
    rows = {each: (name, method) for name, (method, one, many) in BR009.items() if one == line for each in many.split()}
    found = {scenario: table("testing", "BR009").decide(DAY, line=line, scenario=scenario) for scenario in SCENARIOS}
    assert {scenario: (row.row, row.text("method")) for scenario, row in found.items() if row} == rows


ATP = """
ATP-SDWAN-v4 SDWAN | SD-01 NETWORK IC, SD-02 NETWORK I, SD-03 EQUIPMENT+VISIT+METHOD I, SD-04 LOGICAL+METHOD IC, \
SD-05° EQUIPMENT+LOGICAL C, SD-06 METHOD E
ATP-FW-v3 FIREWALL_GESTIONADO | FW-01 EQUIPMENT I, FW-02 LOGICAL+METHOD IC, FW-03 METHOD IC, FW-04 NETWORK+LOGICAL C, \
FW-05 METHOD IE
ATP-FWAAS-v2 FWAAS_GESTIONADO | FA-01 LOGICAL I, FA-02 NETWORK+LOGICAL IC, FA-03 METHOD IC, FA-04 METHOD E
ATP-DDOS-v1 ANTIDDOS | DD-01 LOGICAL IC, DD-02 METHOD CE
ATP-NUBE-v2 NUBE_PRIVADA | NU-01 NETWORK+METHOD I, NU-02 LOGICAL+METHOD C, NU-03° METHOD CE
ATP-AWS-v1 AWS_ADMINISTRADO | AW-01 METHOD IC, AW-02 METHOD CE
ATP-BACKUP-v1 BACKUP_CENTRO_DATOS | BK-01 NETWORK+METHOD IC, BK-02 METHOD CE
"""


@pytest.mark.criterion("10.3")
@pytest.mark.parametrize("plan", ATP.strip().splitlines())
def test_a_line_has_the_items_of_its_atp_with_what_they_prove_and_when_they_run(plan: str) -> None:
    head, _, items = plan.partition(" | ")
    atp, line = head.split()
    rows = table("testing", "ATP").rows(DAY, line=line)
    assert {row.text("atp") for row in rows} == {atp}
    assert all(row.row == row.text("item") and row.text("threshold") and row.text("evidence") for row in rows)
    shown = [
        f"{row.row}{'' if row.flag('mandatory') else '°'} {'+'.join(row.texts('proves'))} {''.join(row.texts('runs'))}"
        for row in rows
    ]
    assert shown == items.split(", ")


@pytest.mark.criterion("13.5")
@pytest.mark.parametrize(
    ("cause", "steps"),
    [
        ("NETWORK", ("NETWORK",)),
        ("LOGICAL", ("LOGICAL",)),
        ("EQUIPMENT", ("EQUIPMENT", "VISIT")),
        ("PROVISIONING", ("METHOD",)),
        ("CUSTOMER_SIDE", ()),
        ("TEST_SETUP", ()),
    ],
)
def test_the_cause_of_a_failed_test_names_the_steps_to_do_again(cause: str, steps: tuple[str, ...]) -> None:
    row = table("testing", "CAUSES").decide(DAY, cause=cause)
    assert row is not None
    assert row.texts("steps") == steps


@pytest.mark.criterion("15.3")
@pytest.mark.parametrize("start", ["NONE", "NOT_AFTER_TODAY", "AFTER_TODAY"])
@pytest.mark.parametrize("line", LINES)
def test_br018_says_from_when_a_total_sale_is_billed(line: str, start: str) -> None:
    row = table("billing", "BR018").decide(DAY, mechanism="TOTAL", line=line, contract_start=start)
    usage, later = line == "AWS_ADMINISTRADO", start == "AFTER_TODAY"
    expected = ("B-03", "NEXT_MONTH") if usage else ("B-02", "CONTRACT_START") if later else ("B-01", "IMMEDIATE")
    assert row is not None
    assert (row.row, row.text("rule")) == expected


@pytest.mark.criterion("15.3")
@pytest.mark.parametrize("mechanism", ["BY_PHASE", "OTHER"])
def test_br018_leaves_a_sale_by_phases_to_the_trigger_of_each_phase(mechanism: str) -> None:
    br018 = table("billing", "BR018")
    rows = {br018.decide(DAY, mechanism=mechanism, line=line, contract_start="AFTER_TODAY") for line in LINES}
    assert [row and (row.row, row.text("rule")) for row in rows] == [("B-04", "TRIGGER")]


@pytest.mark.criterion("15.3")
@pytest.mark.parametrize(
    ("activity", "before"),
    [("NETWORK_BUILT", True), ("SERVICE_PROVISIONED", True), ("TESTS_PASSED", True), ("ALL_SITES_ACCEPTED", False)],
)
def test_a_phase_can_be_triggered_by_an_activity_before_or_at_acceptance(activity: str, before: bool) -> None:
    row = table("billing", "TRIGGERS").decide(DAY, activity=activity)
    assert row is not None
    assert row.flag("pre_acceptance") is before


@pytest.mark.criterion("15.3")
@pytest.mark.parametrize("activity", ["BILLING_REQUESTED", "SERVICE_BILLED", "TRAINING_DELIVERED", "KIT_DELIVERED"])
def test_no_phase_can_wait_for_what_comes_after_billing(activity: str) -> None:
    assert table("billing", "TRIGGERS").decide(DAY, activity=activity) is None


BR022 = {
    ("FIREWALL_GESTIONADO", "CORPORACIONES_EMPRESAS"): "I-01 LIVE KIT-FW",
    ("FIREWALL_GESTIONADO", "NEGOCIO"): "I-01 LIVE KIT-FW",
    ("FWAAS_GESTIONADO", "CORPORACIONES_EMPRESAS"): "I-02 LIVE KIT-FWAAS",
    ("FWAAS_GESTIONADO", "NEGOCIO"): "I-03 EMAIL KIT-FWAAS",
    ("SDWAN", "CORPORACIONES_EMPRESAS"): "I-04 LIVE KIT-SDWAN",
    ("SDWAN", "NEGOCIO"): "I-05 EMAIL KIT-SDWAN",
    ("ANTIDDOS", "CORPORACIONES_EMPRESAS"): "I-06 LIVE KIT-CIBER",
    ("ANTIDDOS", "NEGOCIO"): "I-06 LIVE KIT-CIBER",
    ("AWS_ADMINISTRADO", "CORPORACIONES_EMPRESAS"): "I-07 LIVE KIT-CLOUD",
    ("AWS_ADMINISTRADO", "NEGOCIO"): "I-07 LIVE KIT-CLOUD",
    ("NUBE_PRIVADA", "CORPORACIONES_EMPRESAS"): "I-08 EMAIL KIT-CLOUD",
    ("NUBE_PRIVADA", "NEGOCIO"): "I-08 EMAIL KIT-CLOUD",
    ("BACKUP_CENTRO_DATOS", "CORPORACIONES_EMPRESAS"): "I-09 NONE KIT-CLOUD",
    ("BACKUP_CENTRO_DATOS", "NEGOCIO"): "I-09 NONE KIT-CLOUD",
}


@pytest.mark.criterion("17", "18")
@pytest.mark.parametrize(("line", "segment"), BR022)
def test_br022_gives_every_line_and_segment_its_induction_and_kit(line: str, segment: str) -> None:
    row = table("acceptance", "BR022").decide(DAY, line=line, segment=segment)
    assert row is not None
    assert f"{row.row} {row.text('training')} {row.text('kit')}" == BR022[line, segment]


@pytest.mark.criterion("17")
def test_any_segment_means_any_that_the_table_knows() -> None:
    assert table("acceptance", "BR022").decide(DAY, line="FIREWALL_GESTIONADO", segment="GOBIERNO") is None
    told = table("acceptance", "BR022").explain(DAY, line="FIREWALL_GESTIONADO", segment="GOBIERNO").verdicts[0]
    assert told.because == "segment no conoce el valor GOBIERNO"


@pytest.mark.criterion("15.5")
@pytest.mark.parametrize(
    ("segment", "amount", "approver"),
    [
        ("NEGOCIO", "0.00", "A-01 JEFE_COMERCIAL_NEGOCIO"),
        ("NEGOCIO", "20000.00", "A-01 JEFE_COMERCIAL_NEGOCIO"),  # exactly up to the limit
        ("NEGOCIO", "20000.01", "A-02 GERENTE_COMERCIAL_NEGOCIO"),  # a cent above
        ("NEGOCIO", "100000.00", "A-02 GERENTE_COMERCIAL_NEGOCIO"),
        ("NEGOCIO", "100000.01", "A-03 DIRECTOR_B2B"),
        ("CORPORACIONES_EMPRESAS", "50000.00", "A-04 JEFE_COMERCIAL_CORPORACIONES"),
        ("CORPORACIONES_EMPRESAS", "50000.01", "A-05 GERENTE_COMERCIAL_CORPORACIONES"),
        ("CORPORACIONES_EMPRESAS", "500000.00", "A-05 GERENTE_COMERCIAL_CORPORACIONES"),
        ("CORPORACIONES_EMPRESAS", "500000.0001", "A-06 DIRECTOR_B2B"),  # less than a cent above
        ("CORPORACIONES_EMPRESAS", "3000000.00", "A-06 DIRECTOR_B2B"),
        ("CORPORACIONES_EMPRESAS", "3000000.01", "A-07 COMITE_INVERSIONES"),
    ],
)
def test_contract_value_and_segment_name_the_approver_of_the_profitability_analysis(
    segment: str, amount: str, approver: str
) -> None:
    row = table("billing", "APPROVERS").decide(DAY, segment=segment, amount=Decimal(amount))
    assert row is not None
    assert f"{row.row} {row.text('approver')}" == approver


@pytest.mark.parametrize(
    ("action", "access", "scenario"),
    [
        ("ADD", "FIBRA_NUEVA", "ALTA_ENLACE_NUEVO"),
        ("ADD", "LTE", "ALTA_ENLACE_NUEVO"),
        ("ADD", "FIBRA_EXISTENTE", "ALTA_ENLACE_EXISTENTE"),
        ("ADD", "TERCERO", "ALTA_ENLACE_EXISTENTE"),
        ("ADD", "NINGUNO", "ALTA_SIN_ENLACE"),
        *(("CHANGE", access, "CAMBIO") for access in ACCESSES),
    ],
)
def test_action_and_access_give_the_scenario_of_an_item(action: str, access: str, scenario: str) -> None:
    row = table("intake", "SCENARIOS").decide(DAY, action=action, access=access)
    assert row is not None
    assert row.text("scenario") == scenario


@pytest.mark.criterion("2.1", "2.2")
@pytest.mark.parametrize(
    ("item", "kinds"),
    [
        (1, "ORDEN_COMPRA CONTRATO_FIRMADO RESPALDO_CONTRACTUAL CERTIFICADO_APROBACION"),
        (2, "RELEVAMIENTO_PREVENTA"),
        (3, "PROPUESTA_COMERCIAL"),
        (4, "ANALISIS_RENTABILIDAD"),
        (5, "RIESGO_CREDITICIO"),
        (6, "APROBACION_EXCEPCION"),
        (7, "SOW"),
        (0, "FORMULARIO_RESUMEN_CONTRATO HLD ACTA_ENTREGA ACTA_FIRMADA DIGITAL_DELIVERY_KIT EVIDENCIA_ATP"),  # no item
    ],
)
def test_a_document_kind_belongs_to_its_item_of_the_checklist(item: int, kinds: str) -> None:
    for kind in kinds.split():
        row = table("intake", "DOCUMENTS").decide(DAY, kind=kind)
        assert row is not None
        assert row.number("item") == item


@pytest.mark.criterion("2.3", "2.4", "2.5")
@pytest.mark.parametrize("segment", SEGMENTS)
@pytest.mark.parametrize("exception", [True, False])
@pytest.mark.parametrize("non_standard", [True, False])
def test_the_order_says_which_items_of_the_checklist_it_needs(non_standard: bool, exception: bool, segment: str) -> None:
    needs = table("intake", "NEEDED_DOCUMENTS")
    rows = [needs.decide(DAY, item=item, non_standard=non_standard, exception=exception, segment=segment) for item in range(1, 9)]
    needed = [item for item, row in enumerate(rows, 1) if row is not None and row.flag("needed")]
    some_times = [4] * non_standard + [6] * exception + [8] * (segment == "NEGOCIO")
    assert needed == sorted([1, 2, 3, 5, 7, *some_times])
    assert None not in rows


@pytest.mark.criterion("4.2")
@pytest.mark.parametrize(
    ("need", "roles"),
    [
        ("ALWAYS", ["INGENIERO_B2B", "ACTIVACIONES"]),  # the Order Manager is there as the owner
        ("VISIT_OR_BUILD", ["CONTRATISTA"]),
        ("NOC_CIRCUIT", ["NOC"]),
        ("EQUIPMENT", ["JEFE_PRODUCTO"]),
        ("REGIONAL", ["REGIONAL"]),
        ("TIER2", ["TIER2"]),
        ("PROJECT", ["PROJECT_MANAGER"]),
    ],
)
def test_what_the_plan_needs_names_the_roles_of_the_team(need: str, roles: list[str]) -> None:
    assert [row.text("role") for row in table("intake", "ROLES").rows(DAY, need=need)] == roles


DURATIONS = """documents 1 3, quotes 1 1, network_link 10 25, network_data_centre 5 15, logical 1 2, stock 1 1,
stock_shortage 15 15, visit 3 6, provisioning 1 2, internal_tests 0.5 1, agendas 3 5, customer_tests 0.5 1,
acceptance 5 10 CALENDAR, billing 0 30, onboarding 2 5"""


@pytest.mark.criterion("3.8")
@pytest.mark.parametrize("line", [one.strip() for one in DURATIONS.split(",")])
def test_a_step_of_the_plan_has_its_expected_days(line: str) -> None:
    step, typical, most, *unit = line.split()
    row = table("intake", "DURATIONS").decide(DAY, step=step)
    assert row is not None
    assert (row.number("typical"), row.number("most")) == (Decimal(typical), Decimal(most))
    assert row.then.get("most_unit", "BUSINESS") == (unit or ["BUSINESS"])[0]


GAPLESS = ["billing", "acceptance", "intake"]


@pytest.mark.parametrize("service", GAPLESS)
def test_the_tables_of_these_services_have_no_gap(service: str) -> None:
    tables = tables_of(service)
    assert {name: list(one.gaps(DAY)) for name, one in tables.items()} == {name: [] for name in tables}


@pytest.mark.criterion("9.1", "10.1")
def test_methods_and_br009_list_their_gaps_on_purpose() -> None:
    methods = [gap for gap in table("provisioning", "METHODS").gaps(DAY) if gap["homologated"] == "yes"]
    assert {(gap["line"], gap["access"]) for gap in methods} == {
        (line, access) for line in LINES for access in ACCESSES if access not in METHODS[line]
    }
    assert len(table("testing", "BR009").gaps(DAY)) == 7


def test_every_table_that_depends_on_the_line_names_a_new_line_as_gap() -> None:
    for service, name in [("provisioning", "METHODS"), ("testing", "BR009"), ("testing", "ATP"), ("acceptance", "BR022")]:
        assert any(gap["line"] == "SD_LAN" for gap in table(service, name).gaps(DAY, line=["SD_LAN"])), name
    gaps = table("billing", "BR018").gaps(DAY, line=["SD_LAN"])
    assert {gap["mechanism"] for gap in gaps} >= {"TOTAL"}


@pytest.mark.parametrize("service", sorted(path.parent.name for path in SERVICES.glob("*/rules")))
def test_every_shipped_version_holds_from_the_first_of_september(service: str) -> None:
    tables = tables_of(service)
    assert {tables.version(name, DAY) for name in tables} <= {"2026-09-01"}
