"""Activity 1: an order is received once, rejected, amended or noted by its version."""

from typing import Any

import pytest

from shared.contracts.common import FalloutRaised, FalloutResolved, NotificationRequested, ResolveFallout
from shared.contracts.intake import (
    AmendmentReceived,
    FailSuborder,
    OrderAmended,
    OrderReceived,
    OrderRejected,
    ProductClassified,
    ReturnOrder,
)
from shared.contracts.salesforce import SalesforceOrderCancelled, SalesforceOrderSubmitted
from tests.builders import BANK_LINES, FAMILIES, OTHER, PARENT, SUBORDER, line, sale, sent, terms
from tests.given import MONDAY as NOW
from tests.samples import BANK, order, sample
from tests.unit.intake.desk import OWNER, SUPERVISOR, Desk, broken

THIRD = "8015g00000AbC04AAF"


def corrected(version: int = 2, **changes: Any) -> SalesforceOrderSubmitted:
    """The bank asks for a faster line at its second site."""
    faster = BANK_LINES | {OTHER: (line("FWAAS-GEST-M", 3), line("SDWAN-200", 4, "4870.00"))}
    return sale(faster, version=version, **changes)


@pytest.mark.criterion("1.2")
def test_the_order_of_these_tests_is_what_the_decoder_makes_of_the_bank() -> None:
    decoded, by_hand = order(sample(BANK)).message, sale()
    assert decoded.content
    assert by_hand.content
    for name in ("groups", "suborders", "customer_name", "segment", "offer", "contacts", "executive", "opportunity_code"):
        assert getattr(decoded.content, name) == getattr(by_hand.content, name), name
    assert [one.doc.kind for one in decoded.documents] == [one.doc.kind for one in by_hand.documents]


@pytest.mark.criterion("1.2", "1.4")
def test_two_sites_give_one_parent_with_two_suborders_and_a_task_in_the_queue() -> None:
    desk = Desk()
    (received,) = desk.of(OrderReceived)
    assert [one.site.code for one in received.suborders] == ["LPZ-001", "SCZ-004"]
    assert received.received_at == NOW
    assert desk.waits() == {"OM ClaimOrder"}
    (wait,) = desk.state.waits.values()
    assert all(word in wait.what for word in ("Banco Ejemplo", "FWAAS-GEST-M + SDWAN-100", "Corporaciones", "2 sede(s)"))
    assert wait.since == NOW


@pytest.mark.criterion("1.3")
def test_the_same_version_again_changes_nothing_and_a_lower_one_is_ignored() -> None:
    desk = Desk(sale(version=3))
    for message in (sale(version=3), corrected(2), broken(1)):
        assert desk.when(message).last == []
    assert len(desk.of(OrderReceived)) == 1


@pytest.mark.criterion("1.3")
def test_the_same_version_with_other_content_is_a_task_told_once() -> None:
    desk = Desk().when(corrected(1))
    (raised,) = desk.of(FalloutRaised)
    assert (raised.fallout_class, raised.queue) == ("VERSION_CONFLICT", "OM")
    assert desk.when(corrected(1)).last == []
    assert "OM ResolveFallout" in desk.waits()
    assert not desk.of(OrderAmended)


@pytest.mark.criterion("1.3", "X.4")
def test_a_conflict_of_versions_is_not_tried_again_but_ends_with_a_version_of_its_own_number() -> None:
    desk = Desk().when(corrected(1))
    (raised,) = desk.of(FalloutRaised)
    again = ResolveFallout(aggregate=PARENT, fallout_id=raised.fallout_id, how="RETRY", reason="Otra vez")
    assert desk.when(again, OWNER).code() == "VERSION_CONFLICT"
    assert [one.how for one in desk.when(corrected(2)).of(FalloutResolved)] == ["RETRY"]
    assert desk.waits() == {"OM ClaimOrder"}


@pytest.mark.criterion("1.3")
def test_the_same_version_may_bring_more_documents() -> None:
    desk = Desk().when(sale(documents=(*sale().documents, sent("RIESGO_CREDITICIO"))))
    assert desk.names() == ["DocumentAttached"]


@pytest.mark.criterion("1.3", "X.2")
def test_a_higher_version_before_any_release_replaces_the_content_and_closed_items_are_checked_again() -> None:
    desk = Desk().documented().when(corrected())
    (amended,) = desk.of(OrderAmended)
    assert amended.differences == ("sede SCZ-004 cambiada",)
    assert "DocumentAttached" not in desk.names(), "documents that are judged alike are not told again"
    assert desk.state.stage == "CLAIMED"
    assert not desk.state.docs_valid
    assert desk.waits() == {"OM ValidateDocs"}
    assert desk.validated().generated().state.stage == "PLANNED"


@pytest.mark.criterion("1.3")
@pytest.mark.parametrize(
    ("after", "differences"),
    [
        ({SUBORDER: BANK_LINES[SUBORDER]}, ("sede SCZ-004 retirada",)),
        (BANK_LINES | {THIRD: (line("AWS-ADM", 7),)}, ("sede SCZ-048 agregada",)),
        (BANK_LINES | {OTHER: (line("FWAAS-GEST-M", 3, quantity=2), BANK_LINES[OTHER][1])}, ("sede SCZ-004 cambiada",)),
        (BANK_LINES, ()),
    ],
)
def test_an_amendment_says_which_sites_came_went_and_changed(after: Any, differences: tuple[str, ...]) -> None:
    (amended,) = Desk().when(sale(after, version=2, offer="Otra oferta")).of(OrderAmended)
    assert amended.differences == differences


@pytest.mark.criterion("1.3", "1.7", "X.4")
def test_a_sale_that_corrects_an_unknown_product_ends_its_fallout() -> None:
    desk = Desk(sale(BANK_LINES | {OTHER: (line("SDWAN-999", 3),)}))
    assert [one.fallout_class for one in desk.of(FalloutRaised)] == ["NO_RULE_ROW"]
    desk.when(sale(BANK_LINES | {OTHER: (line("SDWAN-999", 3), line("SDWAN-998", 4))}, version=2))
    assert len(desk.of(FalloutRaised)) == 1, "told once"
    desk.when(sale(BANK_LINES, version=3))
    assert [one.fallout_id for one in desk.of(FalloutResolved)] == [f"{OTHER}/product"]


@pytest.mark.criterion("1.3", "X.3")
def test_an_order_with_a_suborder_that_was_given_up_is_amended_no_more() -> None:
    desk = Desk().planned().released().when(FailSuborder(aggregate=PARENT, suborder=SUBORDER, reason="Sin obra"), SUPERVISOR)
    assert "AmendmentReceived" in desk.when(corrected()).names()


@pytest.mark.criterion("1.3", "3.5", "3.7")
def test_the_account_that_was_asked_for_a_group_goes_on_for_a_member_that_is_still_sold() -> None:
    group = f"{PARENT}/G1"
    desk = Desk(sale(groups=(terms(SUBORDER, OTHER, group=group),))).planned()
    desk.when(sale({OTHER: BANK_LINES[OTHER]}, groups=(terms(OTHER, group=group),), version=2))
    assert desk.state.requests[f"{group}/billing_account"].suborder == OTHER


@pytest.mark.criterion("1.3")
def test_without_an_owner_an_amended_order_is_back_in_the_queue() -> None:
    assert Desk().when(corrected()).state.stage == "RECEIVED"


@pytest.mark.criterion("1.3", "X.2")
def test_a_higher_version_after_a_release_is_kept_once_and_waits_for_the_owner() -> None:
    desk = Desk().planned().released().when(corrected(4))
    (noted,) = desk.of(AmendmentReceived)
    assert (noted.version, noted.differences) == (4, ("sede SCZ-004 cambiada",))
    assert "OM ResolveFallout" in desk.waits()
    (raised,) = desk.of(FalloutRaised)
    assert raised.fallout_class == "AMENDMENT_RECEIVED"
    assert desk.state.subs[SUBORDER].state == "inProgress", "the order goes on as it is"
    resolve = {"aggregate": PARENT, "fallout_id": raised.fallout_id, "reason": "Se acordó con el cliente"}
    assert desk.when(ResolveFallout.model_validate(resolve | {"how": "RETRY"}), OWNER).code() == "AMENDMENT_RECEIVED"
    assert desk.when(corrected(4)).last == []
    assert desk.when(corrected(3)).last == []
    assert not desk.of(OrderAmended)
    desk.when(ResolveFallout.model_validate(resolve | {"how": "MANUAL"}), OWNER)
    assert "OM ResolveFallout" not in desk.waits()


@pytest.mark.criterion("1.3", "3.5", "3.7")
def test_what_was_asked_and_answered_stands_after_an_amendment() -> None:
    desk = Desk().planned().offered().created().when(corrected()).validated().generated()
    answered = {key for key, one in desk.state.requests.items() if one.answered}
    assert answered == {f"{SUBORDER}/quotes", f"{SUBORDER}/service_creation"}
    assert "ActivationsRequested" not in desk.names()
    assert "RegionalTicketRequested" not in desk.names()
    assert "NotificationRequested" not in desk.names(), "nothing new is asked, so no mail goes out"
    assert desk.state.plans == 2


@pytest.mark.criterion("1.3")
def test_a_site_that_the_sale_took_back_is_asked_for_no_more() -> None:
    desk = Desk().planned().when(sale({SUBORDER: BANK_LINES[SUBORDER]}, version=2))
    assert {key.partition("/")[0] for key in desk.state.requests} == {SUBORDER}
    assert desk.answered(f"{OTHER}/service_creation", service_id="X").code() == "UNKNOWN_REQUEST"


@pytest.mark.criterion("1.1", "1.2")
def test_a_broken_order_is_rejected_with_every_violation_and_the_ec_is_told_once() -> None:
    desk = Desk(broken(1, "NO_SITES", "NIT_INVALID"))
    (rejected,) = desk.of(OrderRejected)
    assert [one.code for one in rejected.violations] == ["NO_SITES", "NIT_INVALID"]
    (mail,) = desk.of(NotificationRequested)
    assert (mail.template, mail.to[0].role) == ("ORDEN_RECHAZADA", "EC")
    assert desk.when(broken(1, "NO_SITES", "NIT_INVALID")).last == []
    assert desk.waits() == {"EC SalesforceOrderSubmitted"}
    assert desk.states() == ["rejected"]
    assert not desk.of(OrderReceived)


@pytest.mark.criterion("1.2", "X.10")
def test_a_corrected_message_starts_a_rejected_order_anew() -> None:
    desk = Desk(broken()).when(sale())
    assert desk.state.stage == "RECEIVED"
    assert desk.state.state == "acknowledged"
    assert desk.when(broken()).names() == ["FalloutRaised"], "it is known by now, so it is not rejected again"


@pytest.mark.criterion("1.7")
@pytest.mark.parametrize("in_cpq", [True, False])
@pytest.mark.parametrize("family", ["CIBERSEGURIDAD", "SMART_CONNECTIVITY", "CLOUD", "CONECTIVIDAD"])
def test_only_what_is_neither_in_cpq_nor_of_a_named_family_is_not_homologated(family: str, in_cpq: bool) -> None:
    desk = Desk(sale({SUBORDER: (line("SDWAN-100", family=family, in_cpq=in_cpq),)}))
    (told,) = desk.of(ProductClassified)
    assert told.standard is in_cpq
    assert told.homologated is (in_cpq or family in {"CIBERSEGURIDAD", "SMART_CONNECTIVITY", "CLOUD"})
    assert told.rules["PRODUCTS"]
    assert "CONECTIVIDAD" in FAMILIES.values()


@pytest.mark.criterion("1.7")
def test_every_item_is_classified_with_its_line_access_and_scenario() -> None:
    desk = Desk()
    assert len(desk.of(ProductClassified)) == 4
    (received,) = desk.of(OrderReceived)
    found = [(one.line, one.access, one.scenario) for one in received.suborders[0].items]
    assert found == [
        ("FWAAS_GESTIONADO", "FIBRA_EXISTENTE", "ALTA_ENLACE_EXISTENTE"),
        ("SDWAN", "FIBRA_NUEVA", "ALTA_ENLACE_NUEVO"),
    ]


@pytest.mark.criterion("X.2", "X.3")
def test_a_cancellation_in_salesforce_cancels_nothing_by_itself() -> None:
    desk = Desk().claimed().when(SalesforceOrderCancelled(parent=PARENT))
    (noted,) = desk.of(AmendmentReceived)
    assert (noted.version, noted.differences) == (1, ("CANCELLED",))
    assert "OM ResolveFallout" in desk.waits()
    assert desk.when(SalesforceOrderCancelled(parent=PARENT)).last == []
    assert not any(sub.ended for sub in desk.state.subs.values())


@pytest.mark.criterion("1.3", "1.6")
def test_a_higher_version_brings_a_returned_order_back_to_the_queue() -> None:
    desk = Desk().claimed().when(ReturnOrder(aggregate=PARENT, reason="VENTA_INCOMPLETA"), OWNER)
    assert desk.when(sale()).last == []
    desk.when(corrected(), at=NOW.replace(day=30, hour=20))
    assert (desk.state.stage, desk.state.owner) == ("RECEIVED", None)
    assert len(desk.of(OrderReceived)) == 1, "once per parent"
    assert desk.state.content.received_at == NOW.replace(day=30, hour=20), "its four hours begin again"
