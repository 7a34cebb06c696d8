"""Spans in one SQLite file with a bound: found by order, followed over links, forgotten oldest trace first."""

import json
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from o2c.trazas.otlp import Tramo
from o2c.trazas.words import told
from shared import span_names as names

CAPACITY: Final = 50_000
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS span (trace TEXT, span TEXT, parent TEXT, service TEXT, name TEXT, kind TEXT, start_ns INTEGER,
  end_ns INTEGER, error INTEGER, facts TEXT, doc TEXT, PRIMARY KEY (trace, span)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS link (trace TEXT, span TEXT, to_trace TEXT, to_span TEXT,
  PRIMARY KEY (trace, span, to_trace, to_span)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS link_to ON link (to_trace);
CREATE TABLE IF NOT EXISTS mark (value TEXT, trace TEXT, PRIMARY KEY (value, trace)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS mark_trace ON mark (trace);
CREATE TABLE IF NOT EXISTS alias (number TEXT, id TEXT, PRIMARY KEY (number, id)) WITHOUT ROWID;"""
ADD: Final = "INSERT OR IGNORE INTO span VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
FOUND: Final = """
SELECT trace, min(start_ns) AS start_ns, max(end_ns) AS end_ns, count(*) AS spans, sum(error) AS errors,
  group_concat(DISTINCT service) AS services,
  (SELECT f.name FROM span f WHERE f.trace = span.trace ORDER BY f.parent <> '', f.start_ns LIMIT 1) AS name
FROM span
WHERE (:q = '' OR trace IN (SELECT trace FROM mark WHERE value = :q
    OR value IN (SELECT id FROM alias WHERE number = :q)) OR trace = :q)
  AND (:service = '' OR trace IN (SELECT trace FROM span WHERE service = :service))
  AND (:name = '' OR trace IN (SELECT trace FROM span WHERE instr(lower(name || ' ' || facts), lower(:name))))
  AND (:technical OR trace IN (SELECT trace FROM mark))
GROUP BY trace
HAVING (:errors = 0 OR sum(error) > 0) AND max(end_ns) - min(start_ns) >= :min_ns
  AND min(start_ns) >= :since_ns AND min(start_ns) < :until_ns
ORDER BY start_ns DESC LIMIT :limit"""
FACTS: Final = """
SELECT trace, facts FROM span WHERE trace IN (SELECT value FROM json_each(?)) AND facts <> '' ORDER BY start_ns"""
OF_TRACE: Final = "SELECT * FROM span WHERE trace = ? ORDER BY start_ns, span"
LINKS_FROM: Final = "SELECT span, to_trace, to_span FROM link WHERE trace = ?"
LINKS_TO: Final = "SELECT trace, span, to_span FROM link WHERE to_trace = ? AND trace <> ? LIMIT 500"
ONE: Final = "SELECT service, name, start_ns, end_ns, facts FROM span WHERE trace = ? AND span = ?"
OLDEST: Final = "SELECT trace, count(*) AS spans FROM span GROUP BY trace ORDER BY max(end_ns)"
MAKING: Final = "SELECT trace, span FROM span WHERE facts = ? ORDER BY start_ns"
PAST: Final = """
WITH RECURSIVE cause (trace, span) AS (
  VALUES (?, ?) UNION SELECT s.trace, s.parent FROM cause c JOIN span s USING (trace, span) WHERE s.parent <> ''
  UNION SELECT l.to_trace, l.to_span FROM cause c JOIN link l USING (trace, span))
SELECT s.name FROM cause JOIN span s USING (trace, span) ORDER BY s.start_ns"""
FORGET: Final = ("DELETE FROM span WHERE trace = ?", "DELETE FROM link WHERE trace = ?", "DELETE FROM mark WHERE trace = ?")
ORPHANED: Final = "DELETE FROM alias WHERE id NOT IN (SELECT value FROM mark)"
KEPT: Final = 0.9
FOREVER_NS: Final = 1 << 62
MARKS: Final = (names.ORDER, names.SUBORDER, names.ORDER_NUMBER, "o2c.suborder.number", names.SITE, names.CONVERSATION)
ALIASES: Final = ((names.ORDER_NUMBER, names.ORDER), ("o2c.suborder.number", names.SUBORDER), (names.SITE, names.SUBORDER))


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; an empty field asks nothing. `technical` adds batches, sends and commits, which serve many orders."""

    q: str = ""
    service: str = ""
    name: str = ""
    errors: bool = False
    min_ns: int = 0
    since_ns: int = 0
    until_ns: int = FOREVER_NS
    technical: bool = False
    limit: int = 200


class Store:
    """The spans of one stack; safe to use from several threads."""

    def __init__(self, path: Path | str, capacity: int = CAPACITY) -> None:
        """Opens or makes the file; `:memory:` keeps nothing."""
        self._capacity, self._lock = capacity, threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")  # traces may be lost with the machine; they must not cost its disk
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._db.close()

    def add(self, spans: Sequence[Tramo]) -> None:
        """Keeps these spans; one that is known already changes nothing. Over the bound the oldest traces go."""
        with self._lock, self._db:
            self._db.executemany(ADD, map(_row, spans))
            self._db.executemany(
                "INSERT OR IGNORE INTO link VALUES (?, ?, ?, ?)",
                [(one.trace, one.span, *to) for one in spans for to in one.links],
            )
            self._db.executemany("INSERT OR IGNORE INTO mark VALUES (?, ?)", _marks(spans))
            self._db.executemany("INSERT OR IGNORE INTO alias VALUES (?, ?)", _aliases(spans))
            self._forget()

    def _forget(self) -> None:
        over = self._count() - self._capacity
        if over <= 0:
            return
        over += int(self._capacity * (1 - KEPT))  # some more at once, so that not every export looks for the oldest
        for row in self._db.execute(OLDEST).fetchall():
            if over <= 0:
                break
            for statement in FORGET:
                self._db.execute(statement, (row["trace"],))
            over -= row["spans"]
        self._db.execute(ORPHANED)

    def _count(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM span").fetchone()[0])

    def count(self) -> int:
        """How many spans are kept."""
        with self._lock:
            return self._count()

    def services(self) -> list[str]:
        """Every service that sent anything."""
        with self._lock:
            return [row[0] for row in self._db.execute("SELECT DISTINCT service FROM span ORDER BY service")]

    def search(self, wanted: Search) -> list[dict[str, Any]]:
        """One row per trace, the latest first: start, end, services, counts, and what it did in words."""
        asked = {name: getattr(wanted, name) for name in Search.__slots__}
        with self._lock:
            rows = self._db.execute(FOUND, asked).fetchall()
            made: dict[str, list[str]] = {row["trace"]: [] for row in rows}
            for row in self._db.execute(FACTS, (json.dumps(list(made)),)):
                made[row["trace"]] += row["facts"].split()
        return [
            {
                "trace": row["trace"],
                "name": row["name"],
                "start_ns": row["start_ns"],
                "end_ns": row["end_ns"],
                "services": sorted(row["services"].split(",")),
                "spans": row["spans"],
                "errors": row["errors"],
                "did": told(made[row["trace"]]),
            }
            for row in rows
        ]

    def trace(self, trace: str) -> dict[str, Any] | None:
        """All spans of a trace with their links both ways; each far end says what it is, where it is known."""
        with self._lock:
            rows = self._db.execute(OF_TRACE, (trace,)).fetchall()
            if not rows:
                return None
            causes: dict[str, list[dict[str, Any]]] = {}
            for link in self._db.execute(LINKS_FROM, (trace,)).fetchall():
                causes.setdefault(link["span"], []).append(self._end(link["to_trace"], link["to_span"]))
            follows: dict[str, list[dict[str, Any]]] = {}
            for link in self._db.execute(LINKS_TO, (trace, trace)).fetchall():
                follows.setdefault(link["to_span"], []).append(self._end(link["trace"], link["span"]))
        return {
            "trace": trace,
            "spans": [_shown(row, causes.get(row["span"], []), follows.get(row["span"], [])) for row in rows],
        }

    def making(self, fact: str) -> list[tuple[str, str]]:
        """The creation spans, as (trace, span), of all facts of this type."""
        with self._lock:
            return [(row["trace"], row["span"]) for row in self._db.execute(MAKING, (fact,))]

    def past(self, trace: str, span: str) -> list[str]:
        """The names of all that led to a span, over parents and links, itself included."""
        with self._lock:
            return [row[0] for row in self._db.execute(PAST, (trace, span))]

    def _end(self, trace: str, span: str) -> dict[str, Any]:
        """The far end of a link; without a name where its span was forgotten or never came."""
        row = self._db.execute(ONE, (trace, span)).fetchone()
        return {"trace": trace, "span": span, **(dict(row) if row else {})}


def _row(one: Tramo) -> tuple[Any, ...]:
    made = one.attributes.get(names.FACT_TYPES) if one.kind == "PRODUCER" else None
    doc = {"attributes": one.attributes, "resource": one.resource, "events": one.events}
    return (
        one.trace,
        one.span,
        one.parent,
        one.service,
        one.name,
        one.kind,
        one.start_ns,
        one.end_ns,
        int(one.error),
        " ".join(made or ()),
        json.dumps(doc, ensure_ascii=False),
    )


def _marks(spans: Iterable[Tramo]) -> list[tuple[str, str]]:
    return [(str(one.attributes[key]), one.trace) for one in spans for key in MARKS if one.attributes.get(key)]


def _aliases(spans: Iterable[Tramo]) -> list[tuple[str, str]]:
    """A number people know, and the id that all chains of it carry, also those in which the number is not known yet."""
    return [
        (str(one.attributes[number]), str(one.attributes[key]))
        for one in spans
        for number, key in ALIASES
        if one.attributes.get(number) and one.attributes.get(key)
    ]


def _shown(row: sqlite3.Row, causes: list[dict[str, Any]], follows: list[dict[str, Any]]) -> dict[str, Any]:
    known = {name: row[name] for name in ("span", "parent", "service", "name", "kind", "start_ns", "end_ns", "facts")}
    doc: dict[str, Any] = json.loads(row["doc"])
    return known | doc | {"error": bool(row["error"]), "causes": causes, "follows": follows}
