"""What is kept of each Salesforce record, part or announcement: mapped values, each with the stamp of its writing (1.5, 1.6).

A later stamp wins field by field and a full tie goes to the later arrival, so the pieces may come in any order and any number
of times. No contact data is kept.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from services.intake.domain.salesforce.records import BY_NUMBER
from services.intake.domain.salesforce.results import Announcement, Part, RecordChange, Stamp
from shared.contracts.base import Model

Kind = Literal["order", "item", "part", "announcement"]
Place = tuple[Kind, str]
"""Where a piece is kept: what it is, and its id."""
Written = tuple[int, int, int, int]
NEVER: Final[Written] = (-1, 0, 0, 0)


class Piece(Model):
    """One record, part or announcement of an organisation.

    `born`: it was seen as a whole at least once, so a field that was never told is empty. The last four stamps tell whether it
    is stale or deleted.
    """

    kind: Kind
    id: str
    values: dict[str, Any] = {}
    stamps: dict[str, Written] = {}
    born: bool = False
    whole: Written = NEVER
    gap: Written = NEVER
    gone: Written = NEVER
    back: Written = NEVER

    @property
    def place(self) -> Place:
        """Its key."""
        return self.kind, self.id

    @property
    def stale(self) -> bool:
        """Something changed that Salesforce did not tell, and no whole record came since."""
        return self.gap > self.whole

    @property
    def deleted(self) -> bool:
        """Whether Salesforce deleted it and did not take that back."""
        return self.gone > self.back

    def merged(self, other: "Piece") -> "Piece":
        """Both as one, the later stamp of each field; for a record that was first known by its number alone."""
        later = {name for name, at in other.stamps.items() if at >= self.stamps.get(name, NEVER)}
        return self.model_copy(
            update={
                "values": self.values | {name: other.values[name] for name in later},
                "stamps": self.stamps | {name: other.stamps[name] for name in later},
                "born": self.born or other.born,
                "whole": max(self.whole, other.whole),
                "gap": max(self.gap, other.gap),
                "gone": max(self.gone, other.gone),
                "back": max(self.back, other.back),
            }
        )


def written(stamp: Stamp) -> Written:
    """A stamp as it is stored."""
    return stamp.later, stamp.at_ms, stamp.commit, stamp.sequence


def of_change(change: RecordChange) -> Piece:
    """What one change says by itself."""
    at = written(change.stamp)
    return Piece(
        kind=change.entity,
        id=change.id,
        values=dict(change.values),
        stamps=dict.fromkeys(change.values, at),
        born=change.kind in {"CREATE", "FULL", "UNDELETE"},
        whole=at if change.kind in {"FULL", "UNDELETE"} else NEVER,
        gap=at if change.stale else NEVER,
        gone=at if change.kind == "DELETE" else NEVER,
        back=at if change.kind in {"UNDELETE", "FULL"} else NEVER,
    )


def of_part(part: Part) -> Piece:
    """A part under its version and number; the same part again says the same."""
    values = {"parent": part.parent, "version": part.version, "number": part.number, "of": part.of, "graph": dict(part.graph)}
    counts = {"suborders": part.suborders, "items": part.items}
    return _plain("part", f"{part.parent}/{part.version}/{part.number}", values | counts)


def of_announcement(news: Announcement) -> Piece:
    """The news that there is an order, with what it declares."""
    values = {"parent": news.parent, "number": news.number, "suborders": news.suborders, "items": news.items}
    return _plain("announcement", news.parent, {name: value for name, value in values.items() if value is not None})


def _plain(kind: Kind, name: str, values: dict[str, Any]) -> Piece:
    return Piece(kind=kind, id=name, values=values, stamps=dict.fromkeys(values, (1, 0, 0, 0)))


def number_of(piece: Piece, names: Iterable[str]) -> str | None:
    """The order number a record gives."""
    return next((str(piece.values[name]).strip() for name in names if piece.values.get(name)), None)


def kept(known: Mapping[Place, Piece], news: Iterable[Piece], number: Iterable[str]) -> dict[Place, Piece | None]:
    """The pieces after the news, those alone that were touched; None for one that went into another.

    `known` are those of the same ids and, for orders, of the same numbers; `number` are the fields that hold an order's number.
    """
    names = tuple(number)
    after: dict[Place, Piece | None] = {}
    now: dict[Place, Piece] = dict(known)
    for piece in news:
        target = _same_order(now, piece, names)
        merged = now[target].merged(piece) if target in now else piece
        now[target] = after[target] = merged.model_copy(update={"id": target[1]})
        nameless: Place = ("order", f"{BY_NUMBER}{number_of(merged, names)}")
        if piece.kind == "order" and target != nameless and nameless in now:
            now[target] = after[target] = now.pop(nameless).merged(merged).model_copy(update={"id": target[1]})
            after[nameless] = None
    return after


def _same_order(now: Mapping[Place, Piece], piece: Piece, names: tuple[str, ...]) -> Place:
    """The record it belongs to: its own, or the one with an id that has the number it is known by."""
    if piece.kind != "order" or not piece.id.startswith(BY_NUMBER):
        return piece.place
    number = piece.id.removeprefix(BY_NUMBER)
    same = [place for place, one in now.items() if place[0] == "order" and number_of(one, names) == number]
    return min(same, key=lambda place: place[1].startswith(BY_NUMBER), default=piece.place)
