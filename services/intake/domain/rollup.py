"""TM Forum states of suborders and parent: a pure function of what is known, never of the order of arrival (4.1, 4.2, X.10)."""

from collections.abc import Collection

from services.intake.domain.state import State, Sub
from shared.contracts.base import Fact
from shared.contracts.intake import AllSitesAccepted, OrderCompleted, OrderStateChanged, SuborderOutcome, SuborderStateChanged

FINAL = {"completed", "failed", "cancelled"}
LEGAL = {
    "start": {"acknowledged", "rejected"},
    "acknowledged": {"inProgress", "pending", "cancelled", "rejected"},
    "pending": {"inProgress", "cancelled"},
    "inProgress": {"pending", "held", "completed", "failed", "partial", "cancelled"},
    "held": {"inProgress", "cancelled"},
}
"""The edges of 4.1; whatever else has to be reached goes by inProgress."""
EARLY = {
    "NEW": "start",
    "ASSEMBLING": "start",
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
        return _early(EARLY[state.stage], sub.state)
    return "held" if sub.held or sub.troubles else "inProgress"


def _early(own: str, published: str) -> str:
    """There is no way back to acknowledged: a corrected or returned order waits for information instead."""
    return "pending" if own == "acknowledged" and published not in {"start", "acknowledged"} else own


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
    if own is not None and (not state.subs or state.live):
        return _early(own, state.state)
    return roll_up([suborder_state(state, sub) for sub in state.subs.values()])


def changed(state: State) -> list[Fact]:
    """States that are not yet published, each by legal edges alone."""
    facts: list[Fact] = []
    for key, sub in state.subs.items():
        now = suborder_state(state, sub)
        facts += [
            SuborderStateChanged.model_validate({"suborder": key, "from": before, "to": after, "why": _why(sub, after)})
            for before, after in path(sub.state, now)
        ]
    edges = path(state.state, order_state(state))
    return facts + [OrderStateChanged.model_validate({"from": before, "to": after}) for before, after in edges]


def path(before: str, after: str) -> list[tuple[str, str]]:
    """The edges from one state to another: none, one, or two by inProgress."""
    if before == after:
        return []
    if after in LEGAL.get(before, ()) or "inProgress" not in LEGAL.get(before, ()):
        return [(before, after)]
    return [(before, "inProgress"), ("inProgress", after)]


def _why(sub: Sub, after: str) -> str:
    """Why a suborder is held: the reason of the hold, else its open fallouts."""
    return (sub.held or ", ".join(sorted(sub.troubles)))[:4000] if after == "held" else ""


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
