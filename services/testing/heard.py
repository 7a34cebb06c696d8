"""What testing hears, with the function for each (activities 10 to 13)."""

from typing import Final

from services.testing.domain import closing, runs, session
from shared.common.behaviours import COMMON_COMMANDS, FOLLOWS_INTAKE, keep
from shared.contracts.acceptance import RejectionUpheld
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
from shared.decider import asked_by, hears

HEARD: Final = (
    hears(SuborderReleased, keep),
    hears(ServiceProvisioned, keep),
    hears(ReworkCompleted, keep),
    hears(RejectionUpheld, keep),
    hears(NotificationSent, keep, asked_by("testing")),
    hears(NotificationFailed, keep, asked_by("testing")),
    hears(StartInternalTests, runs.start_internal),
    hears(RecordAtpResults, runs.record),
    hears(CloseTestRun, runs.close),
    hears(AgreeTestDate, session.agree),
    hears(ProposeSession, session.propose),
    hears(SlotBooked, keep),
    hears(SlotRefused, keep),
    hears(AnswerSession, session.answer),
    hears(SendTestInformation, session.inform),
    hears(StartCustomerTests, session.start),
    hears(RecordRegionalTicket, closing.opened),
    hears(RecordDeliveryKit, closing.kit),
    hears(CloseRegionalTicket, closing.close),
    *COMMON_COMMANDS,
    *FOLLOWS_INTAKE,
)
AGENDA: Final = (
    hears(SessionProposed, session.book, session.agenda_of),
    hears(SessionAnswered, session.free, session.agenda_of),
)
"""What an engineer's agenda hears."""
