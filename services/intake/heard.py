"""What intake hears and reaches, with the function for each (activities 1 to 4 and the roll-up)."""

from typing import Any, Final

from services.intake.domain import activaciones, checklist, claim, clock, documents, fallout, hold, receive, team, work_orders
from services.intake.domain.assembly import collect
from shared.common.behaviours import COMMON_COMMANDS, keep
from shared.contracts.acceptance import AcceptanceExpired, AcceptanceSigned, CalendarAmended, SuborderCompleted
from shared.contracts.common import FalloutRaised, FalloutResolved, ResolveFallout
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
from shared.contracts.salesforce import (
    SalesforceDocumentsAdded,
    SalesforceOrderCancelled,
    SalesforceOrderSubmitted,
    SalesforcePiecesArrived,
)
from shared.decider import Hears, Reaches, by_effect, by_parent, hears, reaches

HEARD: Final[tuple[Hears[Any] | Reaches[Any], ...]] = (
    hears(SalesforceOrderSubmitted, receive.submitted),
    hears(SalesforcePiecesArrived, collect.arrived),
    hears(SalesforceDocumentsAdded, documents.added),
    hears(SalesforceOrderCancelled, receive.cancelled),
    hears(ReviewOrder, claim.review),
    hears(ClaimOrder, claim.claim),
    hears(ReturnOrder, claim.give_back),
    hears(ReassignOrder, claim.reassign),
    hears(AttachDocument, documents.attach_by_hand),
    hears(SetApplicability, checklist.set_applicability),
    hears(RecordDocumentStored, documents.stored),
    hears(ValidateDocs, checklist.validate),
    hears(GenerateWorkOrders, work_orders.generate),
    hears(SubmitQuote, activaciones.quote),
    hears(SelectQuote, activaciones.select),
    hears(AnswerActivationsRequest, activaciones.answer),
    hears(RecordRegionalTicket, activaciones.ticket),
    hears(AssignTeam, team.assign),
    hears(PresentHld, team.present),
    hears(HoldOrder, hold.hold),
    hears(ResumeOrder, hold.resume),
    hears(CancelSuborder, hold.cancel),
    hears(FailSuborder, hold.fail),
    hears(AcceptanceSigned, keep, by_parent),
    hears(AcceptanceExpired, keep, by_parent),
    hears(SuborderCompleted, keep, by_parent),
    hears(FalloutRaised, keep, by_parent),
    hears(FalloutResolved, keep, by_parent),
    hears(CalendarAmended, clock.amended, by_effect),  # RedateClocks hands it to every order that is not at its end
    reaches("assembly_due", collect.due),
    reaches("unclaimed", claim.unclaimed),
    reaches("hold_review", hold.reviewed),
    reaches("activations_warning", clock.warn),
    reaches("activations_due", clock.breach, irreversible=True),
    hears(ResolveFallout, fallout.resolve),  # goes before the common one: the step has something to say
    *COMMON_COMMANDS,
)
