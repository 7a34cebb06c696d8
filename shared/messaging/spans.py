"""How the core's work reads in a trace: the cause of each reaction, and what a reaction says of itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from opentelemetry.trace import Link, Span, SpanKind

from shared import span_names as names
from shared.contracts.base import Command, DeadlineReached, Message
from shared.decider import Effect, Refused
from shared.messaging.inbound import Item, Record
from shared.messaging.reaction import Cell, Made
from shared.tracing import Attributes, Cause, current, goes_with, links_to, reaction

REFUSED: Final = 400
PROCESS: Final = {names.SYSTEM: "kafka", names.OPERATION: "process", names.OPERATION_TYPE: "process"}


def batch(group: str, client: str, records: Sequence[Record], contexts: Sequence[str | None]) -> Cause:
    """A batch serves many traces, so it only links to them; its destination is named where there is one alone."""
    topics = {record.topic for record in records}
    single = {names.DESTINATION: next(iter(topics))} if len(topics) == 1 else {}
    told = PROCESS | {names.GROUP: group, names.CLIENT_ID: client, names.COUNT: len(records)} | single
    return Cause(f"process {group}", SpanKind.CONSUMER, told, links=links_to(contexts))


def commit(group: str, client: str, parent: str | None) -> Cause:
    """The acknowledgement of a batch."""
    told = {
        names.SYSTEM: "kafka",
        names.OPERATION: "commit",
        names.OPERATION_TYPE: "settle",
        names.GROUP: group,
        names.CLIENT_ID: client,
    }
    return Cause(f"commit {group}", SpanKind.CLIENT, told, parent)


def send(topic: str, client: str, contexts: Sequence[str | None]) -> Cause:
    """A round of the relay: it sends facts of many traces, unchanged, so it only links to them."""
    told = {
        names.SYSTEM: "kafka",
        names.OPERATION: "send",
        names.OPERATION_TYPE: "send",
        names.DESTINATION: topic,
        names.CLIENT_ID: client,
        names.COUNT: len(contexts),
    }
    return Cause(f"send {topic}", SpanKind.CLIENT, told, links=links_to(contexts))


def message(item: Item, service: str, links: Sequence[Link] = ()) -> Cause:
    """A message that came by Kafka: below the context it was made in."""
    record = item.record
    told = (
        PROCESS
        | place(record)
        | {
            names.GROUP: f"{service}.v1",
            names.MESSAGE_ID: item.id,
            names.CONVERSATION: item.po,
            names.BODY_SIZE: len(record.value or b""),
        }
    )
    if record.key is not None and item.seq is not None:  # the key of a fact is an order's id; a partner's may be anything
        told[names.KEY] = record.key.decode("utf-8", "replace")
    return Cause(f"process {record.topic}", SpanKind.CONSUMER, told, item.traceparent, links)


def place(record: Record) -> dict[str, Any]:
    """Where a record stands in Kafka."""
    return {names.DESTINATION: record.topic, names.PARTITION: str(record.partition), names.OFFSET: record.offset}


def deadline(reached: DeadlineReached, now: datetime, latest: str | None) -> Cause:
    """Time passed: a trace of its own, linked to the aggregate's latest fact, which set the clock."""
    late = max(0.0, (now - reached.due).total_seconds())
    told = {names.DEADLINE: reached.name, names.DEADLINE_LATE: late}
    return Cause(f"deadline {reached.name}", SpanKind.INTERNAL, told, links=links_to([latest]))


def effect(wanted: Effect, cell: Cell, latest: str | None) -> Cause:
    """The state wanted something done outside: linked to the aggregate's latest fact, which wished for it."""
    told = of_cell(cell) | {names.EFFECT_ATTEMPT: wanted.attempt}
    return Cause(f"effect {wanted.kind}", SpanKind.CLIENT, told, links=links_to([latest]))


def outcome(command: Command, parent: str | None) -> Cause:
    """The outcome of an effect, fed back as a command."""
    return Cause(f"command {type(command).__name__}", SpanKind.INTERNAL, {}, parent)


def of_cell(cell: Cell) -> dict[str, Any]:
    """Whose work it is: ids and numbers of the order, never a person's data."""
    told = {names.ORDER: cell.po, names.SUBORDER: cell.id, names.STAGE: cell.state.stage}
    return told | {f"o2c.{name}": value for name, value in cell.state.numbers.items()}


def answered(told: Message, answer: Sequence[Made] | Refused) -> dict[str, Any]:
    """What was asked, and what came of it."""
    said: dict[str, Any] = {names.COMMAND: type(told).__name__} if isinstance(told, Command) else {}
    if isinstance(answer, Refused):
        return said | {names.OUTCOME: "refused", names.CODE: answer.code}
    return said | {names.OUTCOME: "moved" if answer else "late", names.FACT_TYPES: [type(one.fact).__name__ for one in answer]}


def answers(command: Command, order: str, latest: str | None) -> Cause | Span:
    """The request or outcome at work, which answers what the aggregate's latest fact opened.

    Where sampling parts it from its order, what it makes is a chain of its own, so that the order's are all kept or none.
    """
    made, links = current(), links_to([latest])
    if not goes_with(made, order):
        return Cause(f"command {type(command).__name__}", SpanKind.INTERNAL, {}, links=links)
    for link in links:
        if link.context.trace_flags.sampled:
            made.add_link(link.context)
    return made


def of_answer(command: Command, status: int, body: Mapping[str, Any]) -> Attributes:
    """What a request or an effect's outcome was answered."""
    told: dict[str, Any] = {names.COMMAND: type(command).__name__, names.SUBORDER: command.aggregate}
    if status >= REFUSED:
        return told | {names.OUTCOME: "refused", names.CODE: body["code"]}
    return told | {names.OUTCOME: "moved" if body["facts"] else "late"}


def contexts_of(
    service: str, cell: Cell, made: Sequence[Made], cause: Cause | Span, attributes: Attributes, started_ns: int
) -> list[str]:
    """The creation context of each fact a reaction made, in order; they are stored with the facts."""
    facts = [(f"{service}/{cell.id}/{one.seq}", type(one.fact).__name__) for one in made]
    return reaction(cause, of_cell(cell) | dict(attributes), started_ns=started_ns, topic=f"o2c.{service}.v1", facts=facts)
