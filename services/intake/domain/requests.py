"""Which requests to Activaciones are still running: neither answered, nor held, nor of what is not wanted any more (3.5, X.1)."""

from services.intake.domain.state import OPEN, State
from shared.common.answers import Request, cleared, open_requests
from shared.contracts.base import Fact
from shared.contracts.intake import OrderContent

ACCOUNT = "BILLING_ACCOUNT"


def request_id(subject: str, kind: str) -> str:
    """The id of what is asked for a suborder, or of its billing group."""
    return f"{subject}/{kind.lower()}"


def group_of(request: str) -> str:
    """The billing group that a BILLING_ACCOUNT request is for."""
    return request.rpartition("/")[0]


def subject(state: State, key: str, one: Request) -> str | None:
    """The suborder a request is for now: an account is wanted as long as any member of its group is there."""
    candidates = (one.suborder, *state.members(group_of(key))) if one.kind == ACCOUNT else (one.suborder,)
    found = next((suborder for suborder in candidates if suborder in state.live), None)
    if found is None or one.kind != "QUOTES":
        return found
    sub = state.subs[found]
    return found if sub.stage == "WAITING" or sub.has("INSTALLATION") else None


def running(state: State) -> State:
    """The state with the requests whose clocks run, for those who watch the clocks."""
    wanted = {
        key: one
        for key, one in open_requests(state)
        if state.stage in OPEN and (found := subject(state, key, one)) is not None and not state.subs[found].held
    }
    return state.having(requests=wanted)


def called_off(state: State, suborder: str) -> list[Fact]:
    """Jeopardies of requests that nobody waits for once this suborder has ended (X.5)."""
    after = state.sub(suborder, stage="CANCELLED")
    return [
        fact
        for key, one in open_requests(state)
        if one.suborder == suborder and not subject(after, key, one)
        for fact in cleared(key, one)
    ]


def still_needed(requests: dict[str, Request], content: OrderContent) -> dict[str, Request]:
    """What was asked stands where it is still needed after an amendment (1.3)."""
    suborders = {one.suborder for one in content.suborders}
    first = {one.group: one.suborder for one in reversed(content.suborders)}
    kept: dict[str, Request] = {}
    for key, one in requests.items():
        if one.kind == ACCOUNT and group_of(key) in first:
            member = one.suborder if one.suborder in suborders else first[group_of(key)]
            kept[key] = one.model_copy(update={"suborder": member})
        elif one.kind != ACCOUNT and one.suborder in suborders:
            kept[key] = one
    return kept
