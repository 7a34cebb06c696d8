"""What acceptance hears and reaches, with the function for each (activities 14 and 16 to 18)."""

from typing import Any, Final

from services.acceptance.domain import acta, calendars, clock, notices, onboarding, redating, rejection, signature
from shared.common.behaviours import COMMON_COMMANDS, FOLLOWS_INTAKE, keep
from shared.common.calendars import HEARD as COPIES_HEARD
from shared.contracts.acceptance import (
    AmendCalendar,
    ApproveRedating,
    CalendarAmended,
    DismissRejection,
    RecordActaRendered,
    RecordExpiryCall,
    RecordKitDelivery,
    RecordSignature,
    RecordTraining,
    ReferDispute,
    RejectAcceptance,
    ResendActa,
    ResolveDispute,
    ScheduleTraining,
    UpdateCustomerData,
    UpholdRejection,
)
from shared.contracts.billing import ServiceBillingActivated
from shared.contracts.intake import SuborderReleased
from shared.contracts.notifications import NotificationBounced, NotificationFailed, NotificationSent
from shared.contracts.testing import TestsPassed
from shared.decider import Hears, Reaches, asked_by, by_effect, each_suborder, hears, reaches

ASKED_HERE: Final = asked_by("acceptance")

HEARD: Final[tuple[Hears[Any] | Reaches[Any], ...]] = (
    hears(SuborderReleased, keep),
    hears(TestsPassed, keep),
    hears(RecordActaRendered, acta.rendered),
    hears(ResendActa, acta.resend),
    hears(NotificationSent, notices.sent, ASKED_HERE),  # the ten days start when the mail system took the acta
    hears(NotificationFailed, notices.failed, ASKED_HERE),
    hears(NotificationBounced, notices.bounced, ASKED_HERE),
    reaches("reminder", clock.remind, irreversible=True),  # a used slot never comes back, nor a mail that said so too early
    reaches("expiry", clock.expire, irreversible=True),
    hears(RecordSignature, signature.record),
    hears(RejectAcceptance, rejection.reject),
    hears(UpholdRejection, rejection.uphold),
    hears(DismissRejection, rejection.dismiss),
    hears(ReferDispute, rejection.refer),
    hears(ResolveDispute, rejection.resolve),
    hears(RecordExpiryCall, notices.called),
    hears(CalendarAmended, redating.redate, by_effect),  # RedateClocks hands it to every running clock
    hears(ApproveRedating, redating.approve),
    hears(ServiceBillingActivated, keep, each_suborder),
    hears(UpdateCustomerData, onboarding.update_customer),
    hears(ScheduleTraining, onboarding.schedule),
    hears(RecordTraining, onboarding.trained),
    hears(RecordKitDelivery, onboarding.kit_by_hand),
    *COMMON_COMMANDS,
    *FOLLOWS_INTAKE,
)
CALENDARS_HEARD: Final = (
    hears(AmendCalendar, calendars.amend),
    *COPIES_HEARD,
)
