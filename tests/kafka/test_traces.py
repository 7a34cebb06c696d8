"""The core's own wiring of traces, on a real Postgres: messages, requests, effects, deadlines and refusals of one order."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from pathlib import Path

import asyncpg
import httpx2
import pytest
from opentelemetry.trace import SpanKind

from o2c.stack.postgres import Postgres
from o2c.stack.tokens import key_file, token_for
from services.intake.app import SERVICE
from shared import migrate
from shared.auth import Tokens
from shared.clock import Clock
from shared.contracts.base import Command, to_json
from shared.contracts.catalogue import SERVICES
from shared.contracts.intake import ClaimOrder, RecordDocumentStored, ReviewOrder, SubmitQuote
from shared.contracts.shapes import Doc, Money
from shared.db import open_pool
from shared.http import build_http
from shared.messaging.consumer import Consumer, Sorter
from shared.messaging.effects import Task, perform_due
from shared.messaging.envelope import command_headers
from shared.messaging.inbound import Item, Record
from shared.messaging.resources import Resources
from shared.messaging.timers import fire_due
from shared.sampling import ByOrder
from shared.settings import Auth, Settings
from tests.recorded import Recorded, causes, identity, recording

ORDER = "8015g00000AbC01AAF"
SAMPLE = Path(__file__).parents[2] / "shared" / "contracts" / "samples" / "salesforce" / "01_platform_event_schemaless.json"
CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
KEPT = "SELECT type, trace FROM fact WHERE aggregate = $1 AND type = ANY($2::text[]) ORDER BY seq"
pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    postgres = Postgres(Path(".o2c/test-traces").resolve())
    postgres.start()
    asyncio.run(migrate.upgrade(postgres.dsn, SERVICES))
    yield postgres
    postgres.stop()


@pytest.fixture
async def intake(server: Postgres, tmp_path: Path) -> AsyncIterator[Resources]:
    """Intake at work on empty tables, without a broker."""
    admin = await asyncpg.connect(migrate.role_dsn(server.dsn, "postgres"))
    await admin.execute("SET search_path = intake; TRUNCATE aggregate, fact, outbox, inbox, parked, dead_letter, command_log")
    await admin.close()
    clock = Clock(tmp_path / "clock")
    settings = Settings(auth=Auth(key_file=key_file(tmp_path)))
    pool = await open_pool(server.dsn, "intake_app", 4)
    yield Resources("intake", settings, SERVICE.roster(), SERVICE.worlds(clock), pool, pool, clock)
    await pool.close()


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    with recording() as kept:
        yield kept


async def consume(intake: Resources, record: Record) -> str:
    """One record as a batch of its own; answers the context of the batch."""
    sorter = Sorter(intake, SERVICE.edges(intake.settings), {}, SERVICE.partners)
    item = sorter.sort(record)
    assert isinstance(item, Item), item
    context = await Consumer(intake, sorter).apply_together([item], [], [])
    assert context
    return context


async def order(intake: Resources) -> None:
    value = json.dumps(json.loads(SAMPLE.read_text())["value"]).encode()
    await consume(intake, Record("salesforce.orders", 0, 7, None, value, {}))


async def post(intake: Resources, command: Command, tmp_path: Path, **headers: str) -> httpx2.Response:
    app = build_http(intake, Tokens(intake.settings.auth, intake.clock), _nothing)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://intake:8001") as client:
        return await client.post(
            f"/v1/commands/{type(command).__name__}",
            content=to_json(command),
            headers={
                "authorization": f"Bearer {token_for(tmp_path, 'om-1')}",
                "idempotency-key": type(command).__name__,
                "content-type": "application/json",
            }
            | headers,
        )


async def _nothing() -> dict[str, str]:
    return {}


async def stored_document(task: Task) -> Command:
    doc = Doc.model_validate(task.effect.args["doc"])
    return RecordDocumentStored(
        aggregate=task.aggregate, doc_id=doc.doc_id, sha256=doc.sha256 if doc.hash_of == "CONTENT" else "a" * 64
    )


async def test_each_wait_of_an_order_is_crossed_by_a_link(intake: Resources, recorded: Recorded, tmp_path: Path) -> None:
    await order(intake)
    while await perform_due(intake, {"StoreDocument": stored_document}):
        pass
    (tmp_path / "clock").write_text(str(2 * 86400))
    assert await fire_due(intake), "nobody took the order"
    await post(intake, ReviewOrder(aggregate=ORDER), tmp_path)
    claimed = await post(intake, ClaimOrder(aggregate=ORDER), tmp_path, traceparent=CALLER)
    assert claimed.status_code == 200, claimed.text
    begun, (made,) = recorded.one("process salesforce.orders"), recorded.creating("OrderClaimed")
    past = {one.name.partition(" ")[0] for one in recorded.past(made)}
    assert past == {"process", "create", "effect", "command", "deadline", "POST"}
    assert begun in recorded.past(made)
    known = {identity(one) for one in recorded.spans} | {(int(CALLER[3:35], 16), int(CALLER[36:52], 16))}
    assert all(set(causes(one)) <= known for one in recorded.spans)
    orphans = {one.name for one in recorded.spans if not causes(one)}
    assert orphans == {"process intake.v1"}, "a batch that carries only what Salesforce sent, which has no context"
    assert causes(begun) == [identity(recorded.one("process intake.v1"))]


@pytest.mark.parametrize("kept", [True, False])
async def test_of_an_order_all_is_kept_or_nothing_whatever_happens_to_the_requests_about_it(
    intake: Resources, tmp_path: Path, kept: bool
) -> None:
    hashed = next(part / 1000 for part in range(1, 1000) if ByOrder(part / 1000).keeps(ORDER))
    with recording(ByOrder(hashed if kept else hashed - 0.001)) as recorded:
        await order(intake)
        while await perform_due(intake, {"StoreDocument": stored_document}):
            pass
        (tmp_path / "clock").write_text(str(2 * 86400))
        assert await fire_due(intake)
        await post(intake, ReviewOrder(aggregate=ORDER), tmp_path)
        assert (await post(intake, ClaimOrder(aggregate=ORDER), tmp_path)).status_code == 200
    facts = await intake.pool.fetchval("SELECT count(*) FROM fact")
    created = [one for one in recorded.spans if one.name.startswith("create ")]
    assert len(created) == (facts if kept else 0)
    known = {identity(one) for one in recorded.spans}
    assert [one.name for one in recorded.spans if not set(causes(one)) <= known] == []


async def test_a_fact_is_stored_with_the_context_it_was_made_in(intake: Resources, recorded: Recorded, tmp_path: Path) -> None:
    await order(intake)
    await post(intake, ReviewOrder(aggregate=ORDER), tmp_path)
    await post(intake, ClaimOrder(aggregate=ORDER), tmp_path, traceparent=CALLER, tracestate="vendor=1")
    rows = {row["type"]: row["trace"] for row in await intake.pool.fetch(KEPT, ORDER, ["OrderReceived", "OrderClaimed"])}
    (received,), (claimed,) = recorded.creating("OrderReceived"), recorded.creating("OrderClaimed")
    assert rows["OrderReceived"].startswith("00-{:032x}-{:016x}-".format(*identity(received)))
    assert rows["OrderClaimed"].startswith("00-{:032x}-{:016x}-".format(*identity(claimed)))
    assert rows["OrderClaimed"].endswith(" vendor=1")
    assert rows["OrderClaimed"][:35] == CALLER[:35]


async def test_a_request_says_what_was_asked_and_that_it_was_refused(
    intake: Resources, recorded: Recorded, tmp_path: Path
) -> None:
    await order(intake)
    answer = await post(intake, ClaimOrder(aggregate="8015g00000NobodyAAF"), tmp_path)
    assert answer.status_code == 404
    made = recorded.one("POST /v1/commands/ClaimOrder")
    told = made.attributes or {}
    assert made.kind is SpanKind.SERVER
    assert (told["o2c.command"], told["o2c.outcome"], told["o2c.code"]) == ("ClaimOrder", "refused", "UNKNOWN_ORDER")
    assert (told["http.response.status_code"], told["http.route"]) == (404, "/v1/commands/ClaimOrder")
    assert "error.type" not in told


async def test_a_partners_refused_command_hangs_below_its_sender_and_links_to_what_it_answers(
    intake: Resources, recorded: Recorded
) -> None:
    await order(intake)
    latest = await intake.pool.fetchval("SELECT trace FROM fact WHERE aggregate = $1 ORDER BY seq DESC LIMIT 1", ORDER)
    quote = SubmitQuote(aggregate=ORDER, request_id="nobody/asked", contractor="Andes", total=Money(amount=Decimal(1)))
    raw = command_headers("intake", quote, "q-1", "/activaciones", CALLER)
    record = Record("o2c.intake.commands.v1", 3, 9, b"somebody", to_json(quote), {k: v.decode() for k, v in raw})
    await consume(intake, record)
    made = recorded.one("process o2c.intake.commands.v1")
    told = made.attributes or {}
    assert made.parent is not None
    assert f"{made.parent.span_id:016x}" == CALLER[36:52]
    assert latest[36:52] in {f"{link.context.span_id:016x}" for link in made.links}
    assert told["o2c.outcome"] == "refused"
    assert told["messaging.destination.partition.id"] == "3"
    assert told["messaging.kafka.offset"] == 9
    assert "messaging.kafka.message.key" not in told, "a partner's key may be anything"
    assert recorded.creating("CommandRefused")
