"""Activity 2: documents are attached, replaced and stored; whether one counts is said with it."""

import pytest

from services.intake.app import ORDER
from shared.common.behaviours import TRIES
from shared.contracts.common import FalloutRaised, FalloutResolved, RecordEffectFailed, ResolveFallout
from shared.contracts.intake import (
    AttachDocument,
    DocsRevalidationRequired,
    DocumentAttached,
    DocumentReplaced,
    DocumentStored,
    RecordDocumentStored,
)
from shared.contracts.salesforce import SalesforceDocumentsAdded, SentDocument
from shared.decider import Effect
from tests.builders import BANK_DOCUMENTS, PARENT, digest, doc, sale, sent
from tests.unit.intake.desk import EC, OWNER, SUPERVISOR, SYSTEM, Desk

BASES = ("ORDEN_COMPRA", "CONTRATO_FIRMADO", "RESPALDO_CONTRACTUAL", "CERTIFICADO_APROBACION")


def added(*documents: SentDocument) -> SalesforceDocumentsAdded:
    return SalesforceDocumentsAdded(parent=PARENT, documents=documents)


def wanted(desk: Desk) -> dict[str, Effect]:
    return {one.key: one for one in ORDER.effects(desk.state)}


@pytest.mark.criterion("2.2")
@pytest.mark.parametrize("kind", BASES)
def test_each_of_the_four_alone_is_a_contractual_basis(kind: str) -> None:
    others = tuple(one for one in BANK_DOCUMENTS if one.doc.kind != "CONTRATO_FIRMADO")
    desk = Desk(sale(documents=(*others, sent(kind)))).documented()
    assert desk.names()[0] == "DocsValidated"


@pytest.mark.criterion("2.2")
@pytest.mark.parametrize("source", ["UPLOAD", "EMAIL"])
def test_a_certificate_counts_only_if_it_is_in_salesforce(source: str) -> None:
    desk = Desk(sale(segment="NEGOCIO")).claimed().attached("CERTIFICADO_APROBACION", source=source)
    told = desk.of(DocumentAttached)[-1]
    assert (told.item, told.counts, told.why) == (1, False, "CERTIFICATE_NOT_IN_SALESFORCE")


@pytest.mark.criterion("2.6")
@pytest.mark.parametrize(("segment", "why"), [("NEGOCIO", None), ("CORPORACIONES_EMPRESAS", "CHANNEL_NOT_ALLOWED")])
def test_a_mailed_document_is_kept_and_counts_for_negocio_alone(segment: str, why: str | None) -> None:
    desk = Desk(sale(segment=segment)).claimed().attached("PROPUESTA_COMERCIAL", source="EMAIL")
    told = desk.of(DocumentAttached)[-1]
    assert (told.counts, told.why) == (why is None, why)
    assert told.doc.doc_id in desk.state.documents


@pytest.mark.criterion("2.1", "2.6")
def test_documents_that_come_before_their_order_are_kept_and_judged_by_it() -> None:
    mailed, file = sent("PROPUESTA_COMERCIAL", source="EMAIL"), sent("RIESGO_CREDITICIO")
    desk = Desk(empty=True).when(added(mailed, file))
    assert desk.waits() == {"EC SalesforceOrderSubmitted"}
    desk.when(sale(segment="NEGOCIO"))
    assert all(one.counts for one in desk.state.documents.values())
    assert desk.claimed().validated().names()[0] == "DocsValidated"


@pytest.mark.criterion("2.1")
def test_an_unknown_kind_counts_for_nothing_from_salesforce_and_is_refused_by_hand() -> None:
    desk = Desk().when(added(sent("FACTURA")))
    assert (desk.of(DocumentAttached)[-1].counts, desk.of(DocumentAttached)[-1].why) == (False, "UNKNOWN_DOCUMENT_KIND")
    assert desk.when(AttachDocument(aggregate=PARENT, doc=doc("FACTURA")), EC).code() == "UNKNOWN_DOCUMENT_KIND"


@pytest.mark.criterion("2.8")
def test_one_without_a_time_gets_the_moment_of_receipt() -> None:
    undated = sent("HLD").model_copy(update={"undated": True})
    desk = Desk().when(added(undated))
    assert desk.of(DocumentAttached)[-1].doc.at == desk.now


@pytest.mark.criterion("2.8")
def test_the_same_version_again_changes_nothing_unless_its_content_differs() -> None:
    desk = Desk().claimed().attached("PROPUESTA_COMERCIAL")
    assert desk.attached("PROPUESTA_COMERCIAL").last == []
    assert desk.attached("PROPUESTA_COMERCIAL", sha256=digest("otro")).code() == "HASH_MISMATCH"


@pytest.mark.criterion("2.8")
def test_replacing_validated_documents_opens_their_items_at_once_until_validated_anew() -> None:
    desk = Desk().documented().when(added(sent("SOW", version=2), sent("CONTRATO_FIRMADO", version=2), sent("HLD")))
    assert [(one.item, one.counts, one.rules) for one in desk.of(DocumentReplaced)] == [
        (7, True, {"DOCUMENTS": "2026-09-01"}),
        (1, True, {"DOCUMENTS": "2026-09-01"}),
    ]
    (reopened,) = desk.of(DocsRevalidationRequired)
    assert (reopened.revision, reopened.items) == (1, (1, 7))
    assert desk.waits() == {"OM ValidateDocs"}
    assert desk.generated().code() == "DOCS_NOT_VALID"
    assert desk.validated().state.revision == 2


@pytest.mark.criterion("2.8")
def test_nothing_more_is_released_while_an_item_is_open() -> None:
    desk = Desk().planned().when(added(sent("SOW", version=2))).released()
    assert desk.cards() == {}
    assert len(desk.validated().cards()) == 1


@pytest.mark.criterion("2.8")
def test_a_document_that_served_nothing_opens_nothing_when_it_is_replaced() -> None:
    mailed = "doc-sow-por-correo"  # outside Negocio it counts for nothing
    desk = (
        Desk().documented().attached("SOW", name=mailed, source="EMAIL").attached("SOW", name=mailed, source="EMAIL", version=2)
    )
    assert [one.replaces for one in desk.of(DocumentReplaced)] == [mailed]
    assert desk.of(DocsRevalidationRequired) == []


@pytest.mark.criterion("2.8")
def test_files_that_salesforce_names_are_fetched_and_those_of_a_person_are_there_already() -> None:
    desk = Desk().claimed().attached("PROPUESTA_COMERCIAL")
    assert set(wanted(desk)) == {f"store/{one.doc.doc_id}/1" for one in BANK_DOCUMENTS}
    desk.when(RecordDocumentStored(aggregate=PARENT, doc_id="doc-sow", sha256=digest("contenido")), SYSTEM)
    (stored,) = desk.of(DocumentStored)
    kept = desk.state.documents["doc-sow"].doc
    assert (stored.sha256, kept.hash_of, kept.sha256) == (digest("contenido"), "CONTENT", digest("contenido"))
    assert "store/doc-sow/1" not in wanted(desk)
    repeated = RecordDocumentStored(aggregate=PARENT, doc_id="doc-sow", sha256=digest("contenido"))
    assert desk.when(repeated, SYSTEM).last == []


@pytest.mark.criterion("2.8", "X.4")
def test_an_outcome_is_taken_before_the_order_is_there() -> None:
    desk = Desk(empty=True).when(added(sent("SOW")))
    desk.when(RecordDocumentStored(aggregate=PARENT, doc_id="doc-sow", sha256=digest("x")), SYSTEM)
    assert desk.names() == ["DocumentStored"]


@pytest.mark.criterion("2.8", "X.4")
def test_another_file_than_was_announced_is_a_task_of_the_ec_until_a_newer_one_comes() -> None:
    desk = Desk(sale(documents=(sent("SOW", hash_of="CONTENT"),)))
    wrong = RecordDocumentStored(aggregate=PARENT, doc_id="doc-sow", sha256=digest("otro"))
    (raised,) = desk.when(wrong, SYSTEM).of(FalloutRaised)
    assert (raised.fallout_class, raised.queue) == ("HASH_MISMATCH", "EC")
    assert wanted(desk) == {}
    assert "EC ResolveFallout" in desk.waits()
    assert desk.when(wrong, SYSTEM).last == []
    desk.when(added(sent("SOW", hash_of="CONTENT", version=2)))
    assert [one.fallout_id for one in desk.of(FalloutResolved)] == [raised.fallout_id]
    assert set(wanted(desk)) == {"store/doc-sow/2"}


@pytest.mark.criterion("2.8", "X.4")
def test_a_retry_fetches_another_file_again_and_the_task_ends_with_the_right_one() -> None:
    desk = Desk(sale(documents=(sent("SOW", hash_of="CONTENT"),)))
    told = {"aggregate": PARENT, "doc_id": "doc-sow"}
    wrong, right = (RecordDocumentStored.model_validate(told | {"sha256": one}) for one in (digest("otro"), digest("doc-sow")))
    (raised,) = desk.when(wrong, SYSTEM).of(FalloutRaised)
    again = ResolveFallout(aggregate=PARENT, fallout_id=raised.fallout_id, how="RETRY", reason="Subieron el correcto")
    assert desk.when(again, EC).names() == ["EffectDeferred"]
    assert wanted(desk)["store/doc-sow/1"].attempt == 1
    desk.when(RecordEffectFailed(aggregate=PARENT, key="store/doc-sow/1", attempt=1, code="TimeoutError"), SYSTEM)
    assert wanted(desk)["store/doc-sow/1"].attempt == 2, "the retry itself may fail and is tried again"
    assert desk.when(wrong, SYSTEM).names() == ["EffectDeferred"]
    assert (wanted(desk), set(desk.state.fallouts)) == ({}, {raised.fallout_id})
    assert desk.when(again, EC).when(right, SYSTEM).names() == ["DocumentStored", "FalloutResolved"]
    assert (desk.of(FalloutResolved)[-1].how, desk.state.fallouts) == ("RETRY", {})


@pytest.mark.criterion("X.4")
def test_a_file_that_cannot_be_fetched_is_a_task_after_the_last_try_and_ends_with_its_success() -> None:
    desk = Desk(sale(documents=(sent("SOW"),)))
    for attempt in range(1, TRIES + 1):
        assert wanted(desk)["store/doc-sow/1"].attempt == attempt
        desk.when(RecordEffectFailed(aggregate=PARENT, key="store/doc-sow/1", attempt=attempt, code="TimeoutError"), SYSTEM)
    (raised,) = desk.of(FalloutRaised)
    assert wanted(desk) == {}
    again = ResolveFallout(aggregate=PARENT, fallout_id=raised.fallout_id, how="RETRY", reason="Volvió la red")
    assert desk.when(again, OWNER).names() == ["EffectDeferred"]
    assert wanted(desk)["store/doc-sow/1"].attempt == 1
    desk.when(RecordDocumentStored(aggregate=PARENT, doc_id="doc-sow", sha256=digest("x")), SYSTEM)
    assert [one.fallout_id for one in desk.of(FalloutResolved)] == [raised.fallout_id]


@pytest.mark.criterion("X.4")
@pytest.mark.parametrize(("how", "who"), [("MANUAL", OWNER), ("SKIP", SUPERVISOR)])
def test_a_file_that_was_brought_by_hand_or_skipped_is_not_fetched_any_more(how: str, who: object) -> None:
    desk = Desk(sale(documents=(sent("SOW"), sent("HLD"))))
    failed = RecordEffectFailed(aggregate=PARENT, key="store/doc-sow/1", attempt=TRIES, code="TimeoutError")
    (raised,) = desk.when(failed, SYSTEM).of(FalloutRaised)
    command = {"aggregate": PARENT, "fallout_id": raised.fallout_id, "how": how, "reason": "Está en el archivo"}
    desk.when(ResolveFallout.model_validate(command), who)  # type: ignore[arg-type]  # an actor, from the table
    assert set(wanted(desk)) == {"store/doc-hld/1"}, "the other file is fetched as before"
    assert "OM ResolveFallout" not in desk.waits()
