"""What every service asks of people alike: whose task and whose fallout it is, who may be named, what a note may say."""

import pytest

from shared.contracts.base import Message
from shared.contracts.common import AddNote, AssignTask, NoteAdded, ResolveFallout, TaskAssigned
from shared.contracts.intake import AssignTeam, OrderReassigned, ReassignOrder
from shared.contracts.refusals import REFUSALS
from shared.decider import Actor
from tests.builders import BANK_LINES, OTHER, PARENT, SUBORDER, line, sale
from tests.given import Given, actor
from tests.unit.intake.desk import ACTIVACIONES, EC, OWNER, PEOPLE, RIVAL, SUPERVISOR, Desk
from tests.unit.provisioning.delivery import ENGINEER, STOCK, Delivery

ASK_QUOTES = f"{SUBORDER}/SubmitQuote/quotes"
NOC = actor("NOC")


def code(told: Given) -> str:
    return told.refusal.code if told.refusal else ""


@pytest.mark.criterion("X.7")
def test_anybody_of_the_team_leaves_a_note_also_while_the_order_is_held() -> None:
    desk = Desk().claimed()
    (note,) = desk.when(AddNote(aggregate=PARENT, text="El edificio cierra a las 18:00"), EC).of(NoteAdded)
    assert note.text == "El edificio cierra a las 18:00"
    assert len(note.sha256) == 64
    assert note.note_id == "test/8015g00000AbC01AAF/4", "who and when stand with the fact of this id"


@pytest.mark.criterion("X.7")
@pytest.mark.parametrize(
    "text",
    [
        "Llamar a maria.quispe@example.com",
        "Llamar al 71234567",
        "Llamar al +591 33445566",
        "Su NIT es 1000001023",
    ],
)
def test_a_note_with_personal_data_is_refused(text: str) -> None:
    desk = Desk().claimed().when(AddNote(aggregate=PARENT, text=text), OWNER)
    assert (desk.code(), desk.of(NoteAdded)) == ("PERSONAL_DATA", [])


@pytest.mark.criterion("X.6")
@pytest.mark.parametrize(
    ("who", "refused"),
    [(ACTIVACIONES, ""), (SUPERVISOR, ""), (OWNER, "ROLE_NOT_ALLOWED"), (NOC, "ROLE_NOT_ALLOWED")],
)
def test_a_task_is_taken_by_who_has_its_role_or_given_by_a_supervisor(who: Actor, refused: str) -> None:
    desk = Desk().planned()
    assert ASK_QUOTES in desk.state.waits
    assert desk.when(AssignTask(aggregate=PARENT, key=ASK_QUOTES, to="area:activaciones"), who).code() == refused
    assert len(desk.of(TaskAssigned)) == (not refused)
    assert desk.when(AssignTask(aggregate=PARENT, key="nada"), SUPERVISOR).code() == "UNKNOWN_TASK"


@pytest.mark.criterion("X.4")
@pytest.mark.parametrize(
    ("who", "refused"),
    [(STOCK, ""), (SUPERVISOR, ""), (OWNER, "ROLE_NOT_ALLOWED"), (ENGINEER, "ROLE_NOT_ALLOWED"), (NOC, "ROLE_NOT_ALLOWED")],
)
def test_a_fallout_is_resolved_by_the_role_whose_queue_it_is_in(who: Actor, refused: str) -> None:
    delivery = Delivery().networked().configured()
    missing = {"sku": "CPE-SDW-S", "quantity": 1, "available": False}
    command: Message = _command("provisioning", "ReportStock", items=[missing])
    fallout = next(iter(delivery.when(command, STOCK).state.fallouts))
    by_hand = ResolveFallout(aggregate=SUBORDER, fallout_id=fallout, how="MANUAL", reason="Lo trajo el proveedor")
    assert code(delivery.when(by_hand, who)) == refused
    assert bool(delivery.state.fallouts) is bool(refused)


def _command(service: str, name: str, **fields: object) -> Message:
    from shared.contracts.catalogue import COMMANDS  # noqa: PLC0415

    return COMMANDS[service][name].model_validate({"aggregate": SUBORDER, **fields})


@pytest.mark.criterion("1.9")
def test_a_new_owner_takes_over_what_the_old_one_was_given_and_nothing_else() -> None:
    desk = Desk().claimed()
    (mine,) = [key for key, wait in desk.state.waits.items() if wait.party == "OM"]
    desk.when(AssignTask(aggregate=PARENT, key=mine, to=OWNER.id), OWNER)
    desk.when(ReassignOrder(aggregate=PARENT, to=RIVAL.id, reason="Vacaciones"), OWNER)
    assert desk.state.waits[mine].assigned_to == RIVAL.id
    delivery = Delivery()
    (theirs,) = delivery.state.waits
    delivery.when(AssignTask(aggregate=SUBORDER, key=theirs, to="ingeniero-1"), ENGINEER)
    delivery.when(OrderReassigned.model_validate({"parent": PARENT, "from": OWNER.id, "to": RIVAL.id, "reason": "Vacaciones"}))
    assert (delivery.state.owner, delivery.state.waits[theirs].assigned_to) == (RIVAL.id, "ingeniero-1")


@pytest.mark.criterion("1.9", "4.2", "X.6")
def test_nobody_is_named_whom_the_operator_does_not_know_in_that_role() -> None:
    desk = Desk(sale({SUBORDER: BANK_LINES[SUBORDER], OTHER: (line("SDWAN-100", 3),)})).planned()
    desk.knowing(om_1="OM", om_2="OM", ingeniero_1="INGENIERO_B2B", pm_1="PROJECT_MANAGER")
    for named, refused in (("om-9", "UNKNOWN_STAFF"), ("ingeniero-1", "UNKNOWN_STAFF"), ("om-2", "")):
        assert desk.when(ReassignOrder(aggregate=PARENT, to=named, reason="Vacaciones"), OWNER).code() == refused, named
    team = {**PEOPLE, "INGENIERO_B2B": "ingeniero-7"}
    roles = {role: team[role] for role in desk.state.subs[SUBORDER].roles}
    desk.when(AssignTeam(aggregate=PARENT, suborders=(SUBORDER,), roles=roles), RIVAL)
    assert desk.refusal
    told = REFUSALS["UNKNOWN_STAFF"].sentence.format(**desk.refusal.details)
    assert (desk.code(), told) == ("UNKNOWN_STAFF", "No se conoce al usuario ingeniero-7 en el rol INGENIERO_B2B.")
    assert desk.staffed().code() != "UNKNOWN_STAFF", "an area's queue is always known"
    (task, *_) = [key for key, wait in desk.state.waits.items() if wait.party == "OM"]
    assert desk.when(AssignTask(aggregate=PARENT, key=task, to="ingeniero-1"), RIVAL).code() == "UNKNOWN_STAFF"
