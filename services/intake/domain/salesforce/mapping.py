"""The field mapping of one Salesforce organisation (`partners.md` 1.8); unknown names are refused on load."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from services.intake.domain.salesforce.reader import Labels
from services.intake.domain.salesforce.results import Json
from shared.rules.load import plain

MOST_CHARACTERS: Final = 131_072


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EventFields(_Strict):
    """Names of the platform event and of its fields; of several candidates the first with a value wins."""

    names: tuple[str, ...] = ("B2B_Order_Event__e",)
    payload: tuple[str, ...] = ("Payload__c",)
    order_id: tuple[str, ...] = ("OrderId__c",)
    number: tuple[str, ...] = ("OrderNumber__c",)
    action: tuple[str, ...] = ("Action__c",)
    version: tuple[str, ...] = ("Version__c",)
    suborders: tuple[str, ...] = ("SubOrderCount__c",)
    items: tuple[str, ...] = ("ItemCount__c",)
    encoding: tuple[str, ...] = ("PayloadEncoding__c",)
    parts: tuple[str, ...] = ("PartCount__c",)


class OrgMapping(_Strict):
    """One organisation: the topics that lead to it, the names of its fields, labels and products of its own."""

    org: str
    topics: tuple[str, ...]
    platform_event: EventFields = EventFields()
    labels: Mapping[str, Mapping[str, tuple[str, ...]]] = {}
    products: Mapping[str, str] = {}
    prices_include_tax: bool = True

    def with_labels(self, labels: Labels) -> Labels:
        """The labels of 2.5 with those of this organisation added."""
        added = {
            kind: {plain(alias): value for value, aliases in values.items() for alias in (value, *aliases)}
            for kind, values in self.labels.items()
        }
        return {kind: {**labels.get(kind, {}), **added.get(kind, {})} for kind in {*labels, *added}}


def first(body: Json, names: tuple[str, ...]) -> tuple[str, Any]:
    """The first candidate that has a value, with its name; else the first name and None."""
    for name in names:
        if body.get(name) is not None and body.get(name) != "":
            return name, body[name]
    return names[0], None
