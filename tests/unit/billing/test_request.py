from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from services.billing.domain.attachments import expected_approver
from shared.contracts.acceptance import AcceptanceClockResumed, RejectionUpheld
from shared.contracts.billing import (
    AttachBillingDocument,
    BillingBlocked,
    BillingGroupOpened,
    BillingRequested,
    ProfitabilityApproverMismatched,
    ServiceBillingActivated,
)
from shared.contracts.common import NotificationRequested
from shared.contracts.intake import (
    DocsRevalidationRequired,
    DocumentAttached,
    DocumentStored,
    OrderHeld,
    OrderResumed,
    SuborderFailed,
)
from shared.contracts.provisioning import ProvisionedService, ServiceProvisioned
from shared.contracts.shapes import Item, Money, Traits
from shared.rules.load import load_dir
from shared.rules.tables import Tables
from tests.builders import CREATED, OTHER, PARENT, SUBORDER, bob, digest, doc, item, passed_tests, phase, received, terms
from tests.unit.billing.billing_group import (
    OM,
    PAPERS,
    Group,
    account,
    built,
    expired,
    freed,
    notified,
    ready,
    rejected,
    signed,
    sold,
    validated,
)


@pytest.mark.criterion("2.8", "15.4")
@pytest.mark.parametrize("stored_first", [True, False])
def test_an_attachment_held_by_reference_is_requested_with_the_hash_of_its_content_once_it_was_stored(
    stored_first: bool,
) -> None:
    contract = doc("CONTRATO_FIRMADO", hash_of="REFERENCE")
    stored = DocumentStored(parent=PARENT, doc_id=contract.doc_id, sha256=digest("el contrato"))
    other = DocumentStored(parent=PARENT, doc_id="otro", sha256=digest("otro"))
    group = Group(sold(), validated(PAPERS[0], contract), freed(), account(), other)
    group.hears([stored, signed()] if stored_first else [signed(), stored])
    sent = next(one for one in group.request.attachments if one.kind == "CONTRATO_FIRMADO")
    expected = (digest("el contrato"), "CONTENT") if stored_first else (contract.sha256, "REFERENCE")
    assert (sent.sha256, sent.hash_of) == expected


SALE = ("0015g00001XyZ9nAAF", "8005g000001UvWxAAK", "OC-7781", "OPP-2026-008812")
ANALYSIS = doc("ANALISIS_RENTABILIDAD", approver="GERENTE_COMERCIAL_CORPORACIONES")
PROJECT = item(standard=False)


def project(*documents: object) -> Group:
    """A non-standard project of Bs 62.400."""
    papers = validated(*PAPERS, *documents)  # type: ignore[arg-type]
    return Group(sold(suborders={SUBORDER: (PROJECT,)}), papers, freed(SUBORDER, None, PROJECT), account())


@pytest.mark.criterion("15.1", "15.3", "15.6")
def test_a_signature_with_everything_there_is_requested_at_once() -> None:
    own = terms(payer=SALE[0], contract_id=SALE[1], purchase_order=SALE[2])
    group = Group(sold(own, opportunity_code=SALE[3]), validated(), freed(), account(), signed())
    assert group.names() == [
        "FactKept",
        "BillingEvidenceAccepted",
        "BillingRuleEvaluated",
        "BillingPhaseReleased",
        "BillingRequested",
        "NotificationRequested",
    ]
    asked = group.request
    assert (asked.request_id, asked.account, asked.billing_start.isoformat()) == (f"{SUBORDER}/1", "BBD-4471902", "2026-11-30")
    assert [(one.suborder, one.basis) for one in asked.basis] == [(SUBORDER, "SIGNED")]
    assert [one.kind for one in asked.attachments] == ["FORMULARIO_RESUMEN_CONTRATO", "CONTRATO_FIRMADO"]
    assert asked.due == group.now + timedelta(hours=24)
    assert (asked.payer, asked.contract_id, asked.purchase_order, asked.opportunity_code) == SALE
    assert asked.rules == {"BR018": "2026-09-01"}
    mail = group.of(NotificationRequested)[0]
    assert (mail.template, mail.purpose, mail.to[0].ref) == ("SOLICITUD_ALTA", "request/1/1", "area:activaciones")
    assert ([one.doc_id for one in mail.attachments], mail.cc[0].ref) == ([one.doc_id for one in PAPERS], "om-1")
    assert mail.values == {
        "orden": "00012345",
        "cliente": "Agroindustrial Piraí Norte S.A.",
        "solicitud": f"{SUBORDER}/1",
        "fase": "1 de 1, Total (100,00 %)",
        "cuenta": "BBD-4471902",
        "monto": "Bs 5.200,00",
        "vence_el": asked.due.isoformat(),
    }


@pytest.mark.criterion("15.6")
def test_a_request_names_each_service_as_tested_last_whatever_came_first() -> None:
    def told(service: str) -> tuple[ProvisionedService, ...]:
        return (ProvisionedService(item_id=item().item_id, service_id=service, method="REMOTE"),)

    built_as = ServiceProvisioned(parent=PARENT, suborder=SUBORDER, billing_group=SUBORDER, services=told("provisioned"))
    second, first = passed_tests(2, services=told("second")), passed_tests(1, services=told("first"))
    for facts, name in (
        ((built_as,), "provisioned"),
        ((built_as, first, second), "second"),
        ((second, first, built_as), "second"),
    ):
        assert ready(*facts, signed()).request.suborders[0].items[0].service_id == name


@pytest.mark.criterion("3.7", "15.6")
def test_a_contract_that_brings_its_account_needs_none_prepared() -> None:
    own = terms(account="BBD-7")
    group = Group(sold(own), validated(), freed(SUBORDER, own), signed())
    assert group.request.account == "BBD-7"
    assert group.of(BillingGroupOpened)[0].account == "BBD-7"


@pytest.mark.criterion("D8", "15.1")
def test_what_the_operator_no_longer_bills_before_the_acceptance_is_blocked_though_its_trigger_came() -> None:
    soon = terms(mechanism="BY_PHASE", pre_acceptance_agreed=True, phases=(phase(1, "100.00", "NETWORK_BUILT"),))
    group = Group(sold(soon), validated(), freed(SUBORDER, soon), built()).choosing(billing__pre_acceptance="NEVER")
    assert group.when(account()).of(BillingBlocked)[-1].missing == ("NO_ACCEPTANCE_EVIDENCE",)
    assert group.when(expired()).of(BillingBlocked)[-1].missing == ("EXPIRY_NOT_NOTIFIED",)
    asked = group.when(notified()).request
    assert (asked.phase.pre_acceptance, [one.basis for one in asked.basis], asked.triggered_by) == (False, ["EXPIRED"], ())
    told = group.confirms().of(ServiceBillingActivated)[0]
    assert not told.pre_acceptance, "the EC is told of it as of any other (15.7)"


@pytest.mark.criterion("15.1")
def test_a_rejection_between_the_release_of_a_phase_and_its_request_blocks_it() -> None:
    soon = terms(mechanism="BY_PHASE", pre_acceptance_agreed=True, phases=(phase(1, "100.00", "NETWORK_BUILT"),))
    group = Group(sold(soon), validated(), freed(SUBORDER, soon), built(), rejected(), account())
    assert group.of(BillingBlocked)[-1].missing == ("OPEN_REJECTION",)
    asked = group.when(signed()).request
    assert (asked.phase.pre_acceptance, [one.basis for one in asked.basis]) == (False, ["SIGNED"]), (
        "it rests on what there is by then"
    )


@pytest.mark.criterion("12.2", "15.1")
def test_one_site_without_its_ticket_of_regional_is_enough_to_block() -> None:
    key = f"{PARENT}/G1"
    pair = terms(SUBORDER, OTHER, group=key)
    ticket = {SUBORDER: "RITM0045127", OTHER: None}
    cards = [freed(one, pair, traits=Traits(regional=True), regional_ticket=ticket[one]) for one in (SUBORDER, OTHER)]
    group = Group(sold(pair), validated(), *cards, account(key), signed(SUBORDER, key), signed(OTHER, key), group=key)
    assert group.of(BillingBlocked)[-1].missing == ("REGIONAL_TICKET_MISSING",)


@pytest.mark.criterion("14.6", "15.1")
def test_an_expiry_is_evidence_only_with_its_notice() -> None:
    group = ready(expired())
    assert group.of(BillingRequested) == []
    group.when(notified())
    entry = group.request.basis[0]
    assert (entry.basis, entry.notice_id) == ("EXPIRED", "acceptance/mail/9")


@pytest.mark.criterion("15.1")
def test_a_group_waits_for_every_member() -> None:
    key = f"{PARENT}/G1"
    pair = terms(SUBORDER, OTHER, group=key)
    group = Group(sold(pair), validated(), freed(SUBORDER, pair), freed(OTHER, pair), account(key), group=key)
    group.when(signed(SUBORDER, key))
    assert group.of(BillingRequested) == []
    assert len(group.when(signed(OTHER, key)).request.basis) == 2


@pytest.mark.criterion("14.6", "15.1")
def test_what_is_known_of_one_member_leaves_what_is_known_of_the_other() -> None:
    key = f"{PARENT}/G1"
    pair = terms(SUBORDER, OTHER, group=key)
    ticketed = {one: freed(one, pair, traits=Traits(regional=True), regional_ticket=f"RITM-{one}") for one in (SUBORDER, OTHER)}
    both = [told(one, key) for told in (rejected, expired, notified) for one in (SUBORDER, OTHER)]
    held = OrderHeld(parent=PARENT, suborders=(SUBORDER,), reason="Mora")
    group = Group(sold(pair), validated(), *ticketed.values(), account(key), held, *both, group=key)
    group.when(OrderResumed(parent=PARENT, suborders=(SUBORDER,), reason="Pagó"))
    assert group.of(BillingRequested) == []
    for one in (SUBORDER, OTHER):
        assert group.of(BillingRequested) == []
        group.when(AcceptanceClockResumed(parent=PARENT, suborder=one, billing_group=key, deadline=CREATED, slots=(), why="x"))
    assert [entry.basis for entry in group.request.basis] == ["EXPIRED", "EXPIRED"]
    assert group.request.regional_ticket == f"RITM-{SUBORDER}"


@pytest.mark.criterion("15.1")
def test_facts_twice_request_once() -> None:
    group = ready(signed()).hears([signed(), account(), validated(), freed()])
    assert len(group.of(BillingRequested)) == 1


@pytest.mark.criterion("15.4")
def test_what_is_missing_blocks_with_the_exact_list_and_the_last_document_requests() -> None:
    group = Group(sold(), validated(doc("ORDEN_COMPRA")), freed(), account(), signed())
    assert group.of(BillingBlocked)[0].missing == (
        "ATTACHMENT_MISSING:FORMULARIO_RESUMEN_CONTRATO",
        "ATTACHMENT_MISSING:CONTRATO_FIRMADO",  # a purchase order does not serve
    )
    group.when(DocumentAttached(parent=PARENT, doc=PAPERS[0], counts=True))
    assert group.of(BillingBlocked)[-1].missing == ("ATTACHMENT_MISSING:CONTRATO_FIRMADO",)
    group.when(AttachBillingDocument(aggregate=SUBORDER, doc=doc("CERTIFICADO_APROBACION")), OM)
    assert group.names()[:2] == ["BillingDocumentAttached", "BillingRequested"]


@pytest.mark.criterion("15.4")
def test_a_document_that_does_not_count_does_not_serve() -> None:
    group = Group(sold(), validated(PAPERS[0]), freed(), account(), signed())
    group.when(DocumentAttached(parent=PARENT, doc=PAPERS[1], counts=False, why="CHANNEL_NOT_ALLOWED"))
    assert group.of(BillingRequested) == []


@pytest.mark.criterion("15.4")
def test_a_document_of_another_kind_or_with_another_hash_is_refused() -> None:
    group = Group(sold(), validated(), freed())
    assert group.when(AttachBillingDocument(aggregate=SUBORDER, doc=doc("SOW")), OM).code() == "UNKNOWN_DOCUMENT_KIND"
    forged = PAPERS[1].model_copy(update={"sha256": "0" * 64})
    assert group.when(AttachBillingDocument(aggregate=SUBORDER, doc=forged), OM).code() == "HASH_MISMATCH"
    assert group.when(AttachBillingDocument(aggregate=SUBORDER, doc=PAPERS[1]), OM).names() == []
    assert ready(signed()).when(AttachBillingDocument(aggregate=SUBORDER, doc=PAPERS[1]), OM).code() == "WRONG_STAGE"
    half = terms(mechanism="BY_PHASE", phases=(phase(1, "50.00"), phase(2, "50.00")))
    active = Group(sold(half), validated(), freed(SUBORDER, half), account(), signed()).confirms(1)
    assert active.when(AttachBillingDocument(aggregate=SUBORDER, doc=PAPERS[1]), OM).code() == "WRONG_STAGE"


@pytest.mark.criterion("15.4")
def test_of_two_documents_of_one_version_the_later_goes_with_the_request() -> None:
    later = doc("CONTRATO_FIRMADO", "a-later", at=CREATED + timedelta(hours=1))
    for papers in ((*PAPERS, later), (later, *PAPERS)):
        group = Group(sold(), validated(*papers), freed(), account(), signed())
        assert group.request.attachments[1].doc_id == "a-later"


@pytest.mark.criterion("15.4")
@pytest.mark.parametrize(
    ("items", "kinds"),
    [
        ((item(1), item(2, standard=False)), 3),  # one non-standard line is enough
        ((item(1), item(2)), 2),
    ],
)
def test_the_analysis_goes_with_a_request_exactly_when_a_line_is_non_standard(items: tuple[Item, ...], kinds: int) -> None:
    papers = validated(*PAPERS, ANALYSIS)
    group = Group(sold(suborders={SUBORDER: items}), papers, freed(SUBORDER, None, *items), account(), signed())
    assert len(group.request.attachments) == kinds


@pytest.mark.criterion("15.4", "X.3")
def test_a_non_standard_site_that_was_given_up_asks_for_no_analysis_any_more() -> None:
    key = f"{PARENT}/G1"
    pair = terms(SUBORDER, OTHER, group=key)
    order = sold(pair, suborders={SUBORDER: (item(1),), OTHER: (item(2, standard=False),)})
    group = Group(order, validated(), freed(SUBORDER, pair), freed(OTHER, pair), account(key), signed(SUBORDER, key), group=key)
    group.when(SuborderFailed(parent=PARENT, suborder=OTHER, billing_group=key, reason="Sin obra"))
    assert [one.kind for one in group.request.attachments] == ["FORMULARIO_RESUMEN_CONTRATO", "CONTRATO_FIRMADO"]


@pytest.mark.criterion("15.4", "15.5")
def test_a_project_needs_the_analysis_with_the_approver_of_its_amount() -> None:
    assert project(ANALYSIS).when(signed()).request.attachments[-1].kind == "ANALISIS_RENTABILIDAD"
    assert project().when(signed()).of(BillingBlocked)[0].missing == ("ATTACHMENT_MISSING:ANALISIS_RENTABILIDAD",)


@pytest.mark.criterion("15.5")
@pytest.mark.parametrize(
    ("value", "approver"),
    [
        ("50000.00", "JEFE_COMERCIAL_CORPORACIONES"),
        ("50000.01", "GERENTE_COMERCIAL_CORPORACIONES"),  # one cent over
        ("3000000.01", "COMITE_INVERSIONES"),
    ],
)
def test_the_approver_follows_the_contracts_value(value: str, approver: str) -> None:
    own = terms(contract_value=bob(value))
    order = sold(own, suborders={SUBORDER: (PROJECT,)})
    group = Group(order, validated(*PAPERS, ANALYSIS), freed(SUBORDER, own, PROJECT), account(), signed())
    told = group.of(ProfitabilityApproverMismatched)
    if approver == ANALYSIS.approver:
        assert (told, len(group.of(BillingRequested))) == ([], 1)
    else:
        assert (told[0].named, told[0].expected) == (ANALYSIS.approver, approver)
        assert (told[0].amount.amount, told[0].rules) == (Decimal(value), {"APPROVERS": "2026-09-01"})
        assert group.of(BillingBlocked)[0].missing == ("APPROVER_MISMATCH",)


@pytest.mark.criterion("15.5")
def test_an_analysis_that_names_nobody_bills_nobody() -> None:
    group = project(doc("ANALISIS_RENTABILIDAD")).when(signed())
    assert (group.of(BillingRequested), group.of(ProfitabilityApproverMismatched)[0].named) == ([], "")


@pytest.mark.criterion("15.5")
def test_a_foreign_value_is_compared_at_the_orders_own_rate() -> None:
    usd = Money.model_validate({"amount": "6000.00", "currency": "USD", "rate": "9.32", "rate_date": "2026-11-24"})  # Bs 55.920
    own = terms(contract_value=usd)
    papers = validated(*PAPERS, ANALYSIS)
    group = Group(sold(own, suborders={SUBORDER: (PROJECT,)}), papers, freed(SUBORDER, own, PROJECT), account(), signed())
    assert len(group.of(BillingRequested)) == 1


@pytest.mark.criterion("15.5")
def test_the_right_analysis_later_unblocks() -> None:
    wrong = doc("ANALISIS_RENTABILIDAD", approver="DIRECTOR_B2B")
    group = project(wrong).when(signed())
    assert group.of(BillingRequested) == []
    better = doc("ANALISIS_RENTABILIDAD", version=2, approver=ANALYSIS.approver)
    assert "BillingRequested" in group.when(AttachBillingDocument(aggregate=SUBORDER, doc=better), OM).names()


@pytest.mark.criterion("2.8", "15.1")
def test_reopened_documents_stop_the_request_until_validated_anew() -> None:
    group = Group(
        sold(), validated(), freed(), account(), DocsRevalidationRequired(parent=PARENT, revision=1, items=(1,)), signed()
    )
    assert group.of(BillingBlocked)[0].missing == ("DOCS_REOPENED",)
    assert "BillingRequested" in group.when(validated(revision=2)).names()


@pytest.mark.criterion("2.8", "15.4")
def test_a_document_that_the_owner_rejects_later_is_attached_to_no_request() -> None:
    group = ready()
    better = doc("CONTRATO_FIRMADO", "contrato-2", version=2)
    group.when(DocumentAttached(parent=PARENT, doc=better, item=1, counts=True))
    group.when(DocsRevalidationRequired(parent=PARENT, revision=1, items=(1,)))
    group.when(validated(revision=2)).when(signed())
    assert [one.doc_id for one in group.request.attachments] == [one.doc_id for one in PAPERS]


@pytest.mark.criterion("3.7", "12.2", "15.1")
def test_no_request_without_the_account_and_without_the_ticket_of_regional() -> None:
    group = Group(sold(), validated(), freed(SUBORDER, None, traits=Traits(regional=True)), signed())
    assert group.of(BillingBlocked)[0].missing == ("BILLING_ACCOUNT_MISSING", "REGIONAL_TICKET_MISSING")
    group.when(account()).when(signed().model_copy(update={"regional_ticket": "RITM0045127"}))
    assert group.request.regional_ticket == "RITM0045127"
    tested = Group(sold(), validated(), freed(SUBORDER, None, traits=Traits(regional=True)), account(), passed_tests(), signed())
    assert tested.request.regional_ticket == "RITM0045127", "the ticket of the tests serves"


@pytest.mark.criterion("15.1")
def test_nothing_is_requested_while_a_rejection_is_open() -> None:
    soon = terms(
        mechanism="BY_PHASE",
        pre_acceptance_agreed=True,
        phases=[
            {"no": 1, "name": "Red", "percent": "40.00", "trigger": {"on": "ACTIVITY", "activity": "NETWORK_BUILT"}},
            {"no": 2, "name": "Cierre", "percent": "60.00", "trigger": {"on": "ACCEPTANCE"}},
        ],
    )
    group = Group(sold(soon), validated(), freed(SUBORDER, soon), account(), rejected())
    group.when(built())
    assert group.of(BillingRequested) == []
    resumed = AcceptanceClockResumed(
        parent=PARENT, suborder=SUBORDER, billing_group=SUBORDER, deadline=CREATED, slots=(), why="x"
    )
    again = Group(sold(soon), validated(), freed(SUBORDER, soon), account(), rejected(), resumed, rejected(), built())
    assert again.of(BillingRequested) == [], "the second is open although the first was settled"
    assert group.when(resumed).request.phase.pre_acceptance


@pytest.mark.criterion("14.7", "15.1")
def test_an_upheld_rejection_is_no_open_one_and_the_next_series_signs() -> None:
    upheld = RejectionUpheld(
        parent=PARENT,
        suborder=SUBORDER,
        billing_group=SUBORDER,
        rejection_id="r",
        items=("FA-02",),
        cause="LOGICAL",
        target="BY_CAUSE",
    )
    assert len(ready(rejected(), upheld, signed()).of(BillingRequested)) == 1


@pytest.mark.criterion("X.1")
def test_a_hold_of_a_member_keeps_what_is_heard_until_it_ends() -> None:
    group = ready(OrderHeld(parent=PARENT, suborders=(SUBORDER,), reason="Mora"))
    assert group.names() == ["FactKept", "HoldApplied"]
    assert group.when(signed()).names() == ["FactKept"]
    group.when(OrderResumed(parent=PARENT, suborders=(SUBORDER,), reason="Pagó"), at=group.now + timedelta(days=3))
    assert group.names()[:2] == ["FactKept", "HoldLifted"]
    assert group.request.billing_start.isoformat() == "2026-12-03"


@pytest.mark.criterion("X.1")
def test_a_hold_of_another_suborder_is_not_this_groups() -> None:
    assert ready(OrderHeld(parent=PARENT, suborders=(OTHER,), reason="Mora")).names() == []


@pytest.mark.criterion("D2", "15.5")
@pytest.mark.parametrize(
    ("sold", "expected"), [("CORPORACIONES", "COMITE_INVERSIONES"), ("EMPRESAS", "JEFE_COMERCIAL_CORPORACIONES")]
)
def test_the_matrix_may_name_one_of_three_segments(tmp_path: Path, sold: str, expected: str) -> None:
    shipped = (Path(__file__).parents[3] / "services/billing/rules/approvers.yaml").read_text(encoding="utf-8")
    row = "      - {row: C-01, when: {segment: CORPORACIONES, amount: <= 50000.00}, then: {approver: COMITE_INVERSIONES}}\n"
    (tmp_path / "approvers.yaml").write_text(shipped.replace("    cases:\n", f"{row}    cases:\n"), encoding="utf-8")
    group = Group()
    group.tables = Tables({**group.tables, **load_dir([tmp_path])})
    own = terms(SUBORDER, contract_value=bob("50000.00"))
    group.hears([received(own, policy_segment=sold)])
    assert expected_approver(group.state, group.world(OM, "/test", "x")) == expected
