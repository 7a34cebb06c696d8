"""A database restored to an earlier moment gets back, from its service's own topic, the facts it has lost (operations 9).

Same ids, same bytes, folded again. What the facts were caused by is known again too, so that their causes may be told once
more: messages of other services by the cursors, commands and outside messages by the inbox.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from shared.common.calendars import CALENDAR
from shared.db import connect
from shared.messaging import store, tail
from shared.messaging.reaction import Cell
from shared.messaging.redating import adopt
from shared.messaging.relay import LEAD
from shared.messaging.resources import Resources

KNOWN: Final = """
SELECT f.aggregate, f.seq, f.type, f.data::text AS data FROM unnest($1::text[], $2::int[]) AS t (aggregate, seq)
JOIN fact f USING (aggregate, seq)"""
VERSIONS: Final = "SELECT id, version FROM aggregate WHERE id = ANY($1::text[])"
LATEST: Final = "SELECT max(updated_at) FROM aggregate"
FACT_ID: Final = re.compile(r"(?P<source>[a-z]+)/(?P<subject>.+)/(?P<seq>[1-9]\d*)")
PIECE: Final = 100


class ReconcileError(Exception):
    """The topic cannot make the database whole; nothing was written."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How many facts of how many aggregates came back, and the last moment that the restored database knew by itself."""

    facts: int
    aggregates: int
    knew_until: datetime | None


async def reconcile(resources: Resources, listens: Sequence[str], *, dry_run: bool = False) -> Reconciled:
    """Inserts what the topic knows and the database does not. Raises ReconcileError, before anything is written.

    `listens` are the services it hears. It holds the relay's lock meanwhile: no replica may be leading.
    """
    connection = await connect(resources.settings.postgres.dsn, f"{resources.service}_app")
    try:
        if not await connection.fetchval(LEAD):
            raise ReconcileError("hay réplicas en marcha; deténgalas todas antes de reconciliar")
        knew_until = await connection.fetchval(LATEST)
        lost = await _lost(resources, connection)
        await _follow_on(connection, resources, lost)
        if not dry_run:
            for piece in _pieces(lost):
                await adopt(resources)
                async with connection.transaction():
                    await _insert(resources, connection, listens, {one: lost[one] for one in piece})
    finally:
        await connection.close()
    return Reconciled(sum(map(len, lost.values())), len(lost), knew_until)


async def _lost(resources: Resources, connection: Any) -> dict[str, list[store.NewFact]]:
    """The facts on the topic without their row, by aggregate, in order. A number that means something else now is an error."""
    found: dict[str, dict[int, store.NewFact]] = {}
    waiting: list[store.NewFact] = []
    async for record in tail.records(f"o2c.{resources.service}.v1", resources.settings.kafka):
        fact = published(resources.service, record)
        waiting += [fact] if fact else []
        if len(waiting) >= PIECE:
            await _compare(connection, waiting, found)
            waiting = []
    await _compare(connection, waiting, found)
    return {aggregate: [facts[seq] for seq in sorted(facts)] for aggregate, facts in sorted(found.items())}


def published(service: str, record: Any) -> store.NewFact | None:
    """The row that a record of the service's topic was made from; its actor's role is not published. None: no fact of ours."""
    headers = {key: value.decode("utf-8", "replace") for key, value in record.headers}
    told = tail.told(service, dict(record.headers))
    if told is None or not record.value or not record.key:
        return None
    trace = f"{headers.get('traceparent', '')} {headers.get('tracestate', '')}".strip()
    return store.NewFact(
        record.key.decode(),
        *(told.aggregate, told.seq, told.type),
        at=datetime.fromisoformat(headers["ce_time"]),
        caused_by=headers["ce_causationid"],
        actor=headers["ce_actor"],
        role="",
        trace=trace or None,
        data=record.value.decode(),
    )


async def _compare(connection: Any, told: Sequence[store.NewFact], found: dict[str, dict[int, store.NewFact]]) -> None:
    rows = await connection.fetch(KNOWN, [one.aggregate for one in told], [one.seq for one in told])
    known = {(row["aggregate"], row["seq"]): (row["type"], row["data"]) for row in rows}
    for one in told:
        kept = known.get((one.aggregate, one.seq))
        if kept is None:
            found.setdefault(one.aggregate, {}).setdefault(one.seq, one)
        elif kept != (one.type, one.data):
            raise ReconcileError(
                f"el hecho {one.seq} de {one.aggregate} es {kept[0]} en la base y {one.type} en el tema: la base ya escribió"
                " después de restaurarse; restáurela de nuevo y reconcilie antes de iniciar el servicio"
            )


async def _follow_on(connection: Any, resources: Resources, lost: Mapping[str, Sequence[store.NewFact]]) -> None:
    """The facts must continue the numbers that the database has, and be ones that this release can fold."""
    versions = {row["id"]: row["version"] for row in await connection.fetch(VERSIONS, list(lost))}
    for aggregate, facts in lost.items():
        for seq, one in enumerate(facts, versions.get(aggregate, 0) + 1):
            if one.seq != seq:
                raise ReconcileError(
                    f"falta el hecho {seq} de {aggregate}, que el tema ya no guarda: restaure una copia más reciente"
                )
            if one.type not in resources.roster.of(aggregate).evolve.types:
                raise ReconcileError(f"{one.type} de {aggregate} es de una versión más nueva de {resources.service}; use esa")


def _pieces(lost: Collection[str]) -> list[list[str]]:
    """Aggregates for one transaction each; the calendar's own first, since the others' clocks are dated by it."""
    others = [one for one in lost if one != CALENDAR]
    first = [[CALENDAR]] if CALENDAR in lost else []
    return first + [others[at : at + PIECE] for at in range(0, len(others), PIECE)]


async def _insert(
    resources: Resources, connection: Any, listens: Sequence[str], lost: Mapping[str, Sequence[store.NewFact]]
) -> None:
    cells = await store.load(connection, resources.roster, {aggregate: facts[0].po for aggregate, facts in lost.items()})
    facts = [one for cell in cells.values() for one in lost[cell.id]]
    for cell in cells.values():
        for one in lost[cell.id]:
            _fold(cell, one, listens)
    inbox = sorted({(one.actor, one.caused_by) for one in facts if _cause(one, listens) is None})
    await connection.fetch(store.INBOX, [one[0] for one in inbox], [one[1] for one in inbox])
    await store.restore(connection, store.Changes(cells, facts), resources.worlds.at())


def _fold(cell: Cell, one: store.NewFact, listens: Sequence[str]) -> None:
    cell.state = cell.decider.evolve(cell.state, cell.decider.evolve.types[one.type].model_validate_json(one.data))
    cell.version, cell.touched = one.seq, True
    cause = _cause(one, listens)
    if cause is not None:
        cell.heard[cause[0]] = max(cell.heard.get(cause[0], 0), cause[1])


def _cause(one: store.NewFact, listens: Sequence[str]) -> tuple[str, int] | None:
    """Cursor and number of the fact of another service that caused this one; None when anything else did."""
    cause = FACT_ID.fullmatch(one.caused_by)
    if cause is None or cause["source"] not in listens:
        return None
    return f"{cause['source']}/{cause['subject']}", int(cause["seq"])
