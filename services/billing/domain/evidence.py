"""Nobody is billed without evidence: a signature, or an expiry and its notice, of every member (15.1, D7, D9)."""

from services.billing.domain.state import State
from shared.calendar.calendar import local_day
from shared.contracts.base import Fact
from shared.contracts.billing import BasisEntry, BillingEvidenceAccepted
from shared.decider import World


def accepted(state: State, world: World) -> list[Fact]:
    """Acceptances that are proven by now and not yet taken as evidence."""
    silence_counts = world.policy.value("billing.basis", local_day(world.now)) == "SIGNED_OR_EXPIRED"
    facts: list[Fact] = []
    for suborder in state.members:
        entry = state.signed.get(suborder) or (_expired(state, suborder) if silence_counts else None)
        if entry is not None and suborder not in state.evidence:
            facts.append(BillingEvidenceAccepted.model_validate(entry.model_dump()))
    return facts


def _expired(state: State, suborder: str) -> BasisEntry | None:
    """An expiry is evidence once its notice, with the copies, was handed over (14.6)."""
    expired, notice = state.expired.get(suborder), state.notices.get(suborder)
    if expired is None or notice is None:
        return None
    return expired.model_copy(update={"notice_id": notice.notice_id, "dossier_sha256": notice.dossier_sha256})


def rejected(state: State) -> bool:
    """Whether a member's rejection is open; a signature settles it whatever came first."""
    return any(state.rejections.get(one, 0) > 0 and one not in state.signed for one in state.members)


def proven(state: State) -> bool:
    """Whether every member that is left is proven accepted."""
    return bool(state.members) and all(one in state.evidence for one in state.members)


def gaps(state: State) -> list[str]:
    """Why the acceptance does not carry a request yet."""
    missing = [one for one in state.members if one not in state.evidence]
    unnotified = [one for one in missing if one in state.expired]
    codes = {
        "NO_ACCEPTANCE_EVIDENCE": len(missing) > len(unnotified) or not state.members,
        "EXPIRY_NOT_NOTIFIED": bool(unnotified),
    }
    return [code for code, holds in codes.items() if holds]


def triggered(state: State, activity: str) -> bool:
    """Whether every member met the activity; tests of a series that a rejection voided do not count (14.7)."""
    if activity == "ALL_SITES_ACCEPTED":
        return state.all_sites
    known = [one for one in state.members if one in state.triggers.get(activity, {})]
    if activity == "TESTS_PASSED":
        known = [one for one in known if state.series.get(one, 0) > state.upheld.get(one, 0)]
    return bool(state.members) and len(known) == len(state.members)
