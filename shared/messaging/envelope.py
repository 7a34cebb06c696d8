"""CloudEvents 1.0 in Kafka's binary mode: headers from a fact, and a fact or command from headers."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson
from pydantic import ValidationError

from shared.contracts.base import Command, Message, type_name
from shared.contracts.catalogue import command_type, fact_type
from shared.decider import Actor, Hears, Target, by_message
from shared.messaging.inbound import Dead, Item, Record, Skipped, Unread
from shared.messaging.roster import Roster
from shared.tracing import carried, carrying

MAX_BYTES: Final = 983_040
MAJOR: Final = re.compile(r"(?P<type>o2c\.\w+\.\w+)\.v[1-9]\d*")


def headers_of(
    service: str, aggregate: str, seq: int, name: str, at: datetime, caused_by: str, actor: str, trace: str | None
) -> list[tuple[str, bytes]]:
    """The headers of a stored fact: always the same, whoever sends it and however often (I3)."""
    pairs = {
        "ce_specversion": "1.0",
        "ce_id": f"{service}/{aggregate}/{seq}",
        "ce_type": f"o2c.{service}.{name}.v1",
        "ce_source": f"/{service}",
        "ce_subject": aggregate,
        "ce_time": at.isoformat().replace("+00:00", "Z"),
        "ce_seq": str(seq),
        "ce_causationid": caused_by,
        "ce_actor": actor,
        "content-type": "application/json",
    } | carrying(trace)
    return [(key, value.encode()) for key, value in pairs.items()]


def made_at(record: Record) -> datetime | None:
    """When a message says it was made; None where it does not, or in no zone."""
    try:
        at = datetime.fromisoformat(record.headers.get("ce_time", ""))
    except ValueError:
        return None
    return at if at.tzinfo else None


def command_headers(
    service: str, command: Command, command_id: str, source: str, trace: str | None = None
) -> list[tuple[str, bytes]]:
    """The headers an outside system puts on a command."""
    pairs = {
        "ce_specversion": "1.0",
        "ce_id": command_id,
        "ce_type": type_name(service, type(command)),
        "ce_source": source,
        "ce_subject": command.aggregate,
        "content-type": "application/json",
    } | carrying(trace)
    return [(key, value.encode()) for key, value in pairs.items()]


def sort_fact(record: Record, roster: Roster) -> Item | Dead | Skipped:
    """A record of a fact topic: skipped by its header when not heard, else checked and parsed once."""
    headers = record.headers
    name = headers.get("ce_type", "")
    newer = MAJOR.fullmatch(name)
    kind = fact_type(name) or (fact_type(f"{newer['type']}.v1") if newer else None)
    if kind is None:
        return Skipped("unknown_type") if name.startswith("o2c.") else Dead("cloudevent_invalid", "ce_type", "falta ce_type")
    service, fact_class = kind
    heard = roster.hearing(fact_class)
    if not heard:
        return Skipped("not_heard")
    source, subject = headers.get("ce_source", ""), headers.get("ce_subject", "")
    if record.topic != f"o2c.{service}.v1" or source != f"/{service}":
        return Dead("wrong_source", "ce_source", f"{source} no puede publicar en {record.topic}")
    seq = headers.get("ce_seq", "")
    if not seq.isdigit() or headers.get("ce_id") != f"{service}/{subject}/{seq}":
        return Dead("cloudevent_invalid", "ce_id", "ce_id debe ser <servicio>/<agregado>/<seq>")
    known = fact_type(name) is not None
    fact = parse(record, fact_class) if known else guess(record, fact_class)
    if isinstance(fact, Dead):  # must not be overtaken by its successors: its subject is blocked where it is one of ours (D2)
        return Dead(fact.reason, fact.path, fact.hint, aggregate=subject)
    po = (record.key or b"").decode("utf-8", "replace")
    try:
        to = _addressed(fact, po, headers["ce_id"], heard)
    except (AttributeError, TypeError) as error:
        if known:
            raise
        return Dead("newer_major", "ce_type", type(error).__name__, aggregate=subject)
    who = Actor(headers.get("ce_actor", service), frozenset({"SYSTEM"}))
    message = fact if known else Unread(type=name)
    return Item(record, message, headers["ce_id"], service, subject, who, to, po, int(seq), carried(headers))


def _addressed(fact: Message, po: str, identity: str, heard: Sequence[Hears[Any]]) -> Target:
    """To the whole order if a row says so, else to each aggregate that any row names."""
    ids: list[str] = []
    target = Target()
    for row in heard:
        target = Target(ids=(identity,)) if row.to is by_message else (row.to or by_message)(fact, po)
        ids += target.ids
    return target if target.parent else Target(ids=tuple(dict.fromkeys(i for i in ids if i)))


def guess(record: Record, kind: type[Message]) -> Message | Dead:
    """A newer major as far as the known one goes, to find out whom it is for; nothing is checked and nothing else read of it."""
    try:
        return kind.model_construct(**orjson.loads(record.value or b""))
    except (ValueError, TypeError):
        return Dead("not_json", "", "newer_major")


def sort_command(record: Record, service: str, sources: Mapping[str, frozenset[str]]) -> Item | Dead | Skipped:
    """A record of the commands topic. The role comes from the sender's binding, never from the body."""
    headers = record.headers
    name = headers.get("ce_type", "")
    kind = command_type(name)
    if kind is None or kind[0] != service:
        return Dead("unknown_command", "ce_type", f"{name or 'sin ce_type'} no es un comando de {service}")
    source, subject, identity = headers.get("ce_source", ""), headers.get("ce_subject", ""), headers.get("ce_id", "")
    if not source or not identity or not subject:
        return Dead("cloudevent_invalid", "ce_id", "faltan ce_source, ce_id o ce_subject")
    command = parse(record, kind[1])
    if isinstance(command, Dead):
        return command
    if not isinstance(command, Command) or command.aggregate != subject:
        return Dead("cloudevent_invalid", "ce_subject", "ce_subject y aggregate no coinciden")
    po = (record.key or b"").decode("utf-8", "replace")
    actor = Actor(source, sources.get(source, frozenset()))
    to = Target(ids=(subject,))
    return Item(record, command, identity, source, subject, actor, to, po, None, carried(headers), is_command=True)


def parse(record: Record, kind: type[Message]) -> Message | Dead:
    """The body as its contract, or why not: paths and types, never values."""
    if not record.value:
        return Dead("empty", "", "mensaje sin contenido")
    if len(record.value) > MAX_BYTES:
        return Dead("too_large", "", f"más de {MAX_BYTES} bytes")
    try:
        return kind.model_validate_json(record.value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        reason = "not_json" if first["type"] == "json_invalid" else "contract"
        return Dead(reason, path, first["type"])
    except RecursionError:
        return Dead("too_deep")
