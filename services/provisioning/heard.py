"""What provisioning hears and reaches, with the function for each (activities 5 to 9)."""

from typing import Final

from services.provisioning.domain import logical, method, network, stock, visit
from shared.common import answers
from shared.common.behaviours import COMMON_COMMANDS, FOLLOWS_INTAKE, keep
from shared.contracts.intake import AnswerActivationsRequest, SuborderReleased
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
from shared.contracts.testing import ReworkRequested
from shared.decider import hears, reaches

HEARD: Final = (
    hears(SuborderReleased, keep),
    hears(ReworkRequested, keep),
    hears(PlanNetworkBuild, network.plan),
    hears(CompleteBuildItem, network.complete),
    hears(AnswerActivationsRequest, logical.answered),
    hears(ConfirmVirtualCircuit, logical.enabled),
    hears(ReportStock, stock.report),
    hears(ReleaseEquipment, stock.release),
    hears(ScheduleTechnicalVisit, visit.schedule),
    hears(ReportTechnicalVisit, visit.report),
    hears(VerifyProvisioningMethod, method.verify),
    hears(ConfirmServiceProvisioned, method.confirm),
    reaches("activations_warning", answers.warn),
    reaches("activations_due", answers.breach, irreversible=True),
    reaches("reservation_end", stock.expired),
    *COMMON_COMMANDS,
    *FOLLOWS_INTAKE,
)
