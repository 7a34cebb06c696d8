"""Commands of people and effects: a batch of one, with the answer stored under its key in the same transaction (5)."""

import time
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import orjson

from shared import tracing
from shared.contracts.base import Command, to_json
from shared.contracts.refusals import REFUSALS, sentence
from shared.db import unit_of_work
from shared.decider import Actor, Refused, refused
from shared.messaging import spans, store
from shared.messaging.apply import Unit
from shared.messaging.backlog import BacklogError
from shared.messaging.counting import count_facts
from shared.messaging.reaction import may_ask
from shared.messaging.resources import Resources, crash_point

LOCK_KEY: Final = "SELECT pg_advisory_xact_lock(21, hashtext($1))"
ANSWERED: Final = "SELECT request_hash, status, response FROM command_log WHERE key = $1"
ANSWER: Final = "INSERT INTO command_log (key, request_hash, status, response, at) VALUES ($1, $2, $3, $4, now())"


class BlockedError(Exception):
    """The aggregate waits for a repair of ours: no refusal, the caller tries again later (503)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command was answered: an HTTP status and a body with version and facts, or code and sentence."""

    status: int
    body: dict[str, Any]
    replayed: bool = False

    @property
    def ok(self) -> bool:
        """Whether it was accepted."""
        return self.status < 400  # noqa: PLR2004 - HTTP


def refusal(answer: Refused) -> Answer:
    """The answer of a refusal: its code, its Spanish sentence and what it names."""
    known = REFUSALS.get(answer.code)
    details = {
        name: value if isinstance(value, int | float | str | list | dict) else str(value)
        for name, value in answer.details.items()
    }
    body = {"code": answer.code, "why": sentence(answer.code, answer.details), "details": details}
    return Answer(known.status if known else 422, body)


async def handle(
    resources: Resources,
    command: Command,
    actor: Actor,
    key: str,
    *,
    expected_version: int | None = None,
) -> Answer:
    """Applies one command once per key. Role first, then the key, the backlog, the aggregate, the version, the decision.

    The caller's current span, a request's or an effect's, is told what came of it.
    """
    answer = await _once(resources, command, actor, key, expected_version)
    tracing.current().set_attributes(spans.of_answer(command, answer.status, answer.body))
    return answer


async def _once(resources: Resources, command: Command, actor: Actor, key: str, expected: int | None) -> Answer:
    if not may_ask(resources.roster.policy(), type(command), actor.roles, resources.worlds.at().overriding):
        return refusal(refused("ROLE_NOT_ALLOWED", command=type(command).__name__))
    stored = sha256(f"{actor.id}\n{key}".encode()).hexdigest()
    request = sha256(type(command).__name__.encode() + to_json(command)).hexdigest()
    began = time.monotonic()
    async with unit_of_work(resources.command_pool) as connection:
        await connection.execute(LOCK_KEY, stored)
        before = await connection.fetchrow(ANSWERED, stored)
        if before is not None:
            if before["request_hash"] != request:
                return refusal(refused("KEY_REUSED"))
            return Answer(before["status"], orjson.loads(before["response"]), replayed=True)
        if resources.backlog.full(time.monotonic()) and opens_work(resources, command):
            raise BacklogError
        answer = await _decide(resources, connection, command, actor, f"http/{stored[:32]}", expected)
        await connection.execute(ANSWER, stored, request, answer.status, orjson.dumps(answer.body).decode())
        crash_point(resources.settings, "command_before_commit")
    resources.committed()
    resources.count("commands", f"{type(command).__name__}:{answer.body.get('code', 'ok')}")
    resources.instruments.record("transaction_duration", time.monotonic() - began, "command")
    count_facts(resources, ((one["type"], one["data"]) for one in answer.body.get("facts", ())))
    return answer


def opens_work(resources: Resources, command: Command) -> bool:
    """Whether this command begins something that others will have to do."""
    return any(row.opens_work for row in resources.roster.policy() if row.command is type(command))


async def _decide(
    resources: Resources, connection: Any, command: Command, actor: Actor, identity: str, expected: int | None
) -> Answer:
    unit = Unit(resources.service, resources.roster, resources.worlds, connection)
    decider = resources.roster.of(command.aggregate)
    opens = decider.opened_by_command
    cells = await store.load(connection, resources.roster, {command.aggregate: command.aggregate}, opens=opens)
    cell = cells.get(command.aggregate)
    if cell is None or not (cell.exists or opens):
        return refusal(refused("UNKNOWN_ORDER", order=command.aggregate))
    if cell.blocked:
        raise BlockedError(cell.id)
    if expected is not None and expected != cell.version:
        return refusal(refused("STALE_VERSION", version=cell.version))
    unit.changes.cells |= cells
    cause = spans.answers(command, cell.po, (await store.latest_contexts(connection, [cell.id])).get(cell.id))
    source = "effect" if "SYSTEM" in actor.roles else "http"
    answer = unit.react(cell, command, identity, source, actor, cause)
    if isinstance(answer, Refused):
        return refusal(answer)
    await store.save(connection, unit.changes, resources.worlds.at())
    facts = [
        {"id": f"{resources.service}/{cell.id}/{row.seq}", "type": row.type, "data": orjson.loads(row.data)}
        for row in unit.changes.facts
    ]
    return Answer(200, {"aggregate": cell.id, "version": cell.version, "stage": cell.state.stage, "facts": facts})
