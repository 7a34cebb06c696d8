"""TM Forum states of suborders and parent: a pure function of what is known, never of the order of arrival (4.1, 4.2, X.10)."""

from collections.abc import Collection

from services.intake.domain.state import State, Sub
from shared.contracts.base import Fact
from shared.contracts.intake import AllSitesAccepted, OrderCompleted, OrderStateChanged, SuborderOutcome, SuborderStateChanged

FINAL = {"completed", "failed", "cancelled"}
EARLY = {
    "NEW": "start",
    "RECEIVED": "acknowledged",
    "CLAIMED": "acknowledged",
    "RETURNED": "acknowledged",
    "DOCS_INCOMPLETE": "pending",
    "REJECTED": "rejected",
}


def suborder_state(state: State, sub: Sub) -> str:
    """The state of one suborder (4.1)."""
    ended = {"COMPLETED": "completed", "FAILED": "failed", "CANCELLED": "cancelled"}
    if sub.stage in ended:
        return ended[sub.stage]
    if state.stage in EARLY:
        return EARLY[state.stage]
    return "held" if sub.held or sub.troubles else "inProgress"


def roll_up(states: Collection[str]) -> str:
    """The parent's state from those of its suborders, in the order of 4.2."""
    if states and all(one == "cancelled" for one in states):
        return "cancelled"
    rest = [one for one in states if one != "cancelled"]
    for whole in ("completed", "failed"):
        if rest and all(one == whole for one in rest):
            return whole
    if rest and all(one in FINAL for one in rest):
        return "partial"
    return "held" if "held" in rest and "inProgress" not in rest else "inProgress"


def order_state(state: State) -> str:
    """Before DOCS_VALID the order's own stage decides."""
    own = EARLY.get(state.stage)
    if own is not None and not all(sub.ended for sub in state.subs.values()):
        return own
    if own is not None and not state.subs:
        return own
    return roll_up([suborder_state(state, sub) for sub in state.subs.values()])


def changed(state: State) -> list[Fact]:
    """States that are not yet published; a held suborder that ends goes by inProgress, so no illegal edge is used."""
    facts: list[Fact] = []
    for key, sub in state.subs.items():
        now = suborder_state(state, sub)
        if now == sub.state:
            continue
        if sub.state == "held" and now in FINAL:
            facts.append(_moved(key, "held", "inProgress"))
            facts.append(_moved(key, "inProgress", now))
        else:
            facts.append(_moved(key, sub.state, now))
    after = order_state(state)
    if after != state.state:
        facts.append(OrderStateChanged.model_validate({"from": state.state, "to": after}))
    return facts


def _moved(suborder: str, before: str, after: str) -> SuborderStateChanged:
    """`from` is a word of the language, so the fact is built from its wire names."""
    return SuborderStateChanged.model_validate({"suborder": suborder, "from": before, "to": after})


def accepted(state: State) -> list[Fact]:
    """No suborder is open any more and at least one is accepted; said once (14.9)."""
    known = [(key, sub) for key, sub in state.subs.items() if sub.stage not in {"CANCELLED", "FAILED"}]
    done = bool(known) and all(sub.accepted for _, sub in known)
    if state.all_accepted or not done:
        return []
    return [AllSitesAccepted(suborders=tuple(key for key, _ in known))]


def completed(state: State) -> list[Fact]:
    """The roll-up is completed or partial: the order is done (18.1)."""
    if state.completed or state.state not in {"completed", "partial"}:
        return []
    outcomes = tuple(SuborderOutcome(suborder=key, state=suborder_state(state, sub)) for key, sub in state.subs.items())
    return [OrderCompleted(outcome=state.state, suborders=outcomes)]
