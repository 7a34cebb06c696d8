"""Which command is legal in which stage, and for whom."""

from typing import Final

from services.testing.domain.state import STAGES
from shared.common.behaviours import common_policy
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
    StartCustomerTests,
    StartInternalTests,
)
from shared.decider import OWNER, allow

RUNS: Final = {"INTERNAL", "CUSTOMER", "E2E"}
AGENDAS: Final = {"AGENDA", "SCHEDULED"}

POLICY: Final = (
    #     command             stages                                                who
    allow(StartInternalTests, {"INTERNAL"}, {"INGENIERO_B2B"}, opens_work=True),
    allow(RecordAtpResults, RUNS, {"INGENIERO_B2B", "REGIONAL", OWNER}),
    allow(CloseTestRun, {"INTERNAL", "CUSTOMER"}, {"INGENIERO_B2B"}),
    allow(CloseTestRun, {"E2E"}, {OWNER}),
    allow(AgreeTestDate, {"INTERNAL", *AGENDAS}, {"PROJECT_MANAGER", OWNER}),
    allow(ProposeSession, AGENDAS, {"PROJECT_MANAGER", OWNER}),
    allow(AnswerSession, AGENDAS, {"CLIENTE", "INGENIERO_B2B", "REGIONAL", "TIER2", OWNER}),
    allow(SendTestInformation, {"SCHEDULED"}, {"PROJECT_MANAGER", OWNER}),
    allow(StartCustomerTests, {"INTERNAL", *AGENDAS}, {"INGENIERO_B2B", OWNER}),
    allow(RecordRegionalTicket, {*AGENDAS, "CUSTOMER", "E2E", "CLOSING"}, {"REGIONAL", OWNER}),
    allow(RecordDeliveryKit, {"CUSTOMER", "E2E", "CLOSING"}, {"REGIONAL"}),
    allow(CloseRegionalTicket, STAGES, {"REGIONAL"}),
    *common_policy(STAGES),
)
