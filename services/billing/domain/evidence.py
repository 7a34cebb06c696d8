"""Nobody is billed without evidence: a signature, or an expiry and its notice, of every member (15.1, D7, D9)."""

from services.billing.domain.state import State
from shared.contracts.base import Fact
from shared.contracts.billing import BasisEntry, BillingEvidenceAccepted


def accepted(state: State) -> list[Fact]:
    """Acceptances that are proven by now and not yet taken as evidence."""
    facts: list[Fact] = []
    for suborder in state.members:
        entry = _proven(state, suborder)
        if entry is not None and suborder not in state.evidence:
            facts.append(BillingEvidenceAccepted.model_validate(entry.model_dump()))
    return facts


def _proven(state: State, suborder: str) -> BasisEntry | None:
    if suborder in state.signed:
        return state.signed[suborder]
    if suborder in state.expired and suborder in state.notices:
        return state.expired[suborder].entry.model_copy(update={"notice_id": state.notices[suborder]})
    return None


def complete(state: State) -> bool:
    """Whether every member that is left is proven accepted, and none has an open rejection."""
    members = state.members
    return bool(members) and all(one in state.evidence for one in members) and not state.rejected & set(members)


def triggered(state: State, activity: str) -> bool:
    """Whether every member met the activity."""
    if activity == "ALL_SITES_ACCEPTED":
        return state.all_sites
    known = state.triggers.get(activity, {})
    return bool(state.members) and all(one in known for one in state.members)
