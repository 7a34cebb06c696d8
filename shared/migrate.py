"""Schemas, roles and migrations: a schema per service, plain SQL files in pre and post halves, each applied once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal

import asyncpg

from shared import roles

COMMON: Final = Path(__file__).parent / "migrations"
SERVICES: Final = Path(__file__).parents[1] / "services"
Phase = Literal["pre", "post", "all"]
ALONE: Final = "-- outside a transaction"
"""First line of a file with one statement that Postgres runs only so: CREATE INDEX CONCURRENTLY. It must bear repetition."""

WAIT: Final = "SET lock_timeout = '60s'"
LOCK: Final = "SELECT pg_advisory_lock(19, 1)"
THERE: Final = "SELECT to_regclass($1) IS NOT NULL"
TABLE: Final = """
CREATE TABLE migration (name text PRIMARY KEY, checksum text NOT NULL, at timestamptz NOT NULL DEFAULT now())"""
# Names once began with a running number, which a new common file would have moved.
DONE: Final = "SELECT regexp_replace(name, '^[0-9]{4}_', '') AS name, checksum FROM migration"
RECORD: Final = "INSERT INTO migration (name, checksum) VALUES ($1, $2)"
# A role's own settings come with its login, not with SET ROLE: the limit on locks has to be said again.
ACT: Final = """SET ROLE "{service}_owner"; SET search_path = "{service}"; SET lock_timeout = '2s'"""
LEAVE: Final = "RESET ROLE; RESET search_path; RESET lock_timeout"


class MigrationError(Exception):
    """An applied file was changed, a file is misnamed or fails, or a post file would overtake a pre file."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of one service."""

    service: str
    name: str
    phase: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the file: what was applied may not change."""
        return sha256(self.sql.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Status:
    """Files of one service: applied; still to apply; applied but changed since; applied but not of this release."""

    service: str
    applied: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def settled(self) -> bool:
        """Nothing is pending and nothing was changed; a newer release may have gone ahead."""
        return not self.pending and not self.changed


def role_dsn(dsn: str, role: str) -> str:
    """The address with this role as its user, also of a Unix socket; a password in it was another role's and is dropped."""
    scheme, _, rest = dsn.partition("://")
    address, _, query = rest.partition("?")
    hosts, slash, database = address.partition("/")
    kept = [part for part in query.split("&") if part and not part.startswith(("user=", "password="))]
    return f"{scheme}://{hosts.rpartition('@')[2]}{slash}{database}?{'&'.join([*kept, f'user={role}'])}"


def migrations(service: str) -> list[Migration]:
    """The common files, then the service's own, in order."""
    return [
        Migration(service, f"{origin}_{path.stem}", _phase(path.stem), path.read_text(encoding="utf-8"))
        for origin, folder in (("common", COMMON), (service, SERVICES / service / "migrations"))
        for path in sorted(folder.glob("*.sql"))
    ]


def _phase(stem: str) -> str:
    number, phase, *what = (*stem.split("_", 2), "")
    if not (number.isdecimal() and phase in {"pre", "post"} and what[0]):
        raise MigrationError(f"{stem}.sql: se espera NNNN_{{pre|post}}_que.sql")
    return phase


def expected_version(service: str) -> int:
    """How many files a schema has when all of this release are applied."""
    return len(migrations(service))


def unfit(service: str, applied: Collection[str]) -> list[str]:
    """Why a replica of this release may not work on a schema with these files; none: it may.

    It needs its own pre files; its post files may wait until the last old replica is gone. What a newer release added
    beforehand (pre) it can live with, what that release took away afterwards (post) it cannot.
    """
    mine = {one.name: one.phase for one in migrations(service)}
    missing = [f"falta {name}" for name, phase in mine.items() if phase == "pre" and name not in applied]
    newer = [name for name in sorted(applied) if name not in mine]
    return missing + [f"desconocida {name}" for name in newer if _phase(name.split("_", 1)[1]) == "post"]


async def upgrade(dsn: str, services: Sequence[str], phase: Phase = "all", admin: str = "postgres") -> list[Migration]:
    """Brings roles, schemas, tables and rights up to date, under one lock; answers what was applied.

    `admin` may create roles and schemas in the database (`deploy/postgres/admin.sql`). Each file is one transaction, so
    what fails leaves all before it applied. Raises MigrationError.
    """
    connection = await asyncpg.connect(role_dsn(dsn, admin), timeout=10)
    try:
        await connection.execute(WAIT)
        await connection.execute(LOCK)
        await roles.create(connection, services)
        applied = [one for service in services for one in await _apply(connection, service, phase)]
        await roles.grant(connection, services)
    finally:
        await connection.close()  # and with it the lock
    return applied


async def _apply(connection: Any, service: str, phase: Phase) -> list[Migration]:
    await connection.execute(ACT.format(service=service))
    if not await connection.fetchval(THERE, f"{service}.migration"):
        await connection.execute(TABLE)
    done = {row["name"]: row["checksum"] for row in await connection.fetch(DONE)}
    files = migrations(service)
    changed = [one.name for one in files if done.get(one.name, one.checksum) != one.checksum]
    if changed:
        raise MigrationError(f"{service} {changed[0]}: el archivo ya aplicado cambió")
    pending = [one for one in files if one.name not in done]
    chosen = [one for one in pending if phase in {"all", one.phase}]
    if phase == "post" and chosen != pending:
        raise MigrationError(f"{service}: aplique primero --phase pre")
    for one in chosen:
        await _run(connection, one)
    await connection.execute(LEAVE)
    return chosen


async def _run(connection: Any, one: Migration) -> None:
    try:
        if one.sql.startswith(ALONE):
            await connection.execute(one.sql)
            await connection.execute(RECORD, one.name, one.checksum)
        else:
            async with connection.transaction():
                await connection.execute(one.sql)
                await connection.execute(RECORD, one.name, one.checksum)
    except asyncpg.PostgresError as error:
        raise MigrationError(f"{one.service} {one.name}: {error.sqlstate} {error}") from error


async def status(dsn: str, services: Sequence[str], admin: str = "postgres") -> list[Status]:
    """Per service which files are applied, pending, changed or unknown; changes nothing."""
    connection = await asyncpg.connect(role_dsn(dsn, admin), timeout=10)
    try:
        return [await _status(connection, service) for service in services]
    finally:
        await connection.close()


async def _status(connection: Any, service: str) -> Status:
    files = {one.name: one.checksum for one in migrations(service)}
    done: dict[str, str] = {}
    if await connection.fetchval(THERE, f"{service}.migration"):
        await connection.execute(ACT.format(service=service))
        done = {row["name"]: row["checksum"] for row in await connection.fetch(DONE)}
        await connection.execute(LEAVE)
    return Status(
        service,
        applied=tuple(name for name in files if files[name] == done.get(name)),
        pending=tuple(name for name in files if name not in done),
        changed=tuple(name for name in files if files[name] != done.get(name, files[name])),
        unknown=tuple(sorted(done.keys() - files.keys())),
    )
