"""What the state leads to by itself: the ATP, the ticket, the schedule, the retest, and TestsPassed once per series."""

from services.testing.domain import atp, closing, failed, session
from services.testing.domain.state import RUNS, State
from shared.common.mails import heading, mail, owner, staff
from shared.contracts.base import Fact
from shared.contracts.common import FalloutRaised
from shared.contracts.shapes import Card
from shared.contracts.testing import FinalResult, TestsPassed
from shared.decider import Facts, World


def follows(state: State, world: World) -> Facts:
    """The facts due now; empty while a person or partner has the ball."""
    card = state.card
    if state.stopped:
        return session.called_off(state)
    if card is None or not state.provisioned or state.held:
        return []
    if state.stage == "WAITING":
        return _prepare(state, card, world)
    if state.stage == "PASSED" and state.reopening is not None:
        return failed.reopen(state, state.reopening, world)
    if state.stage == "REWORK":
        return failed.after_rework(state)
    return [*closing.ticket_owed(state, card, world), *session.scheduled(state), *_delivered(state, card)]


def _prepare(state: State, card: Card, world: World) -> list[Fact]:
    """BR009 gives a method for every item, or it is a fallout (10.1)."""
    prepared, gaps = atp.plan(card, world)
    if not gaps:
        return [prepared]
    if any(one.kind == "NO_RULE_ROW" for one in state.fallouts.values()):
        return []
    return [
        FalloutRaised(
            fallout_id=f"{state.suborder}/atp",
            fallout_class="NO_RULE_ROW",
            step="INTERNAL",
            detail="; ".join(gaps),
            queue="INGENIERO_B2B",
        )
    ]


def _delivered(state: State, card: Card) -> list[Fact]:
    """After E2E the EC is told once per suborder (13.2); the tests passed once nothing more is due of Regional (13.3, 13.4)."""
    if state.stage != "CLOSING":
        return []
    if not state.told:
        to = staff("EC", card.executive)
        return [mail("testing", state.suborder, "SERVICIO_ENTREGADO", "delivered", to, cc=owner(state), values=heading(card))]
    return [_tests_passed(state)] if closing.closed(state) else []


def _tests_passed(state: State) -> TestsPassed:
    results = [
        FinalResult(
            item=one.item,
            run=run,
            outcome=result.outcome,
            value=result.value,
            attempt=result.attempt,
            evidence_sha256=result.evidence_sha256,
        )
        for run in RUNS
        for one in state.of_run(run)
        if (result := state.result(run, one.item)) is not None
    ]
    return TestsPassed(
        series=state.series,
        atps=state.atps,
        results=tuple(results),
        internal_at=state.passed_at["INTERNAL"],
        customer_at=state.passed_at["CUSTOMER"],
        e2e_at=state.passed_at["E2E"],
        mode=state.mode,
        services=state.services,
        circuit_id=state.circuit_id,
        regional_ticket=state.ticket.number,
        kit=state.kit,
        skipped=state.skipped,
    )
