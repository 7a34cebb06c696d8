"""The fact graph of acceptance and billing, walked to its end: no path reaches a request without its evidence (15.1).

Two deciders and everybody around them: the customer, the owner, the mail system, intake, time. Each move is one message
that may come next; facts reach billing late, in the order of their aggregate and of no other. Every state that can be
reached within the bounds is looked at once, whatever led there. What a request must rest on is said here anew, from what
was published, without a line of the code that decides it.
"""

import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

import pytest

from services.acceptance.app import SUBORDER as ACCEPTANCE
from services.billing.app import GROUP as BILLING
from shared.calendar.calendar import Calendar
from shared.contracts.acceptance import (
    AcceptanceExpired,
    AcceptanceExpiryNotified,
    AcceptanceSigned,
    DismissRejection,
    RecordActaRendered,
    ReferDispute,
    RejectAcceptance,
    ResendActa,
    ResolveDispute,
    UpholdRejection,
)
from shared.contracts.base import DeadlineReached, Fact, Message, to_json
from shared.contracts.billing import BillingRequested
from shared.contracts.common import NotificationRequested
from shared.contracts.intake import DocsRevalidationRequired
from shared.contracts.notifications import NotificationBounced, NotificationFailed
from shared.contracts.shapes import AskedBy
from shared.decider import Actor, Decider, Hears, Refused, World
from shared.messaging.reaction import Cell, due_deadlines, react
from tests.builders import PARENT, SUBORDER, card, doc, mail_sent, passed_tests, released, terms
from tests.given import actor, rules_of
from tests.unit.acceptance.acceptance_site import SENT, signature
from tests.unit.billing.billing_group import account, sold, validated

OM, EC, GI, SYSTEM = actor("OM", "om-1"), actor("EC"), actor("GI"), actor("SYSTEM")
REJECTIONS: Final = 2
"""How often the customer rejects: each can be dismissed, disputed, upheld or outlived."""
INTAKE: Final[tuple[tuple[Fact, ...], ...]] = (
    (sold(), released()),
    (account(), validated()),
    (DocsRevalidationRequired(parent=PARENT, revision=1, items=(1,)),),
    (validated(revision=2),),
)
"""What intake tells billing, in its order; facts of one line are told together."""
HEARD: Final = frozenset(row.message for row in BILLING.heard if isinstance(row, Hears) and issubclass(row.message, Fact))
CALENDAR: Final = Calendar.bolivia()
LATER: Final = SENT + timedelta(days=60)
"""When billing hears: it decides by what it has heard, not by the hour."""
ANSWERED: Final = frozenset({"acta", "expiry"})
"""Mails whose answer matters to the evidence."""


@dataclass(frozen=True)
class Site:
    """The acceptance with all that is around it: the time, mails, the test series; `actas` bounds how many are made."""

    state: Any
    now: datetime
    mails: frozenset[str] = frozenset()
    sent: frozenset[str] = frozenset()
    series: int = 1
    actas: int = 1

    @property
    def key(self) -> str:
        rest = (self.now, sorted(self.mails), sorted(self.sent), self.series)
        return f"{told_apart(self.state)}{rest}"


def told_apart(model: Any) -> str:
    """The same for what can only go on alike: hashes tell the past, not what may follow."""
    return re.sub(r"[0-9a-f]{64}", "", to_json(model).decode())


Step = tuple[Site, tuple[Fact, ...]]
"""Where acceptance stands afterwards, and what it published that billing hears."""


def told(decider: Decider[Any], state: Any, message: Message, now: datetime, by: Actor, source: str) -> tuple[Any, list[Fact]]:
    service = "acceptance" if decider is ACCEPTANCE else "billing"
    tables, policy = rules_of(service)
    cell = Cell(SUBORDER, PARENT, decider, state, 1)
    outcome = react(cell, message, World(now, CALENDAR, tables, policy, by, f"{source}/{type(message).__name__}", source))
    return (state, []) if isinstance(outcome, Refused) else (cell.state, [one.fact for one in outcome])


def accepting(at: Site, message: Message, by: Actor = SYSTEM, source: str = "test") -> Step:
    """Acceptance is told something; the mails it asked for are unanswered."""
    state, facts = told(ACCEPTANCE, at.state, message, at.now, by, source)
    mails = {one.purpose for one in facts if isinstance(one, NotificationRequested)}
    after = replace(at, state=state, mails=at.mails | {one for one in mails if one.partition("/")[0] in ANSWERED})
    return after, tuple(one for one in facts if type(one) in HEARD)


def moves(at: Site) -> Iterator[Step]:
    """Every message that may come next to acceptance."""
    yield from _people(at)
    yield from _post(at)
    yield from _time(at)


def _people(at: Site) -> Iterator[Step]:
    state, by = at.state, f"{PARENT}:firmante"
    if state.acta is not None and state.acta.doc is None:
        acta = doc("ACTA_ENTREGA", f"{SUBORDER}/acta/{state.acta.series}/{state.acta.revision}", at=at.now)
        yield accepting(at, RecordActaRendered(aggregate=SUBORDER, revision=state.acta.revision, acta=acta))
    if _more_actas(at):
        yield accepting(at, ResendActa(aggregate=SUBORDER), OM)
    if state.acta is not None and state.acta.doc is not None:
        named = doc("ACTA_FIRMADA", "firmada", origin=state.acta.doc.doc_id)
        yield accepting(at, signature(document=named, attestation="Firmada ante el OM", signed_at=at.now), OM)
    if state.rejections < REJECTIONS:
        told_so = RejectAcceptance(aggregate=SUBORDER, reason="No navega", items=("FA-02",), by=by, channel="EMAIL")
        yield accepting(at, told_so, OM)
    yield accepting(at, UpholdRejection(aggregate=SUBORDER, items=("FA-02",), cause="LOGICAL"), OM)
    yield accepting(at, DismissRejection(aggregate=SUBORDER, reasons="Equipo apagado."), GI)
    yield accepting(at, ReferDispute(aggregate=SUBORDER, subject="Precio"), OM)
    yield accepting(at, ResolveDispute(aggregate=SUBORDER, outcome="Acordado"), EC)
    if state.stage == "REWORK" and _more_actas(at):
        yield accepting(replace(at, series=2), passed_tests(2))


def _more_actas(at: Site) -> bool:
    return bool(sum(one.startswith("acta/") for one in at.state.asked) + (at.state.acta.doc is None) < at.actas)


def _post(at: Site) -> Iterator[Step]:
    asked = AskedBy(service="acceptance", aggregate=SUBORDER)
    for purpose in sorted(at.mails):
        answered = replace(at, mails=at.mails - {purpose})
        copies = ("EC", "GI") if purpose.startswith("expiry") else ()
        gone = replace(answered, sent=at.sent | {purpose})
        yield accepting(gone, mail_sent(purpose, at.now, service="acceptance", cc=copies))
        late = not copies and _more_actas(at)
        code = "TOO_LATE_TO_SEND" if late else "CC_ADDRESS_MISSING" if copies else "REFUSED_BY_SERVER"
        failed = NotificationFailed(parent=PARENT, notification_id=purpose, purpose=purpose, asked_by=asked, code=code)
        yield accepting(answered, failed)
    for purpose in sorted(at.sent):
        back = NotificationBounced(parent=PARENT, notification_id=purpose, purpose=purpose, asked_by=asked, code="5.1.1")
        yield accepting(replace(at, sent=at.sent - {purpose}), back)


def _time(at: Site) -> Iterator[Step]:
    """Silence until the deadline: every reminder on the way, and the expiry."""
    dates = ACCEPTANCE.deadlines(at.state, CALENDAR)
    if not dates:
        return
    later, published = replace(at, now=max(dates["expiry"], at.now)), tuple[Fact, ...]()
    while reached := _due(later):
        later, more = accepting(later, reached[0], source="clock")
        published += more
    yield later, published


def _due(at: Site) -> list[DeadlineReached]:
    tables, policy = rules_of("acceptance")
    return due_deadlines(Cell(SUBORDER, PARENT, ACCEPTANCE, at.state, 1), World(at.now, CALENDAR, tables, policy, SYSTEM))


class Paths:
    """All that can happen: each side decides once per state, and the walk goes over every way the two can meet."""

    def __init__(self) -> None:
        self.sites: list[Site] = []
        self.groups: list[Any] = []
        self.facts: list[Fact] = []
        self._known: dict[str, int] = {}
        self._next: dict[int, tuple[tuple[int, tuple[int, ...]], ...]] = {}
        self._heard: dict[tuple[int, int], tuple[int, tuple[int, ...]]] = {}

    def site(self, at: Site) -> int:
        return self._number(self.sites, at, at.key)

    def group(self, state: Any) -> int:
        return self._number(self.groups, state, f"billing {told_apart(state)}")

    def fact(self, fact: Fact) -> int:
        return self._number(self.facts, fact, f"{type(fact).__name__} {told_apart(fact)}")

    def _number(self, held: list[Any], one: Any, key: str) -> int:
        if key not in self._known:
            self._known[key] = len(held)
            held.append(one)
        return self._known[key]

    def after(self, site: int) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """Acceptance's next states with what each publishes; what changes nothing is left out."""
        if site not in self._next:
            steps = ((self.site(at), tuple(map(self.fact, facts))) for at, facts in moves(self.sites[site]))
            self._next[site] = tuple(dict.fromkeys(step for step in steps if step != (site, ())))
        return self._next[site]

    def heard(self, group: int, fact: int) -> tuple[int, tuple[int, ...]]:
        """Billing's next state and what it requested."""
        if (group, fact) not in self._heard:
            state, made = told(BILLING, self.groups[group], self.facts[fact], LATER, SYSTEM, "test")
            asked = tuple(self.fact(one) for one in made if isinstance(one, BillingRequested))
            self._heard[group, fact] = (self.group(state), asked)
        return self._heard[group, fact]


@dataclass(frozen=True, slots=True)
class Moment:
    """Where both stand, what acceptance published, how much of it and of intake billing has heard, what it requested."""

    site: int
    group: int
    published: tuple[int, ...] = ()
    heard: int = 0
    intake: int = 0
    requests: tuple[int, ...] = ()


def following(paths: Paths, at: Moment) -> Iterator[Moment]:
    """Every message that may come next, to either side."""
    for site, facts in paths.after(at.site):
        yield replace(at, site=site, published=at.published + facts)
    if at.heard < len(at.published):
        group, asked = paths.heard(at.group, at.published[at.heard])
        yield replace(at, group=group, heard=at.heard + 1, requests=at.requests + asked)
    if at.intake < len(INTAKE):
        group, requests = at.group, at.requests
        for fact in INTAKE[at.intake]:
            group, asked = paths.heard(group, paths.fact(fact))
            requests += asked
        yield replace(at, group=group, intake=at.intake + 1, requests=requests)


def beginning(paths: Paths, actas: int) -> Moment:
    """The tests passed; nothing of it has reached billing."""
    begun, _ = accepting(Site(ACCEPTANCE.state(), SENT, actas=actas), released(card(terms=terms(SUBORDER))))
    return Moment(paths.site(accepting(begun, passed_tests())[0]), paths.group(BILLING.state()))


def evidenced(paths: Paths, at: Moment) -> str:
    """As the procedure has it: a signature; or an expiry and its notice handed over, heard by billing. Answers which."""
    published = [paths.facts[one] for one in at.published]
    decisions = [one for one in published if isinstance(one, AcceptanceSigned | AcceptanceExpired)]
    assert len(decisions) <= 1, "decided once"
    assert len(set(at.requests)) == len(at.requests) <= 1, "the one phase is requested once"
    if not at.requests:
        return "NONE"
    request, heard, site = paths.facts[at.requests[0]], published[: at.heard], paths.sites[at.site]
    assert isinstance(request, BillingRequested)
    (basis,) = request.basis
    if basis.basis == "SIGNED":
        signed = [one for one in heard if isinstance(one, AcceptanceSigned)]
        assert len(signed) == 1
        assert signed[0].evidence.signature is not None
    else:
        assert [one.evidence.basis for one in heard if isinstance(one, AcceptanceExpired)] == ["EXPIRED"]
        notices = [one for one in heard if isinstance(one, AcceptanceExpiryNotified)]
        assert [one.notification_id for one in notices] == [basis.notice_id]
        assert set(notices[0].cc) >= {"EC", "GI"}
        assert site.now >= decisions[0].evidence.deadline
    assert site.state.stage in {"SIGNED", "EXPIRED"}, "no rejection is open and no acta is out"
    assert at.intake >= 2, "order, documents and account are known"
    return basis.basis


@pytest.mark.criterion("15.1", "14.5", "14.6", "14.8")
def test_no_path_with_one_acta_reaches_billing_without_its_evidence() -> None:
    paths = Paths()
    first = beginning(paths, actas=1)
    seen, waiting, bases = {first}, deque([first]), Counter[str]()
    while waiting:
        moment = waiting.popleft()
        bases[evidenced(paths, moment)] += 1
        new = [after for after in following(paths, moment) if after not in seen]
        seen.update(new)
        waiting += dict.fromkeys(new)
    assert len(seen) > 4000, "the walk went all the way"
    assert min(bases["SIGNED"], bases["EXPIRED"], bases["NONE"]) > 50, "and billing was reached in both ways"


@pytest.mark.criterion("15.1", "14.3", "14.7")
@pytest.mark.parametrize("seed", range(8))
def test_no_walk_through_resent_actas_and_new_series_reaches_billing_without_its_evidence(seed: int) -> None:
    paths, dice = Paths(), Random(seed)
    for _ in range(12):
        moment = beginning(paths, actas=4)
        while ahead := list(following(paths, moment)):
            moment = dice.choice(ahead)
            evidenced(paths, moment)
            if moment.requests and moment.heard == len(moment.published):
                break
