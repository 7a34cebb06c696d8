"""Roles and rights: what each role of a service may do, and the statements that bring a server there (`reliability.md` 3.4)."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

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
    "log_parameter_max_length_on_error": "0",
}
TRANSACTION_LIMIT: Final = {"transaction_timeout": "30s"}
TRANSACTION_LIMIT_SINCE: Final = 17

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
    "relay": {"fact": "SELECT", "outbox": "SELECT, DELETE, UPDATE (refused)"},
    "ops": {
        "aggregate": "SELECT",
        "fact": "SELECT",
        "outbox": "SELECT",
        "inbox": "SELECT, DELETE",
        "parked": "SELECT, UPDATE, DELETE",
        "dead_letter": "SELECT, UPDATE, DELETE",
        "command_log": "SELECT, DELETE",
        "migration": "SELECT",
    },
}
"""What each run-time role may do in its own schema, nothing anywhere else; `ops` looks and prunes, a replay runs as `app`."""
OWN_TABLES: Final = {"app": "SELECT, INSERT, UPDATE, DELETE", "ops": "SELECT"}
"""The same for what a service adds to the common tables; the relay needs none of it."""

VERB: Final = re.compile(r"(\w+)(?: \((\w+)\))?")
PUBLIC_IS_OPEN: Final = """
SELECT EXISTS (SELECT FROM pg_namespace, LATERAL aclexplode(nspacl) AS held WHERE nspname = 'public' AND held.grantee = 0)"""
CLOSE_PUBLIC: Final = "REVOKE ALL ON SCHEMA public FROM public"
IS_SUPERUSER: Final = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
ROLES: Final = "SELECT rolname, coalesce(rolconfig, '{}') AS settings FROM pg_roles WHERE rolname = ANY($1::text[])"
SCHEMAS: Final = "SELECT nspname FROM pg_namespace WHERE nspname = ANY($1::text[])"
TABLES: Final = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY($1::text[])"
HELD: Final = """
WITH held AS (
  SELECT n.nspname, '' AS relname, '' AS attname, a.grantee, a.privilege_type
  FROM pg_namespace n, LATERAL aclexplode(n.nspacl) AS a
  UNION ALL
  SELECT n.nspname, c.relname, '', a.grantee, a.privilege_type
  FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid, LATERAL aclexplode(c.relacl) AS a WHERE c.relkind = 'r'
  UNION ALL
  SELECT n.nspname, c.relname, t.attname, a.grantee, a.privilege_type
  FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid JOIN pg_attribute t ON t.attrelid = c.oid,
    LATERAL aclexplode(t.attacl) AS a WHERE c.relkind = 'r')
SELECT h.nspname, r.rolname, h.privilege_type, h.relname, h.attname FROM held h JOIN pg_roles r ON r.oid = h.grantee
WHERE h.nspname = ANY($1::text[]) AND r.rolname = ANY($2::text[])"""


class Right(NamedTuple):
    """A verb that a role holds: on the schema (no table), on a table, or on one column of it."""

    role: str
    verb: str
    table: str = ""
    column: str = ""


def rights_of(service: str, tables: Iterable[str]) -> frozenset[Right]:
    """Every right that the run-time roles of a service hold, given the tables of its schema."""
    common = {table for rights in RIGHTS.values() for table in rights}
    held = [Right(f"{service}_{kind}", "USAGE") for kind in RIGHTS]
    for table in tables:
        for kind, rights in RIGHTS.items():
            verbs = rights.get(table, "") if table in common else OWN_TABLES.get(kind, "")
            held += [Right(f"{service}_{kind}", verb, table, column) for verb, column in VERB.findall(verbs)]
    return frozenset(held)


def settings_of(service: str, kind: str, major: int) -> dict[str, str]:
    """The settings that stand on a role, so that no client can forget them."""
    newer = TRANSACTION_LIMIT if kind == "app" and major >= TRANSACTION_LIMIT_SINCE else {}
    return LIMITS[kind] | ALL_ROLES | newer | {"search_path": service}


async def create(connection: Any, services: Sequence[str]) -> None:
    """Makes missing roles and schemas, and brings the settings of those that stand to what they should be."""
    if await connection.fetchval(PUBLIC_IS_OPEN):
        await connection.execute(CLOSE_PUBLIC)
    major = connection.get_server_version().major
    wanted = {f"{one}_{kind}": settings_of(one, kind, major) for one in services for kind in LIMITS}
    known = {row["rolname"]: set(row["settings"]) for row in await connection.fetch(ROLES, list(wanted))}
    schemas = {row["nspname"] for row in await connection.fetch(SCHEMAS, list(services))}
    # An administrator who is no superuser acts as an owner only as its member.
    joins = not await connection.fetchval(IS_SUPERUSER)
    script: list[str] = []
    for role, settings in wanted.items():
        if role not in known:
            script.append(f'CREATE ROLE "{role}" LOGIN')
            if joins and role.endswith("_owner"):
                script.append(f'GRANT "{role}" TO CURRENT_USER')
        if known.get(role) != {f"{name}={value}" for name, value in settings.items()}:
            script.append(f'ALTER ROLE "{role}" RESET ALL')
            script += [f"ALTER ROLE \"{role}\" SET {name} = '{value}'" for name, value in settings.items()]
    script += [f'CREATE SCHEMA "{one}" AUTHORIZATION "{one}_owner"' for one in services if one not in schemas]
    await _at_once(connection, script)


async def grant(connection: Any, services: Sequence[str]) -> None:
    """Brings the rights in each schema to exactly what they should be; a right given by hand is taken back."""
    roles = [f"{one}_{kind}" for one in services for kind in RIGHTS]
    tables, held = defaultdict(list), defaultdict(set)
    for row in await connection.fetch(TABLES, list(services)):
        tables[row["schemaname"]].append(row["tablename"])
    for row in await connection.fetch(HELD, list(services), roles):
        held[row["nspname"]].add(Right(row["rolname"], row["privilege_type"], row["relname"], row["attname"]))
    script: list[str] = []
    for one in services:
        wanted = rights_of(one, tables[one])
        if held[one] != wanted:
            script += [f'SET LOCAL ROLE "{one}_owner"', *_afresh(one, roles, wanted)]
    await _at_once(connection, script)


def _afresh(service: str, roles: Sequence[str], rights: frozenset[Right]) -> list[str]:
    everyone = ", ".join(f'"{role}"' for role in roles)
    script = [
        f'REVOKE ALL ON SCHEMA "{service}" FROM {everyone}',
        f'REVOKE ALL ON ALL TABLES IN SCHEMA "{service}" FROM {everyone}',
    ]
    for role, verb, table, column in sorted(rights):
        what = f'TABLE "{service}"."{table}"' if table else f'SCHEMA "{service}"'
        columns = f" ({column})" if column else ""
        script.append(f'GRANT {verb}{columns} ON {what} TO "{role}"')
    return script


async def _at_once(connection: Any, script: Sequence[str]) -> None:
    """One round trip and one transaction: a running replica never sees a role without its rights."""
    if script:
        await connection.execute("; ".join(["BEGIN", *script, "COMMIT"]))
