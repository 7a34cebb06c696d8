"""Schemas, roles and migrations: a schema per service, plain SQL files in pre and post halves, each applied once."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

COMMON: Final = Path(__file__).parent / "migrations"
SERVICES: Final = Path(__file__).parents[1] / "services"
LOCK: Final = "SELECT pg_advisory_lock(19, 1)"
UNLOCK: Final = "SELECT pg_advisory_unlock(19, 1)"

LIMITS: Final[dict[str, dict[str, str]]] = {
    "owner": {"lock_timeout": "2s"},
    "app": {"lock_timeout": "5s", "statement_timeout": "15s", "idle_in_transaction_session_timeout": "15s"},
    "relay": {"statement_timeout": "10s", "idle_session_timeout": "15s"},
    "ops": {"statement_timeout": "5min"},
}
ALL_ROLES: Final[dict[str, str]] = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "20s",
    "client_connection_check_interval": "5s",
}
RIGHTS: Final[dict[str, dict[str, str]]] = {
    "app": {
        "aggregate": "SELECT, INSERT, UPDATE",
        "fact": "SELECT, INSERT",
        "outbox": "SELECT, INSERT",
        "command_log": "SELECT, INSERT",
        "inbox": "SELECT, INSERT, DELETE",
        "parked": "SELECT, INSERT, DELETE",
        "dead_letter": "SELECT, INSERT, UPDATE (replayed_at)",
        "migration": "SELECT",
    },
    "relay": {"fact": "SELECT", "outbox": "SELECT, DELETE"},
    "ops": {
        "aggregate": "SELECT, UPDATE",
        "fact": "SELECT, INSERT",
        "outbox": "SELECT, INSERT",
        "inbox": "SELECT, INSERT, DELETE",
        "parked": "SELECT, INSERT, UPDATE, DELETE",
        "dead_letter": "SELECT, INSERT, UPDATE, DELETE",
        "command_log": "SELECT, DELETE",
        "migration": "SELECT",
    },
}
"""What each run-time role may do in its own schema, nothing anywhere else; `ops` replays, so it may apply."""


class MigrationError(Exception):
    """An applied file was changed, or a file is not named NNNN_{pre|post}_what.sql."""


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


def role_dsn(dsn: str, role: str) -> str:
    """The address with this role as its user."""
    parts = urlsplit(dsn)
    host = parts.netloc.rpartition("@")[2]
    netloc = f"{role}@{host}"
    if not host:
        query = f"{parts.query}&user={role}" if parts.query else f"user={role}"
        return (
            urlunsplit((parts.scheme, "", parts.path, query, "")).replace(":/", ":///", 1)
            if "///" not in dsn
            else _local(parts, query)
        )
    return urlunsplit((parts.scheme, netloc, parts.path, parts.query, ""))


def _local(parts: Any, query: str) -> str:
    return f"{parts.scheme}://{parts.path}?{query}"


def migrations(service: str) -> list[Migration]:
    """The common files, then the service's own, in order."""
    files = [*sorted(COMMON.glob("*.sql")), *sorted((SERVICES / service / "migrations").glob("*.sql"))]
    found = []
    for index, path in enumerate(files):
        parts = path.stem.split("_", 2)
        if len(parts) != 3 or parts[1] not in {"pre", "post"}:  # noqa: PLR2004 - number, phase, what
            raise MigrationError(f"{path.name}: se espera NNNN_{{pre|post}}_que.sql")
        origin = "common" if path.parent == COMMON else service
        found.append(Migration(service, f"{index:04d}_{origin}_{path.stem}", parts[1], path.read_text(encoding="utf-8")))
    return found


def expected_version(service: str) -> int:
    """How many files a replica of this release needs applied."""
    return len(migrations(service))


async def upgrade(dsn: str, services: Sequence[str], phase: str = "all", admin: str = "postgres") -> list[Migration]:
    """Brings roles, schemas and tables up to date, under one lock; answers what was applied."""
    connection = await asyncpg.connect(role_dsn(dsn, admin), timeout=10)
    applied: list[Migration] = []
    try:
        await connection.execute(LOCK)
        await connection.execute("REVOKE ALL ON SCHEMA public FROM public")
        for service in services:
            await _roles(connection, service)
            applied += await _apply(connection, service, phase)
        await connection.execute(UNLOCK)
    finally:
        await connection.close()
    return applied


async def _roles(connection: Any, service: str) -> None:
    known = {
        row["rolname"] for row in await connection.fetch("SELECT rolname FROM pg_roles WHERE rolname LIKE $1", f"{service}\\_%")
    }
    extra = {"transaction_timeout": "30s"} if connection.get_server_version().major >= 17 else {}  # noqa: PLR2004 - new in 17
    for kind, limits in LIMITS.items():
        role = f"{service}_{kind}"
        if role in known:
            continue
        await connection.execute(f'CREATE ROLE "{role}" LOGIN')
        more = extra if kind == "app" else {}
        for name, value in (limits | ALL_ROLES | more | {"search_path": service}).items():
            await connection.execute(f"ALTER ROLE \"{role}\" SET {name} = '{value}'")
    await connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{service}" AUTHORIZATION "{service}_owner"')


async def _apply(connection: Any, service: str, phase: str) -> list[Migration]:
    await connection.execute(f'SET ROLE "{service}_owner"; SET search_path = "{service}"')
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY, checksum text NOT NULL, "
        "at timestamptz NOT NULL DEFAULT now())"
    )
    done = {row["name"]: row["checksum"] for row in await connection.fetch("SELECT name, checksum FROM migration")}
    applied = []
    for one in migrations(service):
        if one.name in done:
            if done[one.name] != one.checksum:
                raise MigrationError(f"{service} {one.name}: el archivo ya aplicado cambió")
            continue
        if phase not in {"all", one.phase}:
            continue
        async with connection.transaction():
            await connection.execute(one.sql)
            await connection.execute("INSERT INTO migration (name, checksum) VALUES ($1, $2)", one.name, one.checksum)
        applied.append(one)
    if applied:
        await _grant(connection, service)
    await connection.execute("RESET ROLE; RESET search_path")
    return applied


async def _grant(connection: Any, service: str) -> None:
    tables = {
        row["tablename"] for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", service)
    }
    own = tables - {name for rights in RIGHTS.values() for name in rights}
    for kind, rights in RIGHTS.items():
        role = f'"{service}_{kind}"'
        await connection.execute(f'GRANT USAGE ON SCHEMA "{service}" TO {role}')
        for table, verbs in rights.items():
            await connection.execute(f"GRANT {verbs} ON {table} TO {role}")
        for table in own if kind != "relay" else ():
            await connection.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {role}")


async def status(dsn: str, services: Sequence[str], admin: str = "postgres") -> dict[str, dict[str, list[str]]]:
    """Per service which files are applied and which are pending."""
    connection = await asyncpg.connect(role_dsn(dsn, admin), timeout=10)
    try:
        answer = {}
        for service in services:
            there = await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{service}.migration")
            rows = await connection.fetch(f'SELECT name FROM "{service}".migration') if there else []  # noqa: S608 - a schema of ours
            done = {row["name"] for row in rows}
            names = [one.name for one in migrations(service)]
            answer[service] = {"applied": sorted(done), "pending": [name for name in names if name not in done]}
        return answer
    finally:
        await connection.close()
