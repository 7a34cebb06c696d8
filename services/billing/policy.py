"""Which command is legal when a phase stands in which stage, and for whom."""

from typing import Final

from services.billing.domain.state import STAGES
from shared.common.behaviours import common_policy
from shared.contracts.billing import (
    AttachBillingDocument,
    ConfirmBillingActivation,
    RefuseBillingActivation,
    ResendBillingRequest,
    SetBillingPhases,
)
from shared.contracts.intake import AnswerActivationsRequest
from shared.decider import OWNER, allow

POLICY: Final = (
    #     command                  stages                                            who
    allow(SetBillingPhases, STAGES, {OWNER}),
    allow(AttachBillingDocument, {"WAITING", "DEFERRED", "BLOCKED", "REQUESTED"}, {OWNER}),
    allow(AnswerActivationsRequest, {"REQUESTED"}, {"ACTIVACIONES"}),
    allow(ConfirmBillingActivation, {"REQUESTED", "ACTIVE"}, {"FACTURADOR_BBD", "ACTIVACIONES"}),
    allow(RefuseBillingActivation, {"REQUESTED"}, {"FACTURADOR_BBD", "ACTIVACIONES"}),
    allow(ResendBillingRequest, {"REQUESTED"}, {OWNER, "OM_SUPERVISOR"}),
    *common_policy(STAGES | {"STOPPED"}),
)
