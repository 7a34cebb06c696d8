"""Roles, rights and migrations on a real Postgres, set up as in production: an administrator who is no superuser."""

import asyncio
import re
import shutil
import sys
import tempfile
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from o2c.commands import db
from o2c.stack.postgres import Postgres
from shared import migrate, roles
from shared.contracts.catalogue import SERVICES

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]
ROOT = Path(__file__).parents[2]
ADMIN = "o2c_admin"

# As in reliability.md 3.4, written out again on purpose. S, I, U, D, T(RUNCATE); a column in brackets is updated alone.
ALLOWED = {
    "app": {
        "aggregate": "SIU",
        "fact": "SI",
        "outbox": "SI",
        "command_log": "SI",
        "inbox": "SID",
        "parked": "SID",
        "dead_letter": "SI",
        "migration": "S",
    },
    "relay": {"fact": "S", "outbox": "SD"},
    "ops": {
        "aggregate": "S",
        "fact": "S",
        "outbox": "S",
        "command_log": "SD",
        "inbox": "SD",
        "parked": "SUD",
        "dead_letter": "SUD",
        "migration": "S",
    },
}
OWN_TABLES = {"app": "SIUD", "relay": "", "ops": "S"}
A_COLUMN = {
    "aggregate": "version",
    "fact": "type",
    "outbox": "po",
    "command_log": "status",
    "inbox": "at",
    "parked": "at",
    "dead_letter": "reason",
    "migration": "checksum",
}
OWN = {"notifications": {"contact": "name"}}
COLUMNS = """
SELECT column_name::text FROM information_schema.columns
WHERE table_schema = 'billing' AND table_name = $1 AND is_identity = 'NO'"""


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    folder = Path(tempfile.mkdtemp(prefix="o2c-architecture-"))
    folder.chmod(0o755)  # the server has a user of its own
    postgres = Postgres(folder)
    postgres.start()
    try:
        asyncio.run(prepare(postgres.dsn))
        yield postgres
    finally:
        postgres.stop("immediate")
        shutil.rmtree(folder)


async def prepare(dsn: str) -> None:
    """What `deploy/postgres/admin.sql` does for a cluster, then the first upgrade, timed."""
    script = (ROOT / "deploy" / "postgres" / "admin.sql").read_text()
    statements = [one for one in re.sub(r"--.*", "", script).split(";") if one.strip()]
    connection = await asyncpg.connect(migrate.role_dsn(dsn.removesuffix("o2c") + "postgres", "postgres"))
    try:
        await connection.execute("DROP DATABASE o2c")
        for one in statements:
            await connection.execute(one)
    finally:
        await connection.close()
    applied = await migrate.upgrade(dsn, SERVICES, admin=ADMIN)
    assert {one.service for one in applied} == set(SERVICES)


@pytest.fixture
async def superuser(server: Postgres) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(migrate.role_dsn(server.dsn, "postgres"))
    yield connection
    await connection.close()


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of all migration files, to add to and to spoil; billing's own folder is answered."""
    monkeypatch.setattr(migrate, "COMMON", Path(shutil.copytree(migrate.COMMON, tmp_path / "common")))
    for name in SERVICES:
        own = ROOT / "services" / name / "migrations"
        if own.exists():
            shutil.copytree(own, tmp_path / "services" / name / "migrations")
    monkeypatch.setattr(migrate, "SERVICES", tmp_path / "services")
    billing = tmp_path / "services" / "billing" / "migrations"
    billing.mkdir(parents=True, exist_ok=True)
    return billing


async def upgrade(server: Postgres, phase: migrate.Phase = "all") -> list[str]:
    return [one.name for one in await migrate.upgrade(server.dsn, SERVICES, phase, ADMIN)]


async def refused(connection: Any, statement: str) -> bool:
    """Whether rights stand against it; what fails for another reason was allowed."""
    try:
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return True
    except asyncpg.IntegrityConstraintViolationError:
        return False
    return False


def attempts(table: str, column: str) -> dict[str, str]:
    return {
        "S": f"SELECT {column} FROM {table}",  # noqa: S608 - names of ours
        "I": f"INSERT INTO {table} DEFAULT VALUES",
        "U": f"UPDATE {table} SET {column} = NULL",  # noqa: S608 - names of ours
        "D": f"DELETE FROM {table}",  # noqa: S608 - names of ours
        "T": f"TRUNCATE {table}",
    }


@pytest.mark.parametrize("kind", ALLOWED)
@pytest.mark.parametrize("service", SERVICES)
async def test_each_role_may_exactly_what_is_written(service: str, kind: str, server: Postgres) -> None:
    # The migrations of a service are applied already: its tables are empty but for `migration`, which nobody may write.
    connection = await asyncpg.connect(migrate.role_dsn(server.dsn, f"{service}_{kind}"))
    columns = A_COLUMN | OWN.get(service, {})
    found: dict[str, str] = {}
    try:
        for table, column in columns.items():
            tried = attempts(table, column)
            found[table] = "".join([verb for verb in tried if not await refused(connection, tried[verb])])
        assert await refused(connection, "CREATE TABLE mine (id int)")
        assert await refused(connection, "CREATE TABLE public.mine (id int)")
        assert await refused(connection, "DROP TABLE outbox")
    finally:
        await connection.close()
    own = dict.fromkeys(OWN.get(service, {}), OWN_TABLES[kind])
    assert found == dict.fromkeys(columns, "") | ALLOWED[kind] | own


@pytest.mark.parametrize("kind", ["owner", *ALLOWED])
@pytest.mark.parametrize("service", SERVICES)
async def test_no_role_of_a_service_reads_the_schema_of_another(service: str, kind: str, server: Postgres) -> None:
    connection = await asyncpg.connect(migrate.role_dsn(server.dsn, f"{service}_{kind}"))
    try:
        for other in set(SERVICES) - {service}:
            for table, column in (A_COLUMN | OWN.get(other, {})).items():
                for statement in attempts(f"{other}.{table}", column).values():
                    assert await refused(connection, statement), statement
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("kind", "table", "column"),
    [
        ("app", "dead_letter", "replayed_at"),  # that it was replayed
        ("relay", "outbox", "refused"),  # why Kafka will not take it
    ],
)
async def test_a_role_marks_one_column_of_a_row_and_nothing_else(
    server: Postgres, superuser: Any, kind: str, table: str, column: str
) -> None:
    columns = [row["column_name"] for row in await superuser.fetch(COLUMNS, table)]
    connection = await asyncpg.connect(migrate.role_dsn(server.dsn, f"billing_{kind}"))
    try:
        free = [
            one
            for one in columns
            if not await refused(connection, f'UPDATE {table} SET "{one}" = NULL')  # noqa: S608 - names of ours
        ]
    finally:
        await connection.close()
    assert free == [column]


@pytest.mark.parametrize("kind", roles.LIMITS)
async def test_limits_stand_on_the_role_and_no_client_can_forget_them(kind: str, server: Postgres) -> None:
    connection = await asyncpg.connect(migrate.role_dsn(server.dsn, f"testing_{kind}"))
    try:
        major = connection.get_server_version().major
        wanted = roles.settings_of("testing", kind, major)
        shown = {name: await connection.fetchval("SELECT current_setting($1)", name) for name in wanted}
    finally:
        await connection.close()
    assert ("transaction_timeout" in wanted) is (kind == "app" and major >= 17)
    # Postgres asks the socket itself, which answers in milliseconds: the limit is in force, not only written down.
    assert shown == wanted | {"tcp_user_timeout": "20000"}


async def test_a_fact_too_large_for_its_message_is_refused_where_it_is_written(server: Postgres) -> None:
    statement = "INSERT INTO fact VALUES ('a', 1, 'T', now(), 'c', 'a', 'r', NULL, to_json(repeat('x', $1::int)))"
    connection = await asyncpg.connect(migrate.role_dsn(server.dsn, "billing_app"))
    try:
        async with connection.transaction():
            await connection.execute(statement, 899_997)  # and two quotes
            with pytest.raises(asyncpg.CheckViolationError):
                await connection.execute(statement.replace("'a', 1", "'b', 1"), 899_998)
    finally:
        await connection.close()


# Migrations

CATALOGUE = """
SELECT 'role' AS what, rolname::text AS name, xmin::text AS written FROM pg_authid
UNION ALL SELECT 'schema', nspname, xmin::text FROM pg_namespace WHERE nspname !~ '^pg_'
UNION ALL SELECT 'table', oid::regclass::text, xmin::text FROM pg_class WHERE relnamespace::regnamespace::text !~ '^pg_'
UNION ALL SELECT 'setting', setrole::regrole::text, xmin::text FROM pg_db_role_setting ORDER BY 1, 2"""


async def test_upgrading_again_writes_nothing(server: Postgres, superuser: Any) -> None:
    before = await superuser.fetch(CATALOGUE)
    assert await upgrade(server) == []
    assert await superuser.fetch(CATALOGUE) == before


async def test_an_applied_file_that_changed_is_refused_and_named(server: Postgres, files: Path) -> None:
    changed = migrate.COMMON / "0001_pre_common.sql"
    changed.write_text(changed.read_text() + "-- one word more\n")
    with pytest.raises(migrate.MigrationError, match="common_0001_pre_common: el archivo ya aplicado cambió"):
        await upgrade(server)
    found = await migrate.status(server.dsn, SERVICES, ADMIN)
    assert {one.changed for one in found} == {("common_0001_pre_common",)}
    assert not any(one.settled for one in found)


async def test_pre_comes_before_the_new_replicas_and_post_after_them(server: Postgres, superuser: Any, files: Path) -> None:
    (files / "0001_pre_note.sql").write_text("CREATE TABLE remark (id text PRIMARY KEY, text text)")
    (files / "0002_post_drop.sql").write_text("DROP TABLE remark")
    with pytest.raises(migrate.MigrationError, match="aplique primero --phase pre"):
        await upgrade(server, "post")
    try:
        assert await upgrade(server, "pre") == ["billing_0001_pre_note"]
        granted = "SELECT has_table_privilege('billing_app', 'billing.remark', 'UPDATE')"
        assert await superuser.fetchval(granted), "what a service adds is its own"
        assert (await migrate.status(server.dsn, ["billing"], ADMIN))[0].pending == ("billing_0002_post_drop",)
        assert await upgrade(server, "post") == ["billing_0002_post_drop"]
        assert (await migrate.status(server.dsn, ["billing"], ADMIN))[0].settled
    finally:
        await superuser.execute("DROP TABLE IF EXISTS billing.remark; DELETE FROM billing.migration WHERE name ~ '^billing'")


async def test_a_file_that_fails_leaves_nothing_of_itself(server: Postgres, superuser: Any, files: Path) -> None:
    (files / "0001_pre_half.sql").write_text("CREATE TABLE half (id int); SELECT 1 / 0")
    with pytest.raises(migrate.MigrationError, match="billing_0001_pre_half: 22012"):
        await upgrade(server)
    assert await superuser.fetchval("SELECT to_regclass('billing.half')") is None
    assert (await migrate.status(server.dsn, ["billing"], ADMIN))[0].pending == ("billing_0001_pre_half",)


async def test_an_index_is_built_beside_running_replicas(server: Postgres, superuser: Any, files: Path) -> None:
    sql = "CREATE INDEX CONCURRENTLY IF NOT EXISTS outbox_aggregate ON outbox (aggregate)"
    (files / "0001_pre_index.sql").write_text(f"{migrate.ALONE}: it would lock the table\n{sql}")
    try:
        assert await upgrade(server) == ["billing_0001_pre_index"]
        assert await superuser.fetchval("SELECT to_regclass('billing.outbox_aggregate')")
    finally:
        await superuser.execute("DROP INDEX billing.outbox_aggregate; DELETE FROM billing.migration WHERE name ~ '^billing'")


async def test_of_two_upgrades_at_once_one_waits_and_finds_nothing_to_do(server: Postgres, superuser: Any, files: Path) -> None:
    (files / "0001_pre_slow.sql").write_text("SELECT pg_sleep(0.2)")
    try:
        assert sorted(await asyncio.gather(upgrade(server), upgrade(server))) == [[], ["billing_0001_pre_slow"]]
    finally:
        await superuser.execute("DELETE FROM billing.migration WHERE name ~ '^billing'")


async def test_a_migration_waits_two_seconds_for_a_lock_and_not_for_ever(server: Postgres, superuser: Any, files: Path) -> None:
    (files / "0001_pre_more.sql").write_text("ALTER TABLE outbox ADD COLUMN more text")
    async with superuser.transaction():
        await superuser.execute("LOCK TABLE billing.outbox IN ACCESS SHARE MODE")
        with pytest.raises(migrate.MigrationError, match="55P03"):
            await upgrade(server)


DRIFT = """
GRANT UPDATE, DELETE ON intake.fact TO intake_app; GRANT USAGE ON SCHEMA intake TO billing_app;
GRANT SELECT (doc) ON intake.aggregate TO billing_app; REVOKE INSERT ON testing.fact FROM testing_app;
ALTER ROLE acceptance_app SET statement_timeout = 0"""
DRIFTED = """
SELECT has_table_privilege('intake_app', 'intake.fact', 'DELETE') OR has_schema_privilege('billing_app', 'intake', 'USAGE')
  OR has_column_privilege('billing_app', 'intake.aggregate', 'doc', 'SELECT')
  OR NOT has_table_privilege('testing_app', 'testing.fact', 'INSERT')
  OR EXISTS (SELECT FROM pg_roles WHERE rolname = 'acceptance_app' AND 'statement_timeout=0' = ANY (rolconfig))"""


async def test_rights_and_limits_changed_by_hand_are_put_right(server: Postgres, superuser: Any) -> None:
    await superuser.execute(DRIFT)
    assert await superuser.fetchval(DRIFTED)
    assert await upgrade(server) == []
    assert not await superuser.fetchval(DRIFTED)


async def test_names_with_the_running_number_of_old_are_still_known(server: Postgres, superuser: Any) -> None:
    await superuser.execute("UPDATE notifications.migration SET name = '0000_' || name")
    try:
        assert await upgrade(server) == []
        assert all(one.settled and not one.unknown for one in await migrate.status(server.dsn, SERVICES, ADMIN))
    finally:
        await superuser.execute("UPDATE notifications.migration SET name = substr(name, 6)")


@pytest.mark.parametrize("service", SERVICES)
async def test_a_replica_finds_the_version_it_expects(service: str, superuser: Any) -> None:
    names = [row["name"] for row in await superuser.fetch(f"SELECT name FROM {service}.migration")]  # noqa: S608 - names of ours
    assert len(names) == migrate.expected_version(service)
    assert migrate.unfit(service, names) == []


def test_a_replica_lives_with_what_a_newer_release_added_and_not_with_what_it_took_away() -> None:
    mine = [one.name for one in migrate.migrations("billing")]
    assert migrate.unfit("billing", mine[1:]) == [f"falta {mine[0]}"]
    assert migrate.unfit("billing", [*mine, "billing_0009_pre_more"]) == []
    assert migrate.unfit("billing", [*mine, "billing_0010_post_less"]) == ["desconocida billing_0010_post_less"]


@pytest.mark.parametrize("name", ["common.sql", "0001_common.sql", "0001_mid_common.sql", "x_pre_common.sql", "0001_pre_.sql"])
def test_a_file_must_say_its_number_its_phase_and_what_it_does(name: str, files: Path) -> None:
    (files / name).write_text("SELECT 1")
    with pytest.raises(migrate.MigrationError, match=re.escape(name)):
        migrate.migrations("billing")


@pytest.mark.parametrize(
    ("dsn", "expected"),
    [
        ("postgresql://127.0.0.1:5432/o2c", "postgresql://127.0.0.1:5432/o2c?user=r"),
        ("postgresql://me:secret@db:5432/o2c?sslmode=verify-full", "postgresql://db:5432/o2c?sslmode=verify-full&user=r"),
        ("postgresql://me@a:1,b:2/o2c", "postgresql://a:1,b:2/o2c?user=r"),
        ("postgresql:///o2c?host=/tmp/x", "postgresql:///o2c?host=/tmp/x&user=r"),
        ("postgresql:///o2c?user=me&host=/tmp/x&password=secret", "postgresql:///o2c?host=/tmp/x&user=r"),
        ("postgresql:///o2c", "postgresql:///o2c?user=r"),
    ],
)
def test_a_role_takes_the_place_of_the_user_and_of_its_password(dsn: str, expected: str) -> None:
    assert migrate.role_dsn(dsn, "r") == expected


async def test_a_role_comes_in_by_the_socket_too(server: Postgres, superuser: Any) -> None:
    folder = await superuser.fetchval("SHOW unix_socket_directories")
    dsn = f"postgresql:///o2c?host={folder}&port={server.port}"
    connection = await asyncpg.connect(migrate.role_dsn(dsn, "billing_app"))
    try:
        assert await connection.fetchval("SELECT current_user || ' ' || current_schema()") == "billing_app billing"
    finally:
        await connection.close()


# The command line


@pytest.fixture
def console(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("O2C_POSTGRES__DSN", server.dsn)
    monkeypatch.setenv("O2C_POSTGRES__ADMIN_USER", ADMIN)
    return CliRunner()


def test_the_command_says_in_spanish_what_it_did_and_what_is_missing(console: CliRunner, files: Path) -> None:
    assert console.invoke(db.app, ["upgrade"]).output == "Nada que aplicar: todo está al día.\n"
    assert console.invoke(db.app, ["status", "--json"]).exit_code == 0
    (files / "0001_pre_later.sql").write_text("SELECT 1")
    behind = console.invoke(db.app, ["status", "--service", "billing"])
    assert behind.exit_code == 1
    assert "pendiente billing_0001_pre_later" in behind.output
    assert console.invoke(db.app, ["upgrade", "--service", "facturas"]).exit_code == 2
    assert console.invoke(db.app, ["upgrade", "--phase", "mid"]).exit_code == 2


async def test_passwords_reach_the_server_as_verifiers_that_it_would_have_made_itself(
    console: CliRunner, superuser: Any, tmp_path: Path
) -> None:
    stored = "SELECT rolpassword FROM pg_authid WHERE rolname = $1"
    file = tmp_path / "pgpass"
    file.write_text("# of compose\n*:*:*:postgres:other\n*:*:*:billing_app:con\\:dos puntos\n")
    done = await asyncio.to_thread(console.invoke, db.app, ["passwords", str(file)])
    assert done.output == "1 roles con contraseña.\n"
    assert str(await superuser.fetchval(stored, "billing_app")).startswith("SCRAM-SHA-256$4096:")
    assert await superuser.fetchval(stored, "postgres") is None
    await superuser.execute("ALTER ROLE billing_app PASSWORD 'con:dos puntos'")
    by_server = str(await superuser.fetchval(stored, "billing_app"))
    await superuser.execute("ALTER ROLE billing_app PASSWORD NULL")
    salt = re.split(r"[:$]", by_server)[2]
    assert db.scram("con:dos puntos", b64decode(salt)) == by_server


# The statements of the code


def statements() -> dict[str, tuple[str, str]]:
    """Every upper-case SQL constant of the services and the shared core, with the schema it is meant for."""
    found = {}
    for path in sorted([*(ROOT / "shared").rglob("*.py"), *(ROOT / "services").rglob("*.py")]):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        module = sys.modules.get(name) or import_module(name)
        schema = name.split(".")[1] if name.startswith("services.") else "intake"
        for key, value in vars(module).items():
            if key.isupper() and isinstance(value, str) and re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s", value):
                found[f"{name}.{key}"] = (schema, value)
    return found


async def test_every_statement_prepares_on_the_schema_that_is_migrated(superuser: Any) -> None:
    found = statements()
    assert "shared.messaging.store.SAVE" in found
    for name, (schema, sql) in found.items():
        if "{" in re.sub(r"'[^']*'", "", sql):
            continue  # completed by code
        await superuser.execute(f'SET search_path = "{schema}"')
        try:
            await superuser.prepare(sql)
        except asyncpg.PostgresError as error:
            pytest.fail(f"{name}: {error}")
