"""Which command is legal in which stage, and for whom."""

from typing import Final

from services.intake.domain.state import STAGES
from shared.common.behaviours import common_policy
from shared.contracts.intake import (
    AnswerActivationsRequest,
    AssignTeam,
    AttachDocument,
    CancelSuborder,
    ClaimOrder,
    FailSuborder,
    GenerateWorkOrders,
    HoldOrder,
    PresentHld,
    ReassignOrder,
    RecordDocumentStored,
    RecordRegionalTicket,
    ResumeOrder,
    ReturnOrder,
    ReviewOrder,
    SelectQuote,
    SetApplicability,
    SubmitQuote,
    ValidateDocs,
)
from shared.decider import OWNER, SYSTEM, allow

ANY: Final = frozenset({"NEW", *STAGES})  # documents may come, and be stored, before their order
TAKEN: Final = {"CLAIMED", "DOCS_INCOMPLETE", "DOCS_VALID", "PLANNED", "IN_DELIVERY"}
OPEN: Final = {"RECEIVED", *TAKEN}
GOING: Final = {"DOCS_VALID", "PLANNED", "IN_DELIVERY"}

POLICY: Final = (
    #     command                   stages                                            who
    allow(ReviewOrder, OPEN, {"OM"}),
    allow(ClaimOrder, OPEN, {"OM"}, opens_work=True),
    allow(ReturnOrder, {"RECEIVED", "CLAIMED", "DOCS_INCOMPLETE"}, {"OM", OWNER}),
    allow(ReassignOrder, TAKEN, {OWNER, "OM_SUPERVISOR"}),
    allow(AttachDocument, OPEN, {OWNER, "EC"}),
    allow(SetApplicability, {"CLAIMED", "DOCS_INCOMPLETE", "DOCS_VALID"}, {OWNER}),
    allow(RecordDocumentStored, ANY, {SYSTEM}),
    allow(ValidateDocs, TAKEN, {OWNER}),
    allow(GenerateWorkOrders, {"CLAIMED", "DOCS_INCOMPLETE", "DOCS_VALID", "PLANNED"}, {OWNER}, opens_work=True),
    allow(SubmitQuote, TAKEN, {"ACTIVACIONES", "CONTRATISTA"}),
    allow(SelectQuote, {"PLANNED", "IN_DELIVERY"}, {OWNER}),
    allow(AnswerActivationsRequest, TAKEN, {"ACTIVACIONES"}),
    allow(RecordRegionalTicket, TAKEN, {"REGIONAL", OWNER}),
    allow(AssignTeam, GOING, {OWNER}),
    allow(PresentHld, {"PLANNED", "IN_DELIVERY"}, {OWNER}),
    allow(HoldOrder, GOING, {OWNER}),
    allow(ResumeOrder, GOING, {OWNER}),
    allow(CancelSuborder, {*OPEN, "RETURNED"}, {OWNER}),
    allow(FailSuborder, {"IN_DELIVERY"}, {"OM_SUPERVISOR"}),
    *common_policy(ANY),
)
