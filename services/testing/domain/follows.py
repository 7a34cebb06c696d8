"""What the state leads to by itself: the ATP, the ticket, the schedule, the retest, and TestsPassed once per series."""

from services.testing.domain import runs
from services.testing.domain.session import parties
from services.testing.domain.state import State
from shared.calendar.calendar import local_day
from shared.common.mails import heading, mail, owner, staff
from shared.contracts.base import Fact
from shared.contracts.common import FalloutRaised, RegionalTicketRequested
from shared.contracts.provisioning import ItemMethod
from shared.contracts.testing import (
    AtpItem,
    AtpPrepared,
    CustomerTestInformationSent,
    CustomerTestsScheduled,
    FinalResult,
    TestsPassed,
    TestsReopened,
)
from shared.decider import Facts, World


def follows(state: State, world: World) -> Facts:
    """The facts due now; empty while a person or partner has the ball."""
    if state.card is None or not state.provisioned or state.held or state.stopped:
        return ()
    if not state.items:
        return _prepare(state, world)
    if state.reopening is not None and state.passed_series == state.series:
        return _reopen(state, world)
    return [*_ticket(state), *_schedule(state), *runs.retest(state), *_tell(state), *_pass(state)]


def _prepare(state: State, world: World) -> list[Fact]:
    """The ATP of the suborder's lines, each once, and BR009's method per item; no row is a fallout (10.1, 10.3)."""
    card, day = state.card, local_day(world.now)
    if card is None:
        return []
    items = [item for item in card.items if not item.charge_only]
    found = [(item, world.tables["BR009"].decide(day, line=item.line, scenario=item.scenario)) for item in items]
    gaps = [f"{item.product_code}: {item.line}, {item.scenario}" for item, row in found if row is None]
    fallout = f"{state.suborder}/br009"
    if gaps:
        if fallout in state.fallouts:
            return []
        return [
            FalloutRaised(
                fallout_id=fallout, fallout_class="NO_RULE_ROW", step="INTERNAL", detail="; ".join(gaps), queue="INGENIERO_B2B"
            )
        ]
    rows = [row for line in dict.fromkeys(item.line for item in items) for row in world.tables["ATP"].rows(day, line=line)]
    return [
        AtpPrepared(
            atps=tuple(dict.fromkeys(row.text("atp") for row in rows)),
            method=tuple(ItemMethod(item_id=item.item_id, method=row.text("method"), row=row.row) for item, row in found if row),
            items=tuple(
                AtpItem(
                    item=row.text("item"),
                    proves=row.texts("proves"),
                    runs=row.texts("runs"),
                    mandatory=row.flag("mandatory"),
                    threshold=f"{row.text('name')}: {row.text('threshold')}",
                )
                for row in rows
            ),
            rules={name: world.tables.version(name, day) for name in ("BR009", "ATP")},
        )
    ]


def _reopen(state: State, world: World) -> list[Fact]:
    reopening = state.reopening
    if reopening is None:
        return []
    again = TestsReopened(
        series=state.series + 1, rejection_id=reopening.rejection_id, items=reopening.items, cause=reopening.cause
    )
    return [again, *runs.rework(state, "INTERNAL", reopening.items, reopening.cause, world)]


def _ticket(state: State) -> list[Fact]:
    """Regional takes part and no ticket is open: ServiceNow is asked before the tests (12.2)."""
    card = state.card
    if card is None or not card.traits.regional or state.ticket or state.ticket_asked or state.stage in {"WAITING", "INTERNAL"}:
        return []
    return [
        RegionalTicketRequested(
            request_id=f"{state.suborder}/ticket/tests",
            purpose="TESTS",
            answer_to="o2c.testing.commands.v1",
            order_number=card.order_number,
            suborder_number=card.suborder_number,
            site=card.site,
            product_codes=tuple(item.product_code for item in card.items),
        )
    ]


def _schedule(state: State) -> list[Fact]:
    facts: list[Fact] = []
    session = state.session
    if (
        session
        and not session.scheduled
        and not session.no_from
        and set(parties(state)) <= session.yes
        and state.stage == "AGENDA"
    ):
        facts.append(CustomerTestsScheduled(session=session.no, mode=session.mode, window=session.window))
    if state.information_id and state.information_for > state.information_sent_for:
        facts.append(CustomerTestInformationSent(session=state.information_for, notification_id=state.information_id))
    return facts


def _tell(state: State) -> list[Fact]:
    """One mail per suborder that links are delivered and work at 100 %, only after E2E (13.2)."""
    if state.e2e_at is None or state.told or state.card is None:
        return []
    return [
        mail(
            "testing",
            state.suborder,
            "SERVICIO_ENTREGADO",
            "delivered",
            staff("EC", state.card.executive),
            cc=owner(state),
            values=heading(state.card),
        )
    ]


def _pass(state: State) -> list[Fact]:
    """TestsPassed, once per series: E2E passed and, for a managed firewall, kit received and ticket closed as solved (13.3, 13.4)."""
    card = state.card
    done = state.internal_at and state.customer_at and state.e2e_at
    if card is None or not done or state.passed_series == state.series or not state.told:
        return []
    if card.traits.delivery_kit and not (state.kit and state.ticket_closed == "SOLVED"):
        return []
    return [_tests_passed(state)]


def _tests_passed(state: State) -> TestsPassed:
    results = tuple(
        FinalResult(
            item=key.partition("/")[2],
            run=key.partition("/")[0],
            outcome=one.outcome,
            value=one.value,
            attempt=one.attempt,
            evidence_sha256=one.evidence_sha256,
        )
        for key, one in sorted(state.results.items())
    )
    moments = {"internal_at": state.internal_at, "customer_at": state.customer_at, "e2e_at": state.e2e_at}
    return TestsPassed.model_validate(
        {
            "series": state.series,
            "atps": state.atps,
            "results": results,
            "mode": state.mode,
            "services": state.services,
            "circuit_id": state.circuit_id,
            "regional_ticket": state.ticket,
            "kit": state.kit,
            "skipped": state.skipped,
            **moments,
        }
    )
