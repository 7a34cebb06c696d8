"""What provisioning hears and reaches, with the function for each (activities 5 to 9)."""

from typing import Any, Final

from services.provisioning.domain import clock, fallout, logical, method, network, stock, visit
from shared.common import answers
from shared.common.behaviours import COMMON_COMMANDS, FOLLOWS_INTAKE, keep
from shared.common.time_limits import looks_again
from shared.contracts.acceptance import CalendarAmended
from shared.contracts.common import ResolveFallout
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
from shared.decider import Hears, Reaches, by_effect, hears, reaches

HEARD: Final[tuple[Hears[Any] | Reaches[Any], ...]] = (
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
    hears(CalendarAmended, looks_again(clock.redated), by_effect),  # RedateClocks hands it to every running clock
    reaches("activations_warning", answers.warn),
    reaches("activations_due", clock.breach, irreversible=True),
    reaches("reservation_end", stock.expired),
    hears(ResolveFallout, fallout.resolve),  # goes before the common one: the step has something to say
    *COMMON_COMMANDS,
    *FOLLOWS_INTAKE,
)
