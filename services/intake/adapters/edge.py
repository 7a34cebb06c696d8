"""The edge to Salesforce: each topic leads to an organisation, whose records become messages for the core."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import structlog
import yaml

from services.intake.adapters.pieces import joiner
from services.intake.domain.assembly.pieces import of_announcement, of_change, of_part
from services.intake.domain.assembly.resync import PREFIX
from services.intake.domain.salesforce.decode import decode
from services.intake.domain.salesforce.mapping import OrgMapping
from services.intake.domain.salesforce.reader import Labels
from services.intake.domain.salesforce.results import (
    Announcement,
    Cancelled,
    Changes,
    Decoded,
    DocumentsAdded,
    Nothing,
    Part,
    Resync,
    Submitted,
    Undecodable,
)
from shared.contracts.base import to_json
from shared.contracts.contacts import ContactRecord
from shared.contracts.salesforce import SalesforceResyncNeeded
from shared.messaging.inbound import Contact, Dead, Edge, Fragment, Inbound, Join, Skipped
from shared.rules.load import load_labels
from shared.settings import Settings

log = structlog.get_logger()
RULES: Final = Path(__file__).parents[1] / "rules"


def edges(settings: Settings) -> dict[str, Edge]:
    """One decoder per topic of Salesforce; a topic that not exactly one mapping names is an error at start, not later."""
    labels, mappings = organisations(settings.rules_dir / "intake" if settings.rules_dir else RULES)
    wanted = settings.salesforce_topics or [topic for one in mappings for topic in one.topics]
    return {topic: edge(mapping_of(topic, mappings), labels) for topic in wanted}


def organisations(rules: Path = RULES) -> tuple[Labels, list[OrgMapping]]:
    """The labels of 2.5 and the mapping of every organisation, each checked. Raises ValidationError for a faulty one."""
    paths = sorted(rules.glob("salesforce/*.yaml"))
    mappings = [OrgMapping.model_validate(yaml.safe_load(path.read_text(encoding="utf-8"))) for path in paths]
    return load_labels(rules / "labels.yaml"), mappings


def mapping_of(topic: str, mappings: Iterable[OrgMapping]) -> OrgMapping:
    """The one organisation that names the topic."""
    found = [one for one in mappings if topic in one.topics]
    if len(found) != 1:
        raise ValueError(f"{topic}: lo deben nombrar exactamente un mapeo de rules/salesforce, lo nombran {len(found)}")
    return found[0]


def edge(mapping: OrgMapping, labels: Labels) -> Edge:
    """The decoder of one organisation, in the core's words."""
    extended = mapping.with_labels(labels)
    join = joiner(mapping, extended)

    def decode_record(
        value: bytes | None, key: bytes | None, headers: list[tuple[str, bytes]]
    ) -> Inbound | Fragment | Dead | Skipped:
        named = {name: raw.decode("utf-8", "replace") for name, raw in headers}
        try:
            return as_inbound(decode(value, key, named, mapping, extended), mapping.org, join)
        except Exception as error:  # noqa: BLE001 - a fault of ours: one dead letter to replay, not a batch that never ends
            log.error("decoder_failed", error=type(error).__name__)  # noqa: TRY400 - a traceback would show the order's values
            return Dead("decoder_failed", "", type(error).__name__)

    return decode_record


def as_inbound(found: Decoded, org: str, join: Join) -> Inbound | Fragment | Dead | Skipped:
    """What the decoder found, in the core's words: a message for its order, pieces to be joined, a dead letter, or nothing."""
    match found:
        case Nothing(why=why):
            return Skipped(why)
        case Undecodable(reason=reason, path=path, hint=hint):
            return Dead(reason, path, hint)
        case Resync(entity=entity, identity=identity):
            name = f"{PREFIX}{org}"
            return Inbound(SalesforceResyncNeeded(org=org, entity=entity), name, name, identity.source, identity.id)
        case Changes(identity=identity, contacts=contacts):
            pieces = [of_change(one) for one in found.records]
        case Part(identity=identity, contacts=contacts):
            pieces = [of_part(found)]
        case Announcement(identity=identity):
            pieces, contacts = [of_announcement(found)], ()
        case Submitted(message=message, identity=identity, contacts=contacts):
            split = list(map(as_contact, contacts))
            return Inbound(message, message.parent, message.parent, identity.source, identity.id, split)
        case DocumentsAdded(message=other, identity=identity) | Cancelled(message=other, identity=identity):
            return Inbound(other, other.parent, other.parent, identity.source, identity.id)
    return Fragment(pieces, join, identity.source, identity.id, list(map(as_contact, contacts)))


def as_contact(record: ContactRecord) -> Contact:
    """A contact as it goes to its topic."""
    return Contact(record.ref, to_json(record))
