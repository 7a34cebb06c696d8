"""What holds of every order, however it came to be where it is: retold by its facts, somebody has the ball, policy is total."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.domain.state import FINAL, STAGES
from services.intake.heard import HEARD
from services.intake.policy import POLICY
from shared.contracts.base import Message, to_json
from shared.contracts.common import ResolveFallout
from shared.contracts.intake import COMMANDS, CancelSuborder, FailSuborder, HoldOrder, ReassignOrder, ResumeOrder, ReturnOrder
from shared.contracts.refusals import REFUSALS
from shared.contracts.salesforce import SalesforceDocumentsAdded, SalesforceOrderCancelled
from shared.decider import Hears
from tests.builders import BANK_LINES, OTHER, PARENT, SUBORDER, line, sale, sent
from tests.unit.intake.desk import OWNER, SUPERVISOR, Desk, broken, only_legal
from tests.unit.intake.turns import answer

Step = Callable[[Desk], object]
FASTER = BANK_LINES | {OTHER: (line("SDWAN-200", 4),)}


def reason(kind: type[Message], who: object = OWNER, **fields: object) -> Step:
    """A command with a reason, whether or not it is legal now."""
    command = kind.model_validate({"aggregate": PARENT, "reason": "Motivo suficiente"} | fields)
    return lambda desk: desk.when(command, who)  # type: ignore[arg-type]  # an actor


def free(desk: Desk) -> bool:
    """Whether the first site was released: nobody accepts or completes what never came to the other services."""
    return SUBORDER in desk.state.subs and desk.state.subs[SUBORDER].stage in {"RELEASED", "COMPLETED"}


STEPS: dict[str, Step] = {
    "sale": lambda desk: desk.when(sale()),
    "amendment": lambda desk: desk.when(sale(FASTER, version=2)),
    "unknown product": lambda desk: desk.when(sale({SUBORDER: (line("SDWAN-999"),)}, version=3)),
    "more documents": lambda desk: desk.when(SalesforceDocumentsAdded(parent=PARENT, documents=(sent("SOW", version=2),))),
    "broken": lambda desk: desk.when(broken(2)),
    "cancelled in Salesforce": lambda desk: desk.when(SalesforceOrderCancelled(parent=PARENT)),
    "claim": lambda desk: desk.claimed(),
    "papers": lambda desk: desk.attached("PROPUESTA_COMERCIAL", "RIESGO_CREDITICIO"),
    "validate": lambda desk: desk.validated(),
    "generate": lambda desk: desk.generated(),
    "release": lambda desk: desk.released(*desk.state.live) if desk.state.stage in {"PLANNED", "IN_DELIVERY"} else None,
    "two days": lambda desk: desk.until(desk.now + timedelta(days=2)),
    "trouble": lambda desk: desk.troubled(),
    "settle": lambda desk: desk.settled(),
    "accept": lambda desk: desk.accepted() if free(desk) else None,
    "complete": lambda desk: desk.completed() if free(desk) else None,
    "return": reason(ReturnOrder, detail="", reason="DUPLICADA"),
    "requeue": reason(ReassignOrder),
    "hold": reason(HoldOrder, suborders=(SUBORDER,)),
    "resume": reason(ResumeOrder, suborders=(SUBORDER,)),
    "cancel": reason(CancelSuborder, suborder=OTHER),
    "fail": reason(FailSuborder, SUPERVISOR, suborder=SUBORDER),
}
"""Everything that can happen to an order, in any order."""


def sound(desk: Desk) -> None:
    """What must hold in every reachable state."""
    state = desk.state
    assert desk.told_again() == state, "its history gives the order as it stands"
    assert type(state).model_validate_json(to_json(state)) == state
    assert desk.decider.follows(state, desk.world(OWNER, "/test", "x")) in ([], ()), "all that follows has followed"
    only_legal(desk)
    waits = desk.decider.waiting(state)
    assert len({one.key for one in waits}) == len(waits)
    assert {one.key for one in waits} == set(state.waits), "what was published is what is waited for"
    if state.stage in FINAL:
        assert not waits
        assert not desk.decider.deadlines(state, desk.calendar)
    elif state.stage != "NEW":
        assert waits, f"{state.stage} and nobody has the ball"
        assert all(one.what and one.cleared_by for one in waits)


PATH = ("sale", "claim", "papers", "validate", "generate", "release", "accept", "complete")
"""The main path of the first site; disturbances fall between its steps."""
EXAMPLES = 100


@st.composite
def lives(draw: st.DrawFn) -> list[str]:
    """The main path as far as it goes, with whatever else happens on the way."""
    reached = draw(st.integers(1, len(PATH)))
    disturbed = draw(st.lists(st.tuples(st.integers(0, reached), st.sampled_from(sorted(STEPS))), max_size=6))
    return [
        name
        for place in range(reached + 1)
        for name in (*(noise for at, noise in disturbed if at == place), *PATH[place : place + (place < reached)])
    ]


def lived(names: list[str]) -> Desk:
    desk = Desk(empty=True)
    for name in names:
        STEPS[name](desk)
        assert desk.refusal is None or desk.refusal.code in REFUSALS
    return desk


@pytest.mark.criterion("X.8", "X.6", "1.3")
def test_whatever_happens_on_the_way_an_order_stays_sound() -> None:
    reached = set[str]()

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(names=lives())
    def walk(names: list[str]) -> None:
        desk = lived(names)
        sound(desk)
        reached.add(desk.state.stage)

    walk()
    assert reached >= {"RECEIVED", "CLAIMED", "PLANNED", "IN_DELIVERY"}, f"the walk is too shallow: {sorted(reached)}"


@pytest.mark.criterion("X.6", "18.1")
@settings(max_examples=60, deadline=None)
@given(names=lives())
def test_from_any_state_the_messages_that_are_waited_for_carry_the_order_to_its_end(names: list[str]) -> None:
    desk = lived(["sale", *names])
    for _ in range(80):
        waits = desk.decider.waiting(desk.state)
        if not waits:
            break
        before = desk.cell.version
        answer(desk, waits[0])
        assert desk.cell.version > before, f"{waits[0]} in {desk.state.stage} was answered and nothing moved: {desk.refusal}"
    assert desk.state.stage in FINAL
    sound(desk)


@pytest.mark.criterion("X.8", "X.6")
def test_the_main_path_is_sound_at_every_step() -> None:
    desk = Desk(empty=True)
    path = ("sale", "claim", "validate", "papers", "validate", "generate", "release", "accept", "complete")
    for name in path:
        STEPS[name](desk)
        sound(desk)
    desk.accepted(OTHER).completed(OTHER)
    sound(desk)
    assert desk.state.stage == "COMPLETED"


@pytest.mark.criterion("X.8", "1.3")
@pytest.mark.parametrize("stop", ["claim", "validate", "generate", "release"])
def test_a_repeated_message_changes_nothing(stop: str) -> None:
    desk = Desk(empty=True)
    for name in ("sale", "claim", "papers", "validate", "generate", "release"):
        STEPS[name](desk)
        if name == stop:
            break
    before = len(desk.facts)
    assert [desk.when(message).names() for message in (sale(), sale())] == [[], []]
    assert len(desk.facts) == before


@pytest.mark.criterion("X.8")
def test_every_command_is_heard_and_is_legal_in_stages_that_exist() -> None:
    decided = {row.message for row in HEARD if isinstance(row, Hears)}
    for row in POLICY:
        assert row.command in decided
        assert row.stages <= {"NEW", *STAGES}
    final = {row.command.__name__ for row in POLICY if row.stages & FINAL}
    assert final == {"RecordDocumentStored", "AssignTask", "AddNote", "ResolveFallout", "RecordEffectFailed"}
    assert {row.command for row in POLICY} <= set(COMMANDS)


@pytest.mark.criterion("X.4")
def test_a_problem_is_skipped_only_by_a_supervisor_with_a_reason() -> None:
    desk = Desk(sale({SUBORDER: (line("SDWAN-999"),)}))
    skip = {"aggregate": PARENT, "fallout_id": f"{SUBORDER}/product", "how": "SKIP", "reason": "Sólo se factura"}
    assert desk.when(ResolveFallout.model_validate(skip), OWNER).code() == "SKIP_NOT_ALLOWED"
    assert desk.when(ResolveFallout.model_validate(skip | {"reason": " "}), SUPERVISOR).code() == "REASON_REQUIRED"
    assert "FalloutResolved" in desk.when(ResolveFallout.model_validate(skip), SUPERVISOR).names()
