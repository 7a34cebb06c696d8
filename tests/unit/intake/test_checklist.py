"""Activity 2: which of the eight items apply, the exact list of what is missing, and the gate that never opens early."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.common import NotificationRequested
from shared.contracts.intake import (
    ApplicabilitySet,
    DocRejection,
    DocsFoundIncomplete,
    DocsRevalidationRequired,
    DocsValidated,
    SetApplicability,
    ValidateDocs,
)
from tests.builders import PARENT, SUBORDER, line, sale
from tests.unit.intake.desk import OWNER, Desk

ALWAYS = ("CONTRATO_FIRMADO", "RELEVAMIENTO_PREVENTA", "PROPUESTA_COMERCIAL", "RIESGO_CREDITICIO", "SOW")


def missing(desk: Desk) -> list[int]:
    found = desk.of(DocsFoundIncomplete)
    return [one.item for one in found[-1].missing] if found else []


def gate(**changes: Any) -> Desk:
    """An order with the five documents that everybody needs."""
    return Desk(sale(documents=(), **changes)).claimed().attached(*ALWAYS)


@pytest.mark.criterion("2.1", "2.7")
def test_the_bank_lacks_exactly_its_proposal_and_its_credit_backing_and_the_ec_is_told() -> None:
    desk = Desk().claimed().validated()
    assert missing(desk) == [3, 5]
    (mail,) = desk.of(NotificationRequested)
    assert (mail.template, mail.to[0].role, [one.ref for one in mail.cc]) == ("DOCUMENTOS_FALTANTES", "EC", ["om-1"])
    assert mail.values["faltantes"] == "3. propuesta comercial\n5. respaldo de riesgo crediticio"
    assert desk.state.stage == "DOCS_INCOMPLETE"
    assert desk.waits() == {"EC AttachDocument"}


@pytest.mark.criterion("2.7")
def test_the_ball_goes_back_to_the_owner_when_everything_missing_has_come() -> None:
    desk = Desk().claimed().validated().attached("PROPUESTA_COMERCIAL")
    assert desk.waits() == {"EC AttachDocument"}
    assert desk.attached("RIESGO_CREDITICIO").waits() == {"OM ValidateDocs"}
    (validated,) = desk.validated().of(DocsValidated)
    assert (validated.revision, len(validated.documents)) == (1, 5)
    assert validated.rules["NEEDED_DOCUMENTS"]
    assert desk.validated().last == [], "once per revision"


@pytest.mark.criterion("2.3")
@pytest.mark.parametrize(("codes", "needed"), [(("SDWAN-100",), False), (("SDWAN-100", "ANTIDDOS-PRY"), True)])
def test_profitability_is_required_exactly_when_an_item_is_non_standard(codes: tuple[str, ...], needed: bool) -> None:
    lines = {SUBORDER: tuple(line(code, number) for number, code in enumerate(codes, 1))}
    desk = gate(lines=lines).validated()
    assert missing(desk) == ([4] if needed else [])
    assert desk.attached("ANALISIS_RENTABILIDAD").validated().state.docs_valid


@pytest.mark.criterion("2.4")
def test_an_exception_of_the_sale_requires_its_approval_and_the_owner_may_correct_it() -> None:
    desk = gate(exceptions=("DESCUENTO_25",)).validated()
    assert missing(desk) == [6]
    desk.when(SetApplicability(aggregate=PARENT, exceptions=()), OWNER)
    assert desk.names() == ["ApplicabilitySet"], "before the gate nothing is to be validated anew"
    assert desk.validated().state.docs_valid


@pytest.mark.criterion("2.4", "2.8")
def test_an_exception_found_after_the_gate_opens_its_item_again() -> None:
    desk = gate().validated().when(SetApplicability(aggregate=PARENT, exceptions=("PLAZO_60",)), OWNER)
    assert [one.items for one in desk.of(DocsRevalidationRequired)] == [(6,)]
    assert desk.generated().code() == "DOCS_NOT_VALID"


@pytest.mark.criterion("2.5")
@pytest.mark.parametrize(
    ("segment", "code", "passes"),
    [
        ("NEGOCIO", "OPP-2026-008812", True),
        ("NEGOCIO", "OPP-0088", True),
        ("NEGOCIO", "OPP-2026-008812\n", False),
        ("NEGOCIO", "2026-008812", False),
        ("NEGOCIO", None, False),
        ("CORPORACIONES_EMPRESAS", None, True),
    ],
)
def test_the_opportunity_code_is_required_exactly_for_negocio(segment: str, code: str | None, passes: bool) -> None:
    desk = gate(segment=segment, opportunity_code=code).validated()
    assert missing(desk) == ([] if passes else [8])


@pytest.mark.criterion("2.5", "X.6")
def test_a_missing_opportunity_code_is_waited_for_from_the_sale_since_no_document_can_bring_it() -> None:
    desk = gate(segment="NEGOCIO", opportunity_code=None).validated()
    assert desk.waits() == {"EC SalesforceOrderSubmitted"}
    desk.when(sale(segment="NEGOCIO", version=2)).attached(*ALWAYS).validated()
    assert desk.state.docs_valid


@pytest.mark.criterion("2.7")
def test_a_document_the_owner_rejects_counts_again_only_in_a_newer_version() -> None:
    desk = gate()
    rejection = DocRejection(doc_id="doc-propuesta_comercial", why="sin firma del cliente")
    desk.when(ValidateDocs(aggregate=PARENT, rejections=(rejection,)), OWNER)
    (found,) = desk.of(DocsFoundIncomplete)
    assert [(one.item, one.why) for one in found.missing] == [(3, "Falta propuesta comercial: sin firma del cliente")]
    assert desk.validated().names()[0] == "DocsFoundIncomplete", "asking again does not make it good"
    assert not desk.state.docs_valid
    assert desk.attached("PROPUESTA_COMERCIAL", version=2).validated().state.docs_valid


@pytest.mark.criterion("2.7")
def test_a_second_rejection_adds_to_the_first() -> None:
    desk = gate()
    for doc_id in ("doc-propuesta_comercial", "doc-sow"):
        command = ValidateDocs(aggregate=PARENT, rejections=(DocRejection(doc_id=doc_id, why="borrador"),))
        desk.when(command, OWNER)
    assert missing(desk) == [3, 7]


@pytest.mark.criterion("2.7")
def test_one_of_two_documents_may_be_rejected_and_is_not_handed_on() -> None:
    desk = gate().attached("SOW", name="doc-sow-b")
    rejected = ValidateDocs(aggregate=PARENT, rejections=(DocRejection(doc_id="doc-sow", why="borrador"),))
    (validated,) = desk.when(rejected, OWNER).of(DocsValidated)
    assert "doc-sow" not in {one.doc_id for one in validated.documents}
    desk.attached("SOW", name="doc-sow-b", version=2).validated()
    assert "doc-sow" not in {one.doc_id for one in desk.of(DocsValidated)[-1].documents}
    desk.attached("SOW", name="doc-sow", version=2)
    assert desk.state.docs_valid, "what served nothing opens nothing when it is replaced"


@pytest.mark.criterion("2.7", "2.8")
def test_documents_that_are_found_wanting_after_the_plan_leave_the_order_where_it_is() -> None:
    desk = Desk().planned().attached("SOW", version=2)
    rejection = DocRejection(doc_id="doc-sow", why="borrador")
    desk.when(ValidateDocs(aggregate=PARENT, rejections=(rejection,)), OWNER)
    assert (desk.state.stage, missing(desk)) == ("PLANNED", [7])


@pytest.mark.criterion("2.3", "9.1")
def test_what_the_survey_found_must_be_an_access_that_the_tables_know() -> None:
    desk = Desk().claimed()
    for fields in ({}, {"access": "LTE"}, {"suborder": SUBORDER}, {"suborder": SUBORDER, "access": "SATELITE"}):
        assert desk.when(SetApplicability.model_validate({"aggregate": PARENT} | fields), OWNER).code() == "INVALID_FIELDS"
    desk.when(SetApplicability(aggregate=PARENT, suborder=SUBORDER, access="LTE", connectivity=False), OWNER)
    assert [one.access for one in desk.of(ApplicabilitySet)] == ["LTE"]


ITEM_OF = {
    "ORDEN_COMPRA": 1,
    "CONTRATO_FIRMADO": 1,
    "CERTIFICADO_APROBACION": 1,
    "RELEVAMIENTO_PREVENTA": 2,
    "PROPUESTA_COMERCIAL": 3,
    "ANALISIS_RENTABILIDAD": 4,
    "RIESGO_CREDITICIO": 5,
    "APROBACION_EXCEPCION": 6,
    "SOW": 7,
    "HLD": 0,
}
UPLOADS = st.lists(st.tuples(st.sampled_from(sorted(ITEM_OF)), st.sampled_from(["UPLOAD", "EMAIL", "SALESFORCE"])), max_size=25)


@pytest.mark.criterion("2.7", "2.2", "2.3", "2.4", "2.6")
@settings(max_examples=150, deadline=None)
@given(
    uploads=UPLOADS,
    segment=st.sampled_from(["NEGOCIO", "CORPORACIONES_EMPRESAS"]),
    special=st.booleans(),
    exception=st.booleans(),
    rejected=st.sampled_from([None, *sorted(ITEM_OF)]),
)
def test_whatever_is_uploaded_the_gate_opens_exactly_with_every_required_item(
    uploads: list[tuple[str, str]], segment: str, special: bool, exception: bool, rejected: str | None
) -> None:
    lines = {SUBORDER: (line("ANTIDDOS-PRY" if special else "SDWAN-100"),)}
    exceptions = ("DESCUENTO_25",) if exception else ()
    desk = Desk(sale(lines, documents=(), segment=segment, exceptions=exceptions)).claimed()
    needed = {1, 2, 3, 5, 7} | ({4} if special else set()) | ({6} if exception else set())
    counting = dict[str, int]()
    for number, (kind, source) in enumerate(uploads, 1):
        desk.attached(kind, source=source, version=number)
        by_mail = source == "EMAIL" and segment != "NEGOCIO"
        unbacked = kind == "CERTIFICADO_APROBACION" and source != "SALESFORCE"
        counting[kind] = 0 if by_mail or unbacked else ITEM_OF[kind]  # the newest version of a document is the document
    if rejected in counting:
        counting.pop(rejected)
    rejection = DocRejection(doc_id=f"doc-{(rejected or 'nada').lower()}", why="ilegible")
    desk.when(ValidateDocs(aggregate=PARENT, rejections=(rejection,)), OWNER)
    assert desk.state.docs_valid is (needed <= set(counting.values()))
    assert set(missing(desk)) == needed - set(counting.values())


@pytest.mark.criterion("2.7")
@settings(max_examples=30, deadline=None)
@given(
    order=st.permutations([*ALWAYS, "ANALISIS_RENTABILIDAD", "APROBACION_EXCEPCION"]),
    checks=st.sets(st.integers(0, 7)),
    source=st.sampled_from(["UPLOAD", "EMAIL"]),
)
def test_no_order_of_uploads_opens_the_gate_with_an_item_open(order: list[str], checks: set[int], source: str) -> None:
    lines = {SUBORDER: (line("ANTIDDOS-PRY"),)}
    desk = Desk(sale(lines, documents=(), exceptions=("DESCUENTO_25",))).claimed()
    for number, kind in enumerate(order):
        if number in checks:
            desk.validated()
        assert not desk.state.docs_valid
        desk.attached(kind, source=source if kind == "SOW" else "UPLOAD")
    assert desk.validated().state.docs_valid is (source == "UPLOAD"), "by mail nothing counts outside Negocio"
