"""What testing hears, with the function for each (activities 10 to 13)."""

from typing import Any, Final

from services.testing.domain import agenda, closing, failed, fallout, information, runs, session
from shared.common.behaviours import COMMON_COMMANDS, FOLLOWS_INTAKE, keep
from shared.contracts.acceptance import RejectionUpheld
from shared.contracts.common import ResolveFallout
from shared.contracts.intake import SuborderReleased
from shared.contracts.notifications import NotificationFailed, NotificationSent
from shared.contracts.provisioning import ReworkCompleted, ServiceProvisioned
from shared.contracts.testing import (
    AgreeTestDate,
    AnswerSession,
    CloseRegionalTicket,
    CloseTestRun,
    ProposeSession,
    RecordAtpResults,
    RecordDeliveryKit,
    RecordRegionalTicket,
    SendTestInformation,
    SessionAnswered,
    SessionProposed,
    SlotBooked,
    SlotRefused,
    StartCustomerTests,
    StartInternalTests,
)
from shared.decider import Hears, Reaches, asked_by, hears, reaches

ASKED_HERE: Final = asked_by("testing")

HEARD: Final[tuple[Hears[Any] | Reaches[Any], ...]] = (
    hears(SuborderReleased, keep),
    hears(ServiceProvisioned, keep),
    hears(ReworkCompleted, keep),
    hears(RejectionUpheld, keep),
    hears(NotificationSent, information.sent, ASKED_HERE),
    hears(NotificationFailed, information.failed, ASKED_HERE),
    hears(StartInternalTests, runs.start_internal),
    hears(RecordAtpResults, runs.record),
    hears(CloseTestRun, runs.close),
    hears(AgreeTestDate, session.agree),
    hears(ProposeSession, session.propose),
    hears(SlotBooked, session.agenda_answered),
    hears(SlotRefused, session.agenda_answered),
    hears(AnswerSession, session.answer),
    hears(SendTestInformation, information.send),
    hears(StartCustomerTests, session.start),
    hears(RecordRegionalTicket, closing.opened),
    hears(RecordDeliveryKit, closing.kit),
    hears(CloseRegionalTicket, closing.close),
    reaches("rework_limit", failed.too_long),
    hears(ResolveFallout, fallout.resolve),  # goes before the common one: the step has something to say
    *COMMON_COMMANDS,
    *FOLLOWS_INTAKE,
)
AGENDA: Final[tuple[Hears[Any], ...]] = (
    hears(SessionProposed, agenda.book, agenda.of_session),
    hears(SessionAnswered, agenda.free, agenda.of_answer),
)
"""What an engineer's agenda hears."""
