"""The shapes that bring single records, each read into the same words (`partners.md` 1.1, shapes 3 to 11 and 14)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.intake.domain.salesforce import quirks
from services.intake.domain.salesforce.results import Json, Kind, Stamp, UnreadableError

VERBS: Final[Mapping[str, Kind]] = {
    "CREATE": "CREATE",
    "CREATED": "CREATE",
    "UPDATE": "UPDATE",
    "UPDATED": "UPDATE",
    "DELETE": "DELETE",
    "DELETED": "DELETE",
    "UNDELETE": "UNDELETE",
    "UNDELETED": "UNDELETE",
}
BITMAP: Final = re.compile(r"(?:\d+-)?0x[0-9a-fA-F]*")
CHANNEL: Final = re.compile(r"/(?:data|event|topic|u)/(.+)")
CAMEL: Final = "camelsalesforce"


@dataclass(frozen=True, slots=True)
class Feed:
    """A change as its shape tells it: object name, ids as written, fields, and what the shape says of nulls.

    `changed` and `nulled` are field names; `sparse` means that only what changed travels, so that a null clears; `hidden` that
    something was cleared or patched and the shape does not say which field.
    """

    entity: str
    ids: tuple[Any, ...]
    kind: Kind
    body: Json
    stamp: Stamp
    changed: frozenset[str] = frozenset()
    nulled: frozenset[str] = frozenset()
    patched: frozenset[str] = frozenset()
    sparse: bool = False
    hidden: bool = False
    identity: str = ""
    channel: str = ""


def kind_of(raw: Any, path: str) -> Kind:
    """The kind behind a change type or verb. Raises UnreadableError for one that nobody knows."""
    word = raw.strip().upper() if isinstance(raw, str) else ""
    if word.startswith("GAP_"):
        return "GAP"
    if word not in VERBS:
        raise UnreadableError("action_unknown", path, "Se espera CREATE, UPDATE, DELETE, UNDELETE o GAP_….")
    return VERBS[word]


def whole(raw: Any) -> int:
    """A number of a header or of JSON; what is none counts as the earliest, since it only orders."""
    try:
        return max(0, int(str(raw)))
    except ValueError:
        return 0


def modified(body: Json) -> int:
    """When the record says it was changed, in epoch milliseconds."""
    for name in ("SystemModstamp", "LastModifiedDate", "CreatedDate"):
        try:
            if body.get(name) is not None:
                return int(quirks.instant(body[name]).timestamp() * 1000)
        except quirks.QuirkError:
            continue
    return 0


def stamped(kind: Kind, at_ms: Any, commit: Any, sequence: Any, body: Json) -> Stamp:
    """The place of a change among those of its record (1.5)."""
    return Stamp(0 if kind == "CREATE" else 1, whole(at_ms) or modified(body), whole(commit), whole(sequence))


def change_data(body: Json, key: Any, *, sparse: bool) -> Feed:
    """Change data capture, bare, enveloped or from CometD; its header names all records of the event (1.3)."""
    header: Json = body["ChangeEventHeader"]
    kind = kind_of(header.get("changeType"), "$.ChangeEventHeader.changeType")
    listed = header.get("recordIds")
    ids = tuple(listed) if isinstance(listed, list) and listed else tuple(filter(None, (body.get("Id"), key)))
    entity = header.get("entityName") or str(body.get("_ObjectType") or "").removesuffix("ChangeEvent")
    named = {name: _named(header.get(name)) for name in ("changedFields", "nulledFields", "diffFields")}
    fields = {name: value for name, value in body.items() if name != "ChangeEventHeader"}
    overflow = header.get("changeType") == "GAP_OVERFLOW"
    return Feed(
        str(entity),
        () if overflow else ids,
        kind,
        fields,
        stamped(kind, header.get("commitTimestamp"), header.get("commitNumber"), header.get("sequenceNumber"), fields),
        named["changedFields"][0],
        named["nulledFields"][0],
        named["diffFields"][0],
        sparse=sparse,
        hidden=named["nulledFields"][1] or named["diffFields"][1],
        identity=f"{header.get('changeType')}/{header.get('transactionKey')}/{header.get('sequenceNumber')}",
    )


def _named(raw: Any) -> tuple[frozenset[str], bool]:
    """Field names, and whether there are bitmaps that name fields only by the position in a schema that does not travel."""
    names = [one for one in raw if isinstance(one, str)] if isinstance(raw, list) else []
    bitmaps = [one for one in names if BITMAP.fullmatch(one)]
    return frozenset(names) - frozenset(bitmaps), any(one.rpartition("0x")[2].strip("0") for one in bitmaps)


def push_topic(row: Json, verb: Any, key: Any, entity: str) -> Feed:
    """A row of a query: whole as far as its fields go, whatever the verb says (shape 8)."""
    kind = kind_of(verb, "$._EventType")
    stamp = stamped(kind, None, None, None, row)
    ids = tuple(filter(None, (row.get("Id"), key)))
    said = f"{kind}/{stamp.at_ms}"
    return Feed(entity, ids, "FULL" if kind == "UPDATE" else kind, row, stamp, identity=said, channel="pushtopic")


def string_keyed(body: Json, headers: Mapping[str, str], key: Any) -> Feed:
    """The open-source connector: changed fields only, what was cleared stands in a header (shape 10)."""
    kind = kind_of(headers["sf.change.type"], "sf.change.type")
    entity = headers.get("sf.entity") or str(body.get("_ObjectType") or "")
    commit = headers.get("sf.commit.number")
    return Feed(
        entity,
        tuple(filter(None, (body.get("Id"), key))),
        kind,
        body,
        stamped(kind, headers.get("sf.commit.timestamp"), commit, None, body),
        _list(headers.get("sf.changed.fields")),
        _list(headers.get("sf.nulled.fields")),
        identity=f"{headers.get('sf.transaction.key')}/{commit}",
    )


def _list(text: str | None) -> frozenset[str]:
    return frozenset(one.strip() for one in (text or "").split(",") if one.strip())


def camel_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Camel's headers by their bare names, in lower case; older versions put `CamelHeader.` in front."""
    bare = {name.removeprefix("camelheader."): text for name, text in headers.items()}
    return {name.removeprefix(CAMEL): text for name, text in bare.items() if name.startswith(CAMEL)}


def camel(body: Json, told: Mapping[str, str], key: Any) -> Feed:
    """Camel: bare fields, everything else in headers, the id often nowhere (shape 11)."""
    channel = CHANNEL.fullmatch(told.get("channel", ""))
    entity = told.get("entityname") or (channel[1].removesuffix("ChangeEvent") if channel else "")
    if told.get("channel", "").startswith("/topic/"):
        return push_topic(body, told.get("changetype") or body.get("_EventType"), key, entity)
    kind = kind_of(told.get("changetype"), "CamelSalesforceChangeType")
    written = tuple(re.findall(r"[A-Za-z0-9*]{3,18}", told.get("recordids", "")))
    number = told.get("sequencenumber")
    unique = told.get("transactionkey") or told.get("replayid")
    return Feed(
        entity,
        written or tuple(filter(None, (body.get("Id"), key))),
        kind,
        body,
        stamped(kind, told.get("committimestamp"), told.get("commitnumber"), number, body),
        sparse=True,
        identity=f"{told.get('changetype')}/{unique}/{number}" if unique else "",
    )
