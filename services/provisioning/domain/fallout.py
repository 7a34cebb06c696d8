"""What resolving a fallout means for the step it stopped: tried again, done by hand, or skipped with a reason (X.4)."""

from services.provisioning.domain import method, stock
from services.provisioning.domain.state import State
from shared.common.behaviours import resolve_fallout
from shared.contracts.common import ResolveFallout
from shared.contracts.provisioning import VerifyProvisioningMethod
from shared.decider import Decision, Refused, World


def resolve(state: State, command: ResolveFallout, world: World) -> Decision:
    """Resolved only with the step's own fact: a retry asks again, and ends the fallout when it succeeds."""
    decided = resolve_fallout(state, command, world)
    if isinstance(decided, Refused) or state.card is None:
        return decided
    kind, again = state.fallouts[command.fallout_id].kind, command.how == "RETRY"
    if kind == "SHORTAGE":
        return stock.ask(state, state.card) if again else [*decided, *stock.no_longer_short(state)]
    if kind == "NO_RULE_ROW" and again:
        return method.verify(state, VerifyProvisioningMethod(aggregate=command.aggregate), world)
    if kind == "NO_RULE_ROW":
        verified, _ = method.by_table(state, {}, world, otherwise=command.how)
        return [verified, *decided]
    return decided
