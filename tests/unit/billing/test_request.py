from datetime import timedelta

import pytest

from shared.contracts.acceptance import AcceptanceClockResumed, RejectionUpheld
from shared.contracts.billing import AttachBillingDocument, BillingBlocked, BillingRequested, ProfitabilityApproverMismatched
from shared.contracts.common import NotificationRequested
from shared.contracts.intake import DocsRevalidationRequired, DocumentAttached, DocumentStored, OrderHeld, OrderResumed
from shared.contracts.shapes import Traits
from tests.builders import CREATED, OTHER, PARENT, SUBORDER, bob, digest, doc, item, terms
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


ANALYSIS = doc("ANALISIS_RENTABILIDAD", approver="GERENTE_COMERCIAL_CORPORACIONES")
PROJECT = item(standard=False)


def project(*documents: object) -> Group:
    """A non-standard project of Bs 62.400."""
    papers = validated(*PAPERS, *documents)  # type: ignore[arg-type]
    return Group(sold(suborders={SUBORDER: (PROJECT,)}), papers, freed(SUBORDER, None, PROJECT), account())


@pytest.mark.criterion("15.1", "15.3", "15.6")
def test_a_signature_with_everything_there_is_requested_at_once() -> None:
    group = ready(signed())
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
    assert asked.rules == {"BR018": "2026-09-01"}
    mail = group.of(NotificationRequested)[0]
    assert (mail.template, mail.to[0].ref, len(mail.attachments)) == ("SOLICITUD_ALTA", "area:activaciones", 2)


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
        assert group.of(BillingBlocked)[0].missing == ("APPROVER_MISMATCH",)


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
