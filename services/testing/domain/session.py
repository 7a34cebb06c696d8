"""Activities 11 and 12: the date, the session with its parties, and its start with the customer (11.1 to 12.3)."""

from typing import Final

from services.testing.domain import closing
from services.testing.domain.runs import end_to_end
from services.testing.domain.state import Session, State
from shared.common.mails import customer, heading, mail, member, owner, staff
from shared.common.people import stranger
from shared.contracts.base import Fact
from shared.contracts.common import NotificationRequested
from shared.contracts.shapes import Card, Invite
from shared.contracts.testing import (
    AgreeTestDate,
    AnswerSession,
    CustomerTestDateAgreed,
    CustomerTestsScheduled,
    CustomerTestsStarted,
    ProposeSession,
    Replaced,
    SessionAnswered,
    SessionProposed,
    SlotBooked,
    SlotRefused,
    StartCustomerTests,
)
from shared.decider import Decision, World, refused

ENGINEER: Final = "INGENIERO_B2B"


def agree(state: State, command: AgreeTestDate, world: World) -> Decision:
    """The date agreed by call or mail; never before the internal tests passed (10.2, 11.1)."""
    if "INTERNAL" not in state.passed_at:
        return refused("INTERNAL_TESTS_PENDING")
    if command.date <= world.now:
        return refused("WINDOW_IN_PAST")
    return [CustomerTestDateAgreed(date=command.date, channel=command.channel, person=command.person, by=world.actor.id)]


def parties(card: Card) -> tuple[str, ...]:
    """Cliente, the engineer for Tigo, and, when it applies, Regional and Support Tier 2 (11.2, 12.3)."""
    applies = {"REGIONAL": card.traits.regional, "TIER2": card.traits.tier2}
    return ("CLIENTE", ENGINEER, *(role for role, takes_part in applies.items() if takes_part))


def propose(state: State, command: ProposeSession, world: World) -> Decision:
    """All agendas are asked; the mail carries the invitation and the meeting link."""
    card, session = state.card, state.session
    if state.date_agreed is None or card is None:
        return refused("DATE_NOT_AGREED")
    if command.window.start <= world.now or command.window.end <= command.window.start:
        return refused("WINDOW_IN_PAST")
    if unknown := stranger(world, command.engineer, ENGINEER):
        return unknown
    proposed = SessionProposed(
        session=state.sessions + 1,
        mode=command.mode,
        window=command.window,
        link=command.link,
        parties=parties(card),
        engineer=command.engineer,
        replaces=Replaced(session=session.no, engineer=session.engineer) if session else None,
    )
    return [proposed, _invitation(state, card, proposed)]


def _invitation(state: State, card: Card, proposed: SessionProposed) -> NotificationRequested:
    to = [
        *customer(card, "tecnico"),
        *staff(ENGINEER, proposed.engineer),
        *(member(card, role, role.lower()) for role in ("REGIONAL", "TIER2") if role in proposed.parties),
    ]
    values = heading(card) | {"modalidad": proposed.mode} | ({"enlace": proposed.link} if proposed.link else {})
    invite = Invite(window=proposed.window, link=proposed.link)
    purpose = f"invitation/{proposed.session}"
    return mail("testing", state.suborder, "INVITACION_PRUEBAS", purpose, to, cc=owner(state), values=values, invite=invite)


def answer(state: State, command: AnswerSession, world: World) -> Decision:
    """A party says yes or no; the owner speaks for the customer, and the engineer's yes is his agenda's alone."""
    session = state.session
    if session is None or session.no != command.session:
        return refused("UNKNOWN_SESSION", session=command.session)
    roles = world.actor.roles
    speaks = command.party in roles or (command.party == "CLIENTE" and roles & {"OM", "OM_SUPERVISOR"})
    if not speaks or command.party not in session.parties:
        return refused("ROLE_NOT_ALLOWED", command="AnswerSession")
    if command.party == ENGINEER and command.accepted:
        return []
    return _answers(session, command.party, accepted=command.accepted)


def agenda_answered(state: State, fact: SlotBooked | SlotRefused, world: World) -> Decision:
    """The engineer's answer is that of his agenda; one about an older session is late (11.2)."""
    session = state.session
    if state.stopped or session is None or session.no != fact.session:
        return []
    return _answers(session, ENGINEER, accepted=isinstance(fact, SlotBooked))


def _answers(session: Session, party: str, *, accepted: bool) -> list[Fact]:
    """A repeat changes nothing, and nobody takes back a no: another session is proposed."""
    said = session.yes | session.no_from if accepted else session.no_from
    if party in said:
        return []
    return [SessionAnswered(session=session.no, party=party, accepted=accepted, engineer=session.engineer)]


def scheduled(state: State) -> list[Fact]:
    """Confirmed with the last yes (11.2)."""
    session = state.session
    if session is None or session.scheduled or session.missing or state.stage != "AGENDA":
        return []
    return [CustomerTestsScheduled(session=session.no, mode=session.mode, window=session.window)]


def called_off(state: State) -> list[Fact]:
    """A suborder that was given up frees the engineer for others."""
    session = state.session
    if session is None or session.no_from:
        return []
    return _answers(session, "OM", accepted=False)


def start(state: State, command: StartCustomerTests, world: World) -> Decision:
    """The session begins: parties, information mail and ticket first (11.2, 11.3, 12.2)."""
    session, card = state.session, state.card
    if "INTERNAL" not in state.passed_at or card is None:
        return refused("INTERNAL_TESTS_PENDING")
    if session is None or not session.scheduled:
        return refused("PARTIES_PENDING", parties=", ".join(session.missing if session else parties(card)))
    if not informed(state):
        return refused("INFORMATION_NOT_SENT")
    if closing.ticket_missing(state, world):
        return refused("REGIONAL_TICKET_MISSING")
    started = CustomerTestsStarted(session=session.no, attempt=state.attempt("CUSTOMER"), mode=session.mode)
    # After a failed E2E on the customer's side the customer's own tests stand: only E2E gets its new date.
    return [started, end_to_end(state)] if "CUSTOMER" in state.passed_at else [started]


def informed(state: State) -> bool:
    """Whether the information mail of the session was handed over (11.3)."""
    return state.session is not None and state.information.sent and state.information.session == state.session.no
