"""A billing group opens with its order; the owner confirms phases that the sale did not give (15.2)."""

from decimal import Decimal
from typing import Final

from services.billing.domain.amounts import ZERO, phase_amounts, sums_to_hundred
from services.billing.domain.state import State
from shared.calendar.calendar import local_day
from shared.contracts.base import Fact
from shared.contracts.billing import BillingGroupOpened, BillingPhasesSet, SetBillingPhases
from shared.contracts.shapes import Phase, Trigger
from shared.decider import Decision, World, refused

WHOLE: Final = Phase(no=1, name="Total", percent=Decimal("100.00"), trigger=Trigger(on="ACCEPTANCE"))


def opened(state: State, world: World) -> list[Fact]:
    """The order is known, or amended: the group with its phases. Phases of the owner stay where the sale still has none."""
    order = state.order
    if order is None or state.opened == order.version:
        return []
    kept = tuple(one.phase for one in state.in_order)
    phases = order.terms.phases or ((WHOLE,) if order.terms.mechanism == "TOTAL" else kept)
    return [
        BillingGroupOpened(
            members=order.terms.members,
            mechanism=order.terms.mechanism,
            phases=phases,
            amounts=phase_amounts(phases, order.items) if phases else (),
            account=state.account,
            suggested=() if phases or order.terms.mechanism != "BY_PHASE" else _suggested(world),
        )
    ]


def _suggested(world: World) -> tuple[Phase, ...]:
    """What the operator suggests to an owner whose sale says *Por fases* without a list (6.6)."""
    told = world.policy.value("billing.suggested_phases", local_day(world.now))
    return tuple(
        Phase(no=one["no"], name=one["name"], percent=one["percent"], trigger=Trigger(on=one["on"], activity=one.get("activity")))
        for one in told
    )


def set_phases(state: State, command: SetBillingPhases, world: World) -> Decision:
    """The contract's phases, with the clause; never where some are agreed, always 100.00 %, each with a trigger that can come."""
    if state.phases or state.order is None:
        return refused("PHASES_ALREADY_AGREED")
    if not command.clause.strip():
        return refused("REASON_REQUIRED")
    if not command.phases or not sums_to_hundred(command.phases):
        return refused("PHASES_NOT_100", total=sum((one.percent for one in command.phases), ZERO))
    wrong = [f"phases/{at}" for at, one in enumerate(command.phases) if not _plausible(one, at + 1, world)]
    if wrong:
        return refused("INVALID_FIELDS", paths=", ".join(wrong))
    phases = tuple(one.model_copy(update={"clause": one.clause or command.clause}) for one in command.phases)
    return [BillingPhasesSet(phases=phases, clause=command.clause, amounts=phase_amounts(phases, state.order.items))]


def _plausible(phase: Phase, no: int, world: World) -> bool:
    """Numbered in order, more than nothing, and triggered by something that comes before billing (15.3)."""
    trigger = phase.trigger
    if phase.no != no or phase.percent <= 0:
        return False
    if trigger.on == "DATE":
        return trigger.date is not None
    known = world.tables["TRIGGERS"].decide(local_day(world.now), activity=trigger.activity or "")
    return trigger.on == "ACCEPTANCE" or known is not None
