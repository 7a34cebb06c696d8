"""TM Forum's words for what we tell: notifications of TMF622 Product Ordering (`partners.md` 4.5)."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.base import Instant

State = Literal[
    "acknowledged",
    "inProgress",
    "pending",
    "held",
    "rejected",
    "assessingCancellation",
    "pendingCancellation",
    "cancelled",
    "partial",
    "failed",
    "completed",
]
"""The states of a product order."""

EventType = Literal[
    "ProductOrderCreateEvent",
    "ProductOrderStateChangeEvent",
    "ProductOrderAttributeValueChangeEvent",
    "ProductOrderInformationRequiredEvent",
    "ProductOrderMilestoneEvent",
    "ProductOrderJeopardyAlertEvent",
    "ProductOrderErrorMessageEvent",
]
"""The notifications that we send; those of a cancellation follow when there are facts for them."""

Version = Literal[4, 5]
ADDED_IN_5: Final = frozenset({"ProductOrderMilestoneEvent", "ProductOrderJeopardyAlertEvent", "ProductOrderErrorMessageEvent"})
"""What version 4 cannot say: there it is a changed attribute, told in a note."""


class Shape(BaseModel):
    """A frozen value with TM Forum's names on the wire; readers ignore what they do not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, serialize_by_alias=True)


def typed(name: str) -> Any:
    """The field `@type`, which always says the same."""
    return Field(default=name, alias="@type")


class ExternalId(Shape):
    """A number that people know the order by."""

    type: Literal["ExternalIdentifier"] = typed("ExternalIdentifier")
    id: str
    owner: str = "salesforce"
    kind: str = Field(default="OrderNumber", alias="externalIdentifierType")


class Note(Shape):
    """What happened, in Spanish."""

    type: Literal["Note"] = typed("Note")
    id: str
    date: Instant
    text: str


class OrderItem(Shape):
    """A line of the order; without `action` where the fact does not say what is done with it."""

    type: Literal["ProductOrderItem"] = typed("ProductOrderItem")
    id: str
    action: Literal["add", "modify", "delete", "noChange"] | None = None
    quantity: int
    state: State | None = None


class Milestone(Shape):
    """A point on the way that was reached."""

    type: Literal["ProductOrderMilestone"] = typed("ProductOrderMilestone")
    id: str
    name: str = Field(description="Name of our fact.")
    description: str
    date: Instant = Field(alias="milestoneDate")
    status: Literal["Yet-To-Reach", "Completed", "Violated"] = "Completed"


class Jeopardy(Shape):
    """A limit is near or passed."""

    type: Literal["ProductOrderJeopardyAlert"] = typed("ProductOrderJeopardyAlert")
    id: str
    name: str
    kind: str = Field(alias="jeopardyType", description="AMBER: the limit is near. RED: it is passed.")
    message: str
    date: Instant = Field(alias="alertDate")


class ErrorMessage(Shape):
    """A step that cannot go on by itself."""

    type: Literal["ProductOrderErrorMessage"] = typed("ProductOrderErrorMessage")
    code: str = Field(description="Class of the fallout.")
    reason: str = Field(description="The step.")
    message: str
    timestamp: Instant


class ProductOrder(Shape):
    """A parent order, a suborder or a billing group. Without `state` the notification says nothing about it."""

    type: Literal["ProductOrder"] = typed("ProductOrder")
    id: str
    external: tuple[ExternalId, ...] | None = Field(default=None, alias="externalId")
    state: State | None = None
    items: tuple[OrderItem, ...] | None = Field(default=None, alias="productOrderItem")
    milestones: tuple[Milestone, ...] | None = Field(default=None, alias="productOrderMilestone")
    jeopardies: tuple[Jeopardy, ...] | None = Field(default=None, alias="productOrderJeopardyAlert")
    errors: tuple[ErrorMessage, ...] | None = Field(default=None, alias="productOrderErrorMessage")
    notes: tuple[Note, ...] | None = Field(default=None, alias="note")


class Event(Shape):
    """What a notification is about."""

    order: ProductOrder = Field(alias="productOrder")


class Notification(Shape):
    """One notification; `eventId` is `tmf/` and the id of the fact it tells of, for ever the same."""

    id: Annotated[str, Field(alias="eventId", min_length=1)]
    kind: EventType = Field(alias="eventType")
    at: Instant = Field(alias="eventTime")
    correlation: str = Field(alias="correlationId", description="The parent order.")
    domain: str = "Delivery"
    title: str
    event: Event
    type: EventType = Field(alias="@type")
