"""Which command is legal in which stage, and for whom."""

from typing import Final

from services.acceptance.domain.state import AFTER_SENDING, STAGES
from shared.common import calendars
from shared.common.behaviours import common_policy
from shared.contracts.acceptance import (
    AmendCalendar,
    ApproveRedating,
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
from shared.decider import OWNER, SYSTEM, allow

ANY: Final = STAGES | {"STOPPED"}
NOT_FINAL: Final = STAGES - {"DONE"}

POLICY: Final = (
    #     command             stages                     who
    allow(RecordActaRendered, ANY, {SYSTEM}, while_held=True),
    allow(ResendActa, {"SENDING"}, {OWNER}),
    allow(RecordSignature, AFTER_SENDING, {OWNER, "CLIENTE"}),  # legal, or refused by its own code (14.5)
    allow(RejectAcceptance, AFTER_SENDING, {OWNER, "CLIENTE"}),
    allow(UpholdRejection, AFTER_SENDING, {OWNER}),
    allow(DismissRejection, AFTER_SENDING, {OWNER, "GI"}),
    allow(ReferDispute, AFTER_SENDING, {OWNER}),
    allow(ResolveDispute, {"DISPUTED"}, {"EC"}),
    allow(RecordExpiryCall, {"EXPIRED", "ONBOARDING"}, {OWNER}),
    allow(ApproveRedating, NOT_FINAL, {"OM_SUPERVISOR"}),
    allow(UpdateCustomerData, {"ONBOARDING"}, {OWNER}),
    allow(ScheduleTraining, {"ONBOARDING"}, {OWNER}),
    allow(RecordTraining, {"ONBOARDING"}, {OWNER}),
    allow(RecordKitDelivery, {"ONBOARDING"}, {OWNER}),
    *common_policy(ANY),
)
CALENDARS_POLICY: Final = (
    allow(AmendCalendar, calendars.STAGES, {"OM_SUPERVISOR", "OPS"}, opens_work=True),
    *calendars.POLICY,
)
