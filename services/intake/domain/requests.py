"""Which requests to Activaciones are still running: neither answered, nor held, nor of what is not wanted any more (3.5, X.1)."""

from collections.abc import Iterator
from datetime import datetime

from services.intake.domain.state import OPEN, State
from shared.calendar.calendar import Calendar
from shared.common import answers
from shared.common.answers import Request, cleared, open_requests
from shared.contracts.base import Fact
from shared.contracts.intake import OrderContent
from shared.decider import World

ACCOUNT = "BILLING_ACCOUNT"


def request_id(subject: str, kind: str) -> str:
    """The id of what is asked for a suborder, or of its billing group."""
    return f"{subject}/{kind.lower()}"


def group_of(request: str) -> str:
    """The billing group that a BILLING_ACCOUNT request is for."""
    return request.rpartition("/")[0]


def subject(state: State, key: str, one: Request) -> str | None:
    """The suborder a request is for now: an account is wanted as long as any member of its group is there."""
    sub = state.subs.get(one.suborder)
    if sub is None or sub.ended:  # asked for every request of an order of hundreds of sites, so the others are looked at last
        others = state.members(group_of(key)) if one.kind == ACCOUNT else ()
        return next((suborder for suborder in others if suborder in state.live), None)
    if one.kind == "QUOTES" and sub.stage != "WAITING" and not sub.has("INSTALLATION"):
        return None
    return one.suborder


def wanted(state: State) -> Iterator[tuple[str, Request, str]]:
    """Requests whose clocks run, each with the suborder it is for now."""
    subs = state.subs
    for key, one in open_requests(state) if state.stage in OPEN else ():
        found = subject(state, key, one)
        if found is not None and not subs[found].held:
            yield key, one, found


def running(state: State) -> State:
    """The state with the requests whose clocks run, for those who watch the clocks."""
    return state.having(requests={key: one for key, one, _ in wanted(state)})


def redated(state: State, calendar: Calendar) -> list[Fact]:
    """What a newer calendar changes of the clocks that run; those of a held suborder are looked at when they go on (X.9)."""
    moved = answers.redated(state, calendar)
    return answers.redated(running(state), calendar) if moved else []


def stands_at(state: State, one: Request, world: World) -> datetime:
    """The instant an answer of now is judged by: a hold stops the clock (X.1)."""
    sub = state.subs.get(one.suborder)
    return sub.held_at if sub and sub.held and sub.held_at else world.now


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
