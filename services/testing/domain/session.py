"""Activities 11 and 12: the date, the agendas, the information mail, and the start of the session with the customer."""

from services.testing.domain.state import Agenda, State
from shared.common.mails import area, customer, heading, mail, owner, staff
from shared.contracts.shapes import Invite
from shared.contracts.testing import (
    AgreeTestDate,
    AnswerSession,
    CustomerTestDateAgreed,
    CustomerTestsStarted,
    ProposeSession,
    Replaced,
    SendTestInformation,
    SessionAnswered,
    SessionProposed,
    SlotBooked,
    SlotFreed,
    SlotRefused,
    StartCustomerTests,
)
from shared.decider import Decision, Target, World, refused

BEFORE_CUSTOMER = frozenset({"WAITING", "INTERNAL"})


def agree(state: State, command: AgreeTestDate, world: World) -> Decision:
    """The date agreed by call or mail; never before the internal tests passed (10.2, 11.1)."""
    if state.stage in BEFORE_CUSTOMER:
        return refused("INTERNAL_TESTS_PENDING")
    if command.date <= world.now:
        return refused("WINDOW_IN_PAST")
    return [CustomerTestDateAgreed(date=command.date, channel=command.channel, person=command.person, by=world.actor.id)]


def parties(state: State) -> tuple[str, ...]:
    """Cliente, the engineer, and, when it applies, Regional and Support Tier 2 (11.2, 12.3)."""
    traits = state.card.traits if state.card else None
    more = [
        role for role, takes_part in (("REGIONAL", traits and traits.regional), ("TIER2", traits and traits.tier2)) if takes_part
    ]
    return ("CLIENTE", "INGENIERO_B2B", *more)


def propose(state: State, command: ProposeSession, world: World) -> Decision:
    """All agendas are asked; the mail carries the invitation and the meeting link."""
    if state.date_agreed is None:
        return refused("DATE_NOT_AGREED")
    if command.window.start <= world.now or command.window.end <= command.window.start:
        return refused("WINDOW_IN_PAST")
    if state.card is None:
        return refused("DATE_NOT_AGREED")
    number, asked = state.sessions + 1, parties(state)
    replaced = Replaced(session=state.session.no, engineer=state.session.engineer) if state.session else None
    to = (
        *customer(state.card, "tecnico"),
        *staff("INGENIERO_B2B", command.engineer),
        *((area("regional"),) if "REGIONAL" in asked else ()),
        *((area("tier2"),) if "TIER2" in asked else ()),
    )
    invitation = mail(
        "testing",
        state.suborder,
        "INVITACION_PRUEBAS",
        f"invitation/{number}",
        to,
        cc=owner(state),
        values=heading(state.card) | {"modalidad": command.mode, "enlace": command.link or ""},
        invite=Invite(window=command.window, link=command.link),
    )
    return [
        SessionProposed(
            session=number,
            mode=command.mode,
            window=command.window,
            link=command.link,
            parties=asked,
            engineer=command.engineer,
            replaces=replaced,
        ),
        invitation,
    ]


def answer(state: State, command: AnswerSession, world: World) -> Decision:
    """A party says yes or no; the owner answers for the customer, the engineer's answer is his agenda's."""
    if state.session is None or state.session.no != command.session:
        return refused("UNKNOWN_SESSION", session=command.session)
    speaks = command.party in world.actor.roles or (command.party == "CLIENTE" and world.actor.roles & {"OM", "OM_SUPERVISOR"})
    if not speaks or command.party not in state.session.parties:
        return refused("ROLE_NOT_ALLOWED", command="AnswerSession")
    if command.party in state.session.yes and command.accepted:
        return []
    return [
        SessionAnswered(session=command.session, party=command.party, accepted=command.accepted, engineer=state.session.engineer)
    ]


def inform(state: State, command: SendTestInformation, world: World) -> Decision:
    """The customer gets what the tests need; sent once per session (11.3)."""
    if state.session is None or state.card is None:
        return refused("UNKNOWN_SESSION", session=0)
    values = heading(state.card) | command.values | {"desde": state.session.window.start.isoformat()}
    return [
        mail(
            "testing",
            state.suborder,
            "INFORMACION_PRUEBAS",
            f"information/{state.session.no}",
            customer(state.card, "tecnico"),
            cc=owner(state),
            values=values,
        )
    ]


def start(state: State, command: StartCustomerTests, world: World) -> Decision:
    """The session begins: parties, information mail and ticket first (11.2, 11.3, 12.2)."""
    if state.stage in BEFORE_CUSTOMER:
        return refused("INTERNAL_TESTS_PENDING")
    session = state.session
    if session is None or not session.scheduled:
        missing = set(parties(state)) - (session.yes if session else frozenset())
        return refused("PARTIES_PENDING", parties=", ".join(sorted(missing)))
    if state.information_sent_for < session.no:
        return refused("INFORMATION_NOT_SENT")
    if state.card is not None and state.card.traits.regional and state.ticket is None:
        return refused("REGIONAL_TICKET_MISSING")
    return [CustomerTestsStarted(session=session.no, attempt=state.attempt("CUSTOMER"), mode=session.mode)]


def book(state: Agenda, fact: SessionProposed, world: World) -> Decision:
    """The engineer's agenda takes the session unless it overlaps another; the slot it replaces is free again (11.2)."""
    old = f"{fact.suborder}/{fact.replaces.session}" if fact.replaces else ""
    freed = (
        [SlotFreed(session=fact.replaces.session, suborder=fact.suborder, parent=fact.parent)]
        if fact.replaces and old in state.bookings
        else []
    )
    others = [one for key, one in state.bookings.items() if key != old]
    conflict = next((one for one in others if one.window.start < fact.window.end and fact.window.start < one.window.end), None)
    known = f"{fact.suborder}/{fact.session}" in state.bookings
    if known:
        return freed
    if conflict is not None:
        why = f"{conflict.suborder}/{conflict.session}"
        return [
            *freed,
            SlotRefused(session=fact.session, suborder=fact.suborder, parent=fact.parent, window=fact.window, conflict=why),
        ]
    return [*freed, SlotBooked(session=fact.session, suborder=fact.suborder, parent=fact.parent, window=fact.window)]


def free(state: Agenda, fact: SessionAnswered, world: World) -> Decision:
    """A no frees the agenda (11.2)."""
    key = f"{fact.suborder}/{fact.session}"
    if fact.accepted or key not in state.bookings:
        return []
    return [SlotFreed(session=fact.session, suborder=fact.suborder, parent=fact.parent)]


def agenda_of(fact: SessionProposed | SessionAnswered, po: str) -> Target:
    """To the engineer's agenda."""
    return Target(ids=(f"agenda:{fact.engineer}",))
