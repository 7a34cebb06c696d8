"""Which command is legal in which stage, and for whom."""

from typing import Final

from services.provisioning.domain.state import STAGES, UNRELEASED
from shared.common.behaviours import common_policy
from shared.contracts.intake import AnswerActivationsRequest
from shared.contracts.provisioning import (
    CompleteBuildItem,
    ConfirmServiceProvisioned,
    ConfirmVirtualCircuit,
    PlanNetworkBuild,
    ReleaseEquipment,
    ReportStock,
    ReportTechnicalVisit,
    ScheduleTechnicalVisit,
    VerifyProvisioningMethod,
)
from shared.decider import OWNER, allow

AGAIN: Final = "REWORK"

POLICY: Final = (
    #     command                     stages                                                     who
    allow(PlanNetworkBuild, {"NETWORK", AGAIN}, {"INGENIERO_B2B", OWNER}, opens_work=True),
    allow(CompleteBuildItem, {"NETWORK", AGAIN}, {"INGENIERO_B2B", "CONTRATISTA"}),
    allow(AnswerActivationsRequest, {"NETWORK", "LOGICAL", AGAIN}, {"ACTIVACIONES"}),
    allow(ConfirmVirtualCircuit, {"NETWORK", "LOGICAL", "EQUIPMENT", "VISIT", "METHOD", AGAIN}, {"NOC"}),
    allow(ReportStock, {"EQUIPMENT", AGAIN}, {"JEFE_PRODUCTO", OWNER}),
    allow(ReleaseEquipment, {"EQUIPMENT", "VISIT"}, {"JEFE_PRODUCTO", OWNER}),
    allow(ScheduleTechnicalVisit, {"NETWORK", "LOGICAL", "EQUIPMENT", "VISIT", AGAIN}, {"CONTRATISTA", OWNER}),
    allow(ReportTechnicalVisit, {"VISIT", AGAIN}, {"CONTRATISTA", OWNER}),
    allow(VerifyProvisioningMethod, {"METHOD", AGAIN}, {"INGENIERO_B2B", OWNER}),
    allow(ConfirmServiceProvisioned, {"METHOD", AGAIN}, {"INGENIERO_B2B", "REGIONAL"}),
    *common_policy(frozenset({UNRELEASED, *STAGES})),
)
