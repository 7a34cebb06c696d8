from datetime import date, timedelta
from typing import Any

import pytest

from shared.contracts.base import DeadlineReached
from shared.contracts.common import (
    FalloutRaised,
    FalloutResolved,
    JeopardyCleared,
    JeopardyRaised,
    NotificationRequested,
    ResolveFallout,
)
from shared.contracts.intake import OrderHeld, OrderResumed, SuborderFailed
from shared.contracts.provisioning import (
    Alternative,
    EquipmentReleased,
    EquipmentReserved,
    EquipmentShortageDetected,
    EquipmentStockChecked,
    ReleaseEquipment,
    ReportStock,
    StockCheckRequested,
    TechnicalVisitOrdered,
)
from shared.contracts.shapes import Equipment
from tests.builders import PARENT, SUBORDER
from tests.given import MONDAY as NOW
from tests.products import SDWAN, ficha, released_with, sold
from tests.unit.provisioning.delivery import OWNER, STOCK, SUPERVISOR, Delivery, there

TWO = released_with(
    ficha(sold("SDWAN"), traits=SDWAN.model_copy(update={"equipment": (Equipment(sku="CPE-SDW-L", quantity=2),)}))
)


def asked() -> Delivery:
    return Delivery().networked().configured()


@pytest.mark.criterion("7.1")
def test_the_jefe_de_producto_is_asked_by_mail_after_the_configuration() -> None:
    delivery = asked()
    (check,) = delivery.of(StockCheckRequested)
    assert check.items == (Equipment(sku="CPE-SDW-S", quantity=1),)
    mail = delivery.of(NotificationRequested)[-1]
    assert (mail.template, mail.purpose) == ("CONSULTA_STOCK", "stock/1")
    assert [one.ref for one in (*mail.to, *mail.cc)] == ["area:jefe_producto", "om-1"]
    assert mail.values["equipos"] == "1 CPE-SDW-S"
    assert delivery.waits() == {"JEFE_PRODUCTO ReportStock"}


@pytest.mark.criterion("7.1", "7.2")
def test_equipment_that_is_there_is_reserved_for_fifteen_business_days_and_only_then_a_visit_is_ordered() -> None:
    delivery = asked()
    assert delivery.of(TechnicalVisitOrdered) == []
    (reserved,) = delivery.stocked().of(EquipmentReserved)
    assert [one.items for one in delivery.of(EquipmentStockChecked)] == [(there(),)]
    assert [one.warehouse for one in reserved.items] == ["ALM-SCZ-01"]
    assert reserved.until == NOW + timedelta(days=21)
    assert len(delivery.of(TechnicalVisitOrdered)) == 1


@pytest.mark.criterion("7.1")
@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ((there("ROUTER-LTE"),), "UNKNOWN_SKU"),
        ((there(warehouse=None),), "WAREHOUSE_REQUIRED"),
        ((), "INVALID_FIELDS"),  # every item is answered
    ],
)
def test_an_answer_that_cannot_be_used_is_refused(answers: Any, code: str) -> None:
    delivery = asked().when(ReportStock(aggregate=SUBORDER, items=answers), STOCK)
    assert delivery.refusal
    assert delivery.refusal.code == code


@pytest.mark.criterion("7.1")
def test_two_pieces_may_come_from_two_warehouses_and_no_more_than_needed_is_reserved() -> None:
    delivery = Delivery(TWO).networked().configured()
    delivery.stocked(there("CPE-SDW-L", 1, "ALM-SCZ-01"), there("CPE-SDW-L", 5, "ALM-LPZ-01"))
    (reserved,) = delivery.of(EquipmentReserved)
    assert [(one.quantity, one.warehouse) for one in reserved.items] == [(1, "ALM-SCZ-01"), (1, "ALM-LPZ-01")]


@pytest.mark.criterion("7.1")
def test_a_warehouse_that_has_none_gives_none() -> None:
    delivery = asked().stocked(there(available=False, warehouse=None), there(warehouse="ALM-LPZ-01"))
    assert [(one.quantity, one.warehouse) for one in delivery.of(EquipmentReserved)[0].items] == [(1, "ALM-LPZ-01")]


def short(expected: date | None = None) -> Delivery:
    command = ReportStock(
        aggregate=SUBORDER,
        items=(there(quantity=0, available=False, warehouse=None, expected=expected),),
        alternatives=(Alternative(sku="CPE-SDW-M", warehouse="ALM-CBB-01"),),
    )
    return asked().when(command, STOCK)


@pytest.mark.criterion("7.2", "X.4", "X.5")
def test_a_shortage_is_a_red_jeopardy_and_a_fallout_with_date_and_alternatives() -> None:
    delivery = short(date(2026, 12, 21))
    (shortage,) = delivery.of(EquipmentShortageDetected)
    assert (shortage.items[0].missing, shortage.items[0].expected) == (1, date(2026, 12, 21))
    assert shortage.items[0].alternatives == (Alternative(sku="CPE-SDW-M", warehouse="ALM-CBB-01"),)
    assert [(one.fallout_class, one.queue) for one in delivery.of(FalloutRaised)] == [("SHORTAGE", "JEFE_PRODUCTO")]
    assert [one.level for one in delivery.of(JeopardyRaised)] == ["RED"]
    assert delivery.waits() == {"JEFE_PRODUCTO ReportStock"}
    assert delivery.of(TechnicalVisitOrdered) == []


@pytest.mark.criterion("7.2")
def test_another_warehouse_serves_its_own_sku_and_an_equivalent_serves_all_that_are_missing() -> None:
    both = SDWAN.model_copy(update={"equipment": tuple(Equipment(sku=one) for one in ("CPE-SDW-M", "ROUTER-LTE"))})
    nearby, equivalent = (Alternative(sku=one, warehouse="ALM-CBB-01") for one in ("ROUTER-LTE", "CPE-SDW-L"))
    none = tuple(there(one, 0, None, available=False) for one in ("CPE-SDW-M", "ROUTER-LTE"))
    delivery = Delivery(released_with(ficha(traits=both))).networked().configured()
    delivery.when(ReportStock(aggregate=SUBORDER, items=none, alternatives=(nearby, equivalent)), STOCK)
    offered = {one.sku: one.alternatives for one in delivery.of(EquipmentShortageDetected)[0].items}
    assert offered == {"CPE-SDW-M": (equivalent,), "ROUTER-LTE": (nearby, equivalent)}


@pytest.mark.criterion("7.2", "X.4", "X.5")
def test_a_shortage_that_goes_on_is_told_again_but_is_one_fallout_and_one_jeopardy() -> None:
    delivery = short()
    delivery.stocked(there(quantity=0, available=False, warehouse=None))
    assert delivery.names() == ["EquipmentStockChecked", "EquipmentShortageDetected"]


@pytest.mark.criterion("7.2", "X.4")
def test_equipment_that_arrives_ends_shortage_fallout_and_jeopardy() -> None:
    delivery = short().stocked()
    assert [one.how for one in delivery.of(FalloutResolved)] == ["RETRY"]
    assert len(delivery.of(JeopardyCleared)) == 1
    assert delivery.state.stage == "VISIT"
    assert delivery.state.fallouts == {}


@pytest.mark.criterion("X.4")
def test_a_retry_asks_the_stock_again_and_the_fallout_ends_with_its_success() -> None:
    delivery = short()
    fallout = next(iter(delivery.state.fallouts))
    delivery.when(ResolveFallout(aggregate=SUBORDER, fallout_id=fallout, how="RETRY", reason="Llegó un lote"), STOCK)
    assert len(delivery.of(StockCheckRequested)) == 2
    assert delivery.of(FalloutResolved) == []
    assert [one.how for one in delivery.stocked().of(FalloutResolved)] == ["RETRY"]


@pytest.mark.criterion("X.4")
def test_a_supervisor_may_go_on_without_the_equipment_and_it_shows_in_the_result() -> None:
    delivery = short()
    fallout = next(iter(delivery.state.fallouts))
    skip = ResolveFallout(aggregate=SUBORDER, fallout_id=fallout, how="SKIP", reason="El cliente pone su CPE")
    delivery.when(skip, OWNER)
    assert delivery.refusal
    assert delivery.refusal.code == "SKIP_NOT_ALLOWED"
    delivery.when(skip, SUPERVISOR).visited().verified().confirmed()
    assert delivery.last[0].model_dump()["skipped"] == ("EQUIPMENT",)
    assert len(delivery.of(JeopardyCleared)) == 1


@pytest.mark.criterion("7.2")
def test_a_reservation_that_ends_is_released_and_the_stock_is_asked_again() -> None:
    delivery = asked().stocked().until(NOW + timedelta(days=21))
    assert [one.why for one in delivery.of(EquipmentReleased)] == ["EXPIRED"]
    assert [one.purpose for one in delivery.of(NotificationRequested) if one.template == "CONSULTA_STOCK"] == [
        "stock/1",
        "stock/2",
    ]
    assert delivery.state.stage == "EQUIPMENT"
    assert delivery.stocked().state.stage == "VISIT"
    assert len(delivery.of(TechnicalVisitOrdered)) == 1


@pytest.mark.criterion("7.2", "X.1")
def test_a_hold_moves_the_end_of_a_reservation_by_exactly_the_time_paused() -> None:
    delivery = asked().stocked().when(OrderHeld(parent=PARENT, suborders=(SUBORDER,), reason="Obra"))
    delivery.when(OrderResumed(parent=PARENT, suborders=(SUBORDER,), reason="Lista"), at=NOW + timedelta(days=4))
    assert delivery.decider.deadlines(delivery.state, delivery.calendar) == {"reservation_end": NOW + timedelta(days=25)}


@pytest.mark.criterion("7.2")
def test_the_end_of_a_reservation_that_comes_too_early_or_too_late_releases_nothing() -> None:
    for delivery in (asked().stocked(), asked().stocked().visited()):
        assert delivery.when(DeadlineReached(name="reservation_end", due=delivery.now)).last == []


@pytest.mark.criterion("7.2")
def test_equipment_that_was_installed_is_not_released_any_more() -> None:
    delivery = asked().stocked().visited().until(NOW + timedelta(days=90))
    assert delivery.of(EquipmentReleased) == []


@pytest.mark.criterion("7.2")
def test_a_reservation_is_given_back_with_a_reason() -> None:
    delivery = asked().stocked().when(ReleaseEquipment(aggregate=SUBORDER, reason=" "), STOCK)
    assert delivery.refusal
    assert delivery.refusal.code == "REASON_REQUIRED"
    delivery.when(ReleaseEquipment(aggregate=SUBORDER, reason="Se necesita en otra sede"), STOCK)
    assert [one.why for one in delivery.of(EquipmentReleased)] == ["REPLACED"]
    assert delivery.state.stage == "EQUIPMENT"


@pytest.mark.criterion("7.2", "X.3")
def test_a_suborder_given_up_gives_its_reservation_back_and_waits_for_nobody() -> None:
    delivery = asked().stocked().when(SuborderFailed(parent=PARENT, suborder=SUBORDER, reason="El cliente desiste"))
    assert [one.why for one in delivery.of(EquipmentReleased)] == ["CANCELLED"]
    assert delivery.state.stage == "STOPPED"
    assert delivery.waits() == set()
    assert delivery.decider.deadlines(delivery.state, delivery.calendar) == {}
