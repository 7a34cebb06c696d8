"""A billing group opens with its order; the owner confirms phases that the sale did not give (15.2)."""

from decimal import Decimal

from services.billing.domain.amounts import phase_amounts, sums_to_hundred
from services.billing.domain.state import State
from shared.contracts.base import Fact
from shared.contracts.billing import BillingGroupOpened, BillingPhasesSet, SetBillingPhases
from shared.contracts.shapes import Item, Phase, Trigger
from shared.decider import Decision, World, refused

WHOLE = Phase(no=1, name="Total", percent=Decimal("100.00"), trigger=Trigger(on="ACCEPTANCE"))


def items_of(state: State) -> list[Item]:
    """All items of the group."""
    return [item for one in state.order.suborders for item in one.items] if state.order else []


def opened(state: State) -> list[Fact]:
    """The order is known: the group with its phases; a sale without a list waits for the owner's."""
    order = state.order
    if order is None or state.opened:
        return []
    phases = order.terms.phases or ((WHOLE,) if order.terms.mechanism == "TOTAL" else ())
    return [
        BillingGroupOpened(
            members=order.terms.members,
            mechanism=order.terms.mechanism,
            phases=phases,
            amounts=phase_amounts(phases, items_of(state)) if phases else (),
            account=state.account,
        )
    ]


def set_phases(state: State, command: SetBillingPhases, world: World) -> Decision:
    """The contract's phases, with the clause; never where the sale agreed on some, and always 100.00 %."""
    if state.phases:
        return refused("PHASES_ALREADY_AGREED")
    if not command.clause.strip():
        return refused("REASON_REQUIRED")
    if not command.phases or not sums_to_hundred(command.phases):
        return refused("PHASES_NOT_100", total=sum((one.percent for one in command.phases), Decimal(0)))
    phases = tuple(one.model_copy(update={"clause": one.clause or command.clause}) for one in command.phases)
    return [BillingPhasesSet(phases=phases, clause=command.clause, amounts=phase_amounts(phases, items_of(state)))]
