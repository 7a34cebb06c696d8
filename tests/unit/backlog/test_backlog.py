"""When new work is turned away: many facts wait, or one waits for long."""

from importlib import import_module

from shared.contracts.catalogue import SERVICES
from shared.messaging.backlog import Backlog


def backlog() -> Backlog:
    return Backlog(most_rows=50_000, most_seconds=60, since=0.0)


def test_many_waiting_facts_turn_new_work_away() -> None:
    found = backlog()
    found.saw(50_000, 7, at=100)
    assert not found.full(at=101)
    found.saw(50_001, 7, at=101)
    assert found.full(at=101)


def test_one_fact_that_waits_for_more_than_a_minute_does_too() -> None:
    found = backlog()
    found.saw(1, 7, at=100)
    found.saw(9, 7, at=160)
    assert not found.full(at=160)
    assert found.full(at=160.1)


def test_a_queue_that_moves_is_not_old_however_long_there_has_been_one() -> None:
    found = backlog()
    for second in range(200):
        found.saw(10, second, at=100 + second)
    assert not found.full(at=300)


def test_an_empty_outbox_is_never_old() -> None:
    found = backlog()
    found.saw(1, 7, at=100)
    found.saw(0, None, at=130)
    assert not found.full(at=10_000)


def test_answers_signatures_and_releases_are_never_turned_away() -> None:
    policy = [row for name in SERVICES for row in import_module(f"services.{name}.app").SERVICE.roster().policy()]
    turned_away = {row.command.__name__ for row in policy if row.opens_work}
    assert turned_away == {"ClaimOrder", "GenerateWorkOrders", "PlanNetworkBuild", "StartInternalTests", "AmendCalendar"}
