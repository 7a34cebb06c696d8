"""An organisation of Salesforce, where a gap hangs whose order nobody knows: aggregate `salesforce:<org>` (1.6)."""

from typing import Final

from shared.common.behaviours import COMMON_COMMANDS, common_policy
from shared.common.state import State, fold_common
from shared.contracts.base import Fact
from shared.contracts.common import CommandRefused, FalloutRaised, NoteAdded
from shared.contracts.salesforce import SalesforceResyncNeeded
from shared.decider import Decider, Decision, Fold, Wait, World, hears

PREFIX: Final = "salesforce:"
evolve: Fold[State] = Fold()
fold_common(evolve)
evolve.ignores(CommandRefused, NoteAdded)


def needed(state: State, message: SalesforceResyncNeeded, world: World) -> Decision:
    """One open task for each object, however many gaps there are."""
    key = f"{PREFIX}{message.org}/{message.entity}"
    if key in state.fallouts:
        return []
    detail = f"Salesforce no dijo qué registros cambiaron: pida la resincronización de {message.entity}."
    raised: list[Fact] = [FalloutRaised(fallout_id=key, fallout_class="GAP", step="ASSEMBLE", detail=detail, queue="OPS")]
    return raised


def waiting(state: State) -> tuple[Wait, ...]:
    """The open resynchronisations."""
    return tuple(
        Wait(f"ResolveFallout/{key}", one.queue, "Pedir a Salesforce la resincronización", ("ResolveFallout",))
        for key, one in state.fallouts.items()
    )


ORGANISATION: Final[Decider[State]] = Decider(
    state=State,
    evolve=evolve,
    heard=(hears(SalesforceResyncNeeded, needed), *COMMON_COMMANDS),
    policy=common_policy(frozenset({"NEW"})),
    waiting=waiting,
    prefix=PREFIX,
)
