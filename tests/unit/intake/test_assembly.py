"""An order in pieces: its clock, its task, its amendments. Time and people as in 1.2, 1.3 and partners 1.6."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import permutations

import pytest

from services.intake.domain.assembly.resync import ORGANISATION
from shared.contracts.common import FalloutRaised, FalloutResolved, ResolveFallout
from shared.contracts.intake import AmendmentReceived, AssemblyStarted, OrderAmended, OrderReceived, OrderRejected
from shared.contracts.salesforce import SalesforceResyncNeeded
from tests.builders import OTHER, PARENT, SUBORDER
from tests.feeds import ACTIVATED, Change, Sent, Shelf, cdc, dumped, push_topic, records
from tests.given import Given
from tests.samples import BANK, event, order, sample
from tests.unit.intake.desk import OWNER, SUPERVISOR, Desk
from tests.unit.intake.test_order_history import sound

TASK = f"{PARENT}/assembly"
MISSING = "Orden 00012345: llegaron 1 de 2 subórdenes y 2 de 4 ítems"


class Post:
    """Salesforce's messages on their way to an order: what the shelf makes of each is told to the desk at once."""

    def __init__(self) -> None:
        self.shelf, self.desk = Shelf(), Desk(empty=True)

    def comes(self, *sent: Sent) -> "Post":
        for one in sent:
            for found in self.shelf.comes(one):
                self.desk.when(found.message)
                sound(self.desk)
        return self

    def later(self, **time: int) -> "Post":
        self.desk.until(self.desk.now + timedelta(**time))
        sound(self.desk)
        return self

    def received(self) -> list[OrderReceived]:
        return self.desk.of(OrderReceived)

    def tasks(self) -> list[str]:
        """Open tasks, less the one that every order by records has: it never brings NIT and people."""
        return sorted(set(self.desk.state.fallouts) - {f"{PARENT}/absent"})


def pieces(*, without: str = "") -> list[Sent]:
    """All records of the bank's order, less those of one suborder."""
    every = records(sample(BANK))
    return [cdc(one) for one in every if one.id != without and one.fields.get("OrderId") != without]


def changed(fields: dict[str, object], at: int = 9, entity: str = "OrderItem", of: str = "8025g00000It001AAB") -> Sent:
    """A record of the bank's order with other values, told whole."""
    record = next(one for one in reversed(records(sample(BANK))) if one.id == of)
    return push_topic(Change(entity, of, "UPDATE", record.fields | fields, at_ms=ACTIVATED + at))


@pytest.mark.criterion("1.2", "1.3")
def test_an_order_in_pieces_is_received_once_with_the_content_of_the_whole_one() -> None:
    post = Post().comes(*pieces(), *pieces())
    assert post.desk.names()[:2] == ["AssemblyStarted", "FactKept"]
    (received,) = post.received()
    whole = order(sample(BANK)).message
    assert received.content_sha256 == whole.content_sha256
    assert post.later(days=1).desk.state.assembly_due is None


@pytest.mark.criterion("1.2")
def test_drafts_wait_without_limit_and_without_a_task() -> None:
    post = Post().comes(*pieces()[:-1]).later(days=30)
    assert post.desk.facts == []


@pytest.mark.criterion("1.2")
def test_a_missing_piece_is_a_task_at_its_deadline_and_clears_itself_when_it_comes() -> None:
    post = Post().comes(*pieces(without=OTHER))
    (started,) = post.desk.of(AssemblyStarted)
    assert (started.pieces, started.declared) == ("RECORDS", {"suborders": 2, "items": 4})
    assert started.due == post.desk.now + timedelta(minutes=15)
    assert post.desk.state.stage == "ASSEMBLING"
    assert post.later(minutes=14, seconds=59).tasks() == []
    (task,) = post.later(seconds=1).desk.of(FalloutRaised)
    assert (task.fallout_id, task.fallout_class, task.step, task.detail) == (TASK, "ORDER_INCOMPLETE", "ASSEMBLE", MISSING)
    assert post.later(days=3).tasks() == [TASK]
    post.comes(*pieces())
    assert len(post.received()) == 1
    assert post.tasks() == []
    assert [one.fallout_id for one in post.desk.of(FalloutResolved)] == [TASK]


@pytest.mark.criterion("1.2")
def test_an_order_that_was_announced_and_never_came_is_a_task_until_it_comes_whole() -> None:
    post = Post().comes(Sent(dumped({"orderId": PARENT, "orderNumber": "00012345", "siteCount": 2}))).later(minutes=15)
    assert post.tasks() == [TASK]
    post.comes(Sent(dumped(event(sample(BANK)))))
    assert (len(post.received()), post.tasks()) == (1, [])
    assert post.desk.state.by_records is False


@pytest.mark.criterion("1.2")
def test_an_announcement_declares_the_count_that_the_records_lack() -> None:
    graph = records(sample(BANK))
    for one in graph:
        one.fields.pop("SubOrderCount__c", None)
        one.fields.pop("ItemCount__c", None)
    post = Post().comes(*map(cdc, graph)).later(minutes=15)
    assert post.tasks() == [TASK]
    assert "nadie declaró" in post.desk.of(FalloutRaised)[0].detail
    post.comes(Sent(dumped({"orderId": PARENT, "siteCount": 2})))
    assert (len(post.received()), post.tasks()) == (1, [])


@pytest.mark.criterion("1.2")
def test_a_supervisor_may_confirm_that_what_came_is_all_there_is() -> None:
    post = Post().comes(*pieces(without=OTHER)).later(minutes=15)
    confirm = ResolveFallout(aggregate=PARENT, fallout_id=TASK, how="MANUAL", reason="La sede de Santa Cruz no se vendió")
    assert post.desk.when(confirm, OWNER).code() == "SKIP_NOT_ALLOWED"
    assert post.desk.when(confirm.model_copy(update={"reason": " "}), SUPERVISOR).code() == "REASON_REQUIRED"
    post.desk.when(confirm, SUPERVISOR)
    (received,) = post.received()
    assert [one.suborder for one in received.suborders] == [SUBORDER]
    assert post.tasks() == []
    sound(post.desk)


@pytest.mark.criterion("1.2", "X.4")
def test_a_retry_waits_once_more() -> None:
    post = Post().comes(*pieces(without=OTHER)).later(minutes=15)
    retry = ResolveFallout(aggregate=PARENT, fallout_id=TASK, how="RETRY", reason="Salesforce lo reenvía")
    post.desk.when(retry, OWNER)
    assert post.later(minutes=14).tasks() == []
    assert post.later(minutes=1).tasks() == [TASK]


@pytest.mark.criterion("1.3")
def test_changes_after_receipt_are_collected_for_two_minutes_and_are_one_amendment() -> None:
    post = Post().comes(*pieces())
    post.comes(changed({"Quantity": 3})).later(minutes=1)
    post.comes(changed({"UnitPrice": "4100.00"}, of="8025g00000It002AAB")).later(seconds=59)
    assert post.desk.of(OrderAmended) == []
    (amended,) = post.later(seconds=1).desk.of(OrderAmended)
    assert (amended.version, [one.quantity for one in amended.suborders[0].items]) == (2, [3, 1])
    assert str(amended.suborders[0].items[1].unit_price.amount) == "4100.00"
    assert post.later(days=1).desk.state.assembly_due is None


@pytest.mark.criterion("1.3")
def test_what_changes_and_changes_back_is_no_amendment() -> None:
    post = Post().comes(*pieces())
    post.comes(changed({"Quantity": 3}), changed({"Quantity": 1}, at=10)).later(minutes=3)
    assert post.desk.of(OrderAmended) == []


@pytest.mark.criterion("1.3", "X.2")
def test_a_change_after_the_release_is_noted_for_the_owner() -> None:
    post = Post().comes(*pieces())
    post.desk.claimed()
    kinds = ("CONTRATO_FIRMADO", "RELEVAMIENTO_PREVENTA", "SOW", "PROPUESTA_COMERCIAL", "RIESGO_CREDITICIO")
    post.desk.attached(*kinds).validated().generated().released(SUBORDER, OTHER)
    assert post.desk.state.released
    for version, quantity in ((2, 3), (3, 4)):
        post.comes(changed({"Quantity": quantity}, at=quantity)).later(minutes=2)
        assert post.desk.of(AmendmentReceived)[-1].version == version
    assert post.desk.of(OrderAmended) == []


@pytest.mark.criterion("1.3")
def test_an_order_that_came_whole_is_not_amended_by_loose_records() -> None:
    post = Post().comes(Sent(dumped(event(sample(BANK)))), *pieces(), changed({"Quantity": 3})).later(days=1)
    assert (len(post.received()), post.desk.of(OrderAmended), post.tasks()) == (1, [], [])


@pytest.mark.criterion("X.3")
def test_a_delete_after_receipt_is_a_task_and_never_a_cancellation() -> None:
    post = Post().comes(*pieces(), cdc(Change("Order", OTHER, "DELETE", {}, at_ms=ACTIVATED + 5))).later(days=1)
    assert post.tasks() == [f"{OTHER}/deleted"]
    assert "Salesforce borró la suborden" in post.desk.of(FalloutRaised)[-1].detail
    assert set(post.desk.state.live) == {SUBORDER, OTHER}


@pytest.mark.criterion("1.2")
def test_a_delete_before_receipt_takes_the_piece_away() -> None:
    gone = cdc(Change("Order", OTHER, "DELETE", {}, at_ms=ACTIVATED + 5))
    post = Post().comes(gone, *pieces()).later(minutes=15)
    assert post.tasks() == [TASK]
    assert post.desk.of(FalloutRaised)[0].detail == MISSING


@pytest.mark.criterion("X.4")
def test_a_gap_after_receipt_is_a_task_that_a_whole_row_clears_and_the_order_goes_on() -> None:
    post = Post().comes(*pieces(), cdc(Change("Order", SUBORDER, "GAP_UPDATE", {}, at_ms=ACTIVATED + 5)))
    assert post.tasks() == [f"{PARENT}/gap"]
    assert post.desk.claimed().state.stage == "CLAIMED"
    row = next(one for one in records(sample(BANK)) if one.id == SUBORDER)
    post.comes(push_topic(Change("Order", SUBORDER, "UPDATE", row.fields, at_ms=ACTIVATED + 9))).later(minutes=3)
    assert (post.tasks(), post.desk.of(OrderAmended)) == ([], [])


@pytest.mark.criterion("1.2")
def test_what_records_never_bring_is_a_task_and_not_a_violation() -> None:
    every = records(sample(BANK))
    for one in every:
        for name in ("AccountName__c", "SiteName__c", "ProductCode"):
            one.fields.pop(name, None)
    post = Post().comes(*map(cdc, every))
    assert (len(post.received()), post.desk.of(OrderRejected)) == (1, [])
    detail = next(one.detail for one in post.desk.of(FalloutRaised) if one.fallout_id == f"{PARENT}/absent")
    assert "$.order.AccountName" in detail
    codes = {item.product_code for one in post.received()[0].suborders for item in one.items}
    assert codes == {"FWAAS-GEST-M", "SDWAN-100"}, "the mapping's products stand in for the codes"


@pytest.mark.criterion("1.1", "1.2")
def test_an_order_in_pieces_that_breaks_a_rule_is_rejected_and_a_corrected_one_received() -> None:
    every = records(sample(BANK))
    every[0].fields["Segment__c"] = every[-1].fields["Segment__c"] = "Residencial"
    post = Post().comes(*map(cdc, every))
    assert [one.code for one in post.desk.of(OrderRejected)[0].violations] == ["SEGMENT_OUT_OF_SCOPE"]
    post.comes(changed({"Segment__c": "Corporaciones"}, entity="Order", of=PARENT))
    assert len(post.received()) == 1


@pytest.mark.criterion("1.2", "1.3")
def test_every_permutation_of_the_last_pieces_ends_in_the_same_order() -> None:
    every = pieces()
    first, last = every[:-4], every[-4:]

    def told(order_of: Iterable[Sent]) -> tuple[str, list[str]]:
        post = Post().comes(*first, *order_of).later(hours=1)
        return post.received()[0].content_sha256, post.tasks()

    assert len({(found, tuple(tasks)) for found, tasks in map(told, permutations(last))}) == 1


@pytest.mark.criterion("X.4")
def test_a_gap_of_unknown_records_is_one_task_of_the_organisation() -> None:
    org = Given("intake", ORGANISATION, "salesforce:bo-dev", "salesforce:bo-dev")
    needed = SalesforceResyncNeeded(org="bo-dev", entity="order")
    assert "FalloutRaised" in org.when(needed).names()
    assert org.when(needed).names() == []
    key = next(iter(org.state.fallouts))
    command = ResolveFallout(aggregate="salesforce:bo-dev", fallout_id=key, how="MANUAL", reason="Resincronizado")
    assert "FalloutResolved" in org.when(command, SUPERVISOR).names()
    assert not org.decider.waiting(org.state)
