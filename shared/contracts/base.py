"""What every message is made of: frozen models, safe text, UTC instants, and the three kinds of message."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

NO_NUL = r"^[^\x00]*$"  # Postgres stores no NUL, so no message may carry one (P10)

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{18}$")]
"""A Salesforce id of 18 characters; ours too, so nobody keeps a mapping."""
Key = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=NO_NUL)]
"""An aggregate's or a thing's own id: a suborder, `<parent>/<group>`, `agenda:<staff>`, a ce_id."""
Name = Annotated[str, StringConstraints(max_length=200, pattern=NO_NUL)]
"""A short text: a code, a label, a name of a company or site."""
Text = Annotated[str, StringConstraints(max_length=4000, pattern=NO_NUL)]
"""A free text that a person wrote."""
Link = Annotated[str, StringConstraints(max_length=4000, pattern=NO_NUL), "link"]
"""An address of a meeting: no words of a person, though it may look like a mail address."""
Staff = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NO_NUL)]
"""A user id; `area:<name>` is an area's mailbox and task queue."""
Ref = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=NO_NUL)]
"""A contact: `<Salesforce id>:<slot>`. Never a name, a mail or a phone."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Instant = Annotated[datetime, AwareDatetime, AfterValidator(lambda at: at.astimezone(UTC))]
"""A moment in UTC."""
Amount = Annotated[Decimal, Field(max_digits=16, decimal_places=4, allow_inf_nan=False)]
"""Money or percent as exact decimal, text on the wire."""


class Model(BaseModel):
    """A frozen value. Readers ignore what they do not know; errors never show the input (I15)."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Message(Model):
    """Anything a decider may be told."""


class Fact(Message):
    """Something that happened, published for ever as `o2c.<service>.<Name>.v1`."""

    parent: Name = Field(default="", description="Parent order; stamped by the core.")
    rules: dict[str, str] = Field(default_factory=dict, description="Version of each table the decision rests on.")
    MAJOR: ClassVar[int] = 1


class SuborderFact(Fact):
    """A fact of one suborder."""

    suborder: Name = Field(default="", description="The suborder; stamped by the core where its aggregate is one.")
    billing_group: Name = Field(default="", description="The billing group of the suborder.")


class GroupFact(Fact):
    """A fact of one billing group."""

    billing_group: Name = Field(default="", description="The billing group; stamped by the core.")


class Command(Message):
    """Something a person or an outside system asks for; refused with a code, or answered by facts."""

    aggregate: Key = Field(description="The order, suborder, billing group, message or agenda that is addressed.")
    override_reason: Text | None = Field(default=None, description="Why a supervisor acts in the owner's place (D14).")


class DeadlineReached(Message):
    """Time passed the named deadline; the decision looks at the state again."""

    name: Name
    due: Instant


def type_name(service: str, message: type[Message]) -> str:
    """The wire type: `o2c.intake.OrderReceived.v1`."""
    major = getattr(message, "MAJOR", 1)
    return f"o2c.{service}.{message.__name__}.v{major}"


def to_json(model: BaseModel) -> bytes:
    """The model as JSON bytes, encoded once and sent as they are; absent values are left out."""
    return model.__pydantic_serializer__.to_json(model, exclude_none=True)


JsonObject = dict[str, Any]
