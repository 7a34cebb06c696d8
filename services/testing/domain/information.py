"""Activity 11.3: the information mail goes out before the session, and what the mail system says of testing's mails."""

from typing import Final

from services.testing.domain.session import informed
from services.testing.domain.state import State
from shared.common.mails import customer, heading, mail, owner
from shared.common.personal import PERSONAL
from shared.contracts.base import Fact
from shared.contracts.common import FalloutRaised, FalloutResolved
from shared.contracts.notifications import NotificationFailed, NotificationSent
from shared.contracts.testing import CustomerTestInformationSent, SendTestInformation
from shared.decider import Decision, World, refused

STEP: Final = "INFORMATION"
PREFIX: Final = "information/"


def send(state: State, command: SendTestInformation, world: World) -> Decision:
    """The customer gets what the tests need, once per session unless the mail failed."""
    session, card = state.session, state.card
    if session is None or card is None or informed(state) or on_its_way(state):
        return []
    if any(PERSONAL.search(text) for text in command.values.values()):
        return refused("PERSONAL_DATA")
    again = state.information.asks if state.information.session == session.no else 0
    purpose = f"{PREFIX}{session.no}" + (f"/{again + 1}" if again else "")
    values = heading(card) | command.values | {"desde": session.window.start.isoformat(), "modalidad": session.mode}
    to = customer(card, "tecnico")
    return [mail("testing", state.suborder, "INFORMACION_PRUEBAS", purpose, to, cc=owner(state), values=values)]


def on_its_way(state: State) -> bool:
    """Whether the mail of this session was asked for and has not failed."""
    known = state.information
    mine = state.session is not None and known.session == state.session.no
    return mine and known.pending and not any(one.step == STEP for one in state.fallouts.values())


def session_of(purpose: str) -> int | None:
    """The session an information mail is about; None for another mail."""
    return int(purpose.split("/")[1]) if purpose.startswith(PREFIX) else None


def sent(state: State, fact: NotificationSent, world: World) -> Decision:
    """The mail was handed over: the session may begin, and a failure before it is over (11.3)."""
    session, known = session_of(fact.purpose), state.information
    news = session is not None and not state.stopped and not (known.sent and known.session >= session)
    facts: list[Fact] = []
    if session is not None and news:
        facts.append(CustomerTestInformationSent(session=session, notification_id=fact.notification_id))
    own = f"{state.suborder}/{fact.purpose}"
    over = [key for key, one in state.fallouts.items() if key == own or (session is not None and one.step == STEP)]
    return [*facts, *(FalloutResolved(fallout_id=key, how="RETRY", reason="El correo fue entregado.") for key in over)]


def failed(state: State, fact: NotificationFailed, world: World) -> Decision:
    """A mail that could not be sent is a fallout of the owner (11.3, X.4)."""
    fallout = f"{state.suborder}/{fact.purpose}"
    if state.stopped or fallout in state.fallouts:
        return []
    step = STEP if session_of(fact.purpose) is not None else fact.purpose
    detail = f"No se pudo enviar el correo {fact.purpose}."
    return [FalloutRaised(fallout_id=fallout, fallout_class=fact.code, step=step, detail=detail, queue="OM")]


def by_hand(state: State, fallout_id: str) -> list[Fact]:
    """The customer got the information another way, or goes without."""
    if state.session is None or informed(state):
        return []
    return [CustomerTestInformationSent(session=state.session.no, notification_id=fallout_id)]
