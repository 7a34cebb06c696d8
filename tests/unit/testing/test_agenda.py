import pytest

from services.testing.domain.agenda import of_answer, of_session
from shared.contracts.testing import Replaced, SessionAnswered, SlotBooked, SlotFreed, SlotRefused
from tests.builders import OTHER, PARENT, SUBORDER
from tests.unit.testing.trial import agenda, proposal


@pytest.mark.criterion("11.2")
@pytest.mark.parametrize(
    ("hours", "busy"),
    [(24, True), (25, True), (23, True), (26, False), (22, False)],  # a session of two hours may follow at once
)
def test_no_two_sessions_of_an_engineer_overlap(hours: int, busy: bool) -> None:
    engineer = agenda().when(proposal()).when(proposal(suborder=OTHER, hours=hours))
    assert [one.suborder for one in engineer.of(SlotBooked)] == ([SUBORDER] if busy else [SUBORDER, OTHER])
    assert [(one.suborder, one.conflict) for one in engineer.of(SlotRefused)] == ([(OTHER, "ENGINEER_BUSY")] if busy else [])


@pytest.mark.criterion("11.2")
def test_the_answer_goes_back_to_the_suborder_of_its_order() -> None:
    (booked,) = agenda().when(proposal()).of(SlotBooked)
    assert (booked.parent, booked.suborder, booked.billing_group) == (PARENT, SUBORDER, SUBORDER)


@pytest.mark.criterion("11.2")
def test_a_repeat_books_nothing_twice() -> None:
    assert agenda().when(proposal()).when(proposal()).last == []


@pytest.mark.criterion("11.2")
def test_a_session_may_move_within_its_own_window_and_frees_the_old_slot() -> None:
    moved = proposal(2, hours=25, replaces=Replaced(session=1, engineer="ingeniero-1"))
    engineer = agenda().when(proposal()).when(moved)
    assert engineer.names() == ["SlotFreed", "SlotBooked"]
    assert list(engineer.state.bookings) == [f"{SUBORDER}/2"]


@pytest.mark.criterion("11.2")
def test_a_session_that_moves_to_another_engineer_frees_the_first_ones_agenda() -> None:
    moved = proposal(2, engineer="ingeniero-2", replaces=Replaced(session=1, engineer="ingeniero-1"))
    assert of_session(moved, PARENT).ids == ("agenda:ingeniero-2", "agenda:ingeniero-1")
    first, second = agenda().when(proposal()).when(moved), agenda("ingeniero-2").when(moved)
    assert first.names() == ["SlotFreed"]
    assert first.state.bookings == {}
    assert second.names() == ["SlotBooked"]


@pytest.mark.criterion("11.2")
def test_a_no_frees_the_slot_once() -> None:
    answer = SessionAnswered(parent=PARENT, suborder=SUBORDER, session=1, party="CLIENTE", accepted=False, engineer="ingeniero-1")
    assert of_answer(answer, PARENT).ids == of_session(proposal(), PARENT).ids == ("agenda:ingeniero-1",)
    engineer = agenda().when(proposal()).when(answer).when(answer)
    assert len(engineer.of(SlotFreed)) == 1
    assert engineer.when(proposal(suborder=OTHER)).names() == ["SlotBooked"]
