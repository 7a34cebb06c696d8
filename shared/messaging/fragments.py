"""Messages that come in pieces: each piece is kept once, and what the pieces make is applied like any other message."""

from collections.abc import Sequence
from typing import Any

from shared.contracts.base import Command
from shared.decider import Actor, Target
from shared.messaging import store
from shared.messaging.inbound import Inbound, Item, Join, Kept, Record
from shared.tracing import carried


def as_item(record: Record, found: Inbound) -> Item:
    """An understood outside message as the core applies it; without an id of its own the record's place names it."""
    identity = found.id or place(record)
    return Item(
        record,
        found.message,
        f"{found.source}/{identity}",
        found.source,
        found.aggregate,
        Actor(found.source, frozenset({"SYSTEM"})),
        Target(ids=(found.aggregate,)),
        found.po,
        None,
        carried(record.headers),
        is_command=isinstance(found.message, Command),
        contacts=found.contacts,
    )


def place(record: Record) -> str:
    """Partition, offset and time: what is told again at the same offset of a new cluster is another message."""
    return f"{record.partition}+{record.offset}@{record.appended_ms}"


async def whole(connection: Any, sorted_out: Sequence[Item | Kept], *, again: bool = False) -> list[Item]:
    """The messages, with the pieces of this batch replaced by what they make now; `again` joins pieces that came before too.

    Must run in the transaction that applies the messages, before any aggregate is locked.
    """
    items = [one for one in sorted_out if isinstance(one, Item)]
    kept = [one for one in sorted_out if isinstance(one, Kept)]
    for join, pieces in _by_join(kept if again else await _new(connection, kept)).items():
        made = await join(connection, [one.fragment.piece for one in pieces])
        items += [as_item(pieces[-1].record, one) for one in made]
    return items


async def _new(connection: Any, kept: Sequence[Kept]) -> list[Kept]:
    named = {(one.fragment.source, f"{one.fragment.source}/{one.fragment.id or place(one.record)}"): one for one in kept}
    if not named:
        return []
    sources, ids = zip(*sorted(named), strict=True)
    rows = await connection.fetch(store.INBOX, sources, ids)
    fresh = {(row["source"], row["id"]) for row in rows}
    return [one for name, one in named.items() if name in fresh]


def _by_join(kept: Sequence[Kept]) -> dict[Join, list[Kept]]:
    found: dict[Join, list[Kept]] = {}
    for one in kept:
        found.setdefault(one.fragment.join, []).append(one)
    return found
