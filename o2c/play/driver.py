"""Plays the cast on a running stack: hears every fact on Kafka, answers over HTTP and Kafka, moves the sandbox clock."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import httpx2
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

from o2c.play.cast import Answer, Cast, Papers, Reply
from o2c.play.papers import added_papers
from o2c.stack.up import Stack
from shared.clock import Clock
from shared.contracts.acceptance import AcceptanceClockResumed, AcceptanceClockStarted
from shared.contracts.base import Command, Fact, to_json
from shared.contracts.catalogue import SERVICES, fact_type
from shared.contracts.shapes import Doc
from shared.kafka import client
from shared.messaging.envelope import command_headers
from shared.uploads import documents_of

QUIET_SECONDS = 0.7
RETRY_SECONDS = 0.15
AT_ONCE = 32
ACCEPTED = 300
UNAVAILABLE = 503
STEP = timedelta(minutes=2)
"""How far past the next instant the clock is set: what many sites wait for within it happens together."""


@dataclass(frozen=True)
class Heard:
    """One fact as it came from Kafka."""

    id: str
    service: str
    subject: str
    key: str
    at: datetime
    actor: str
    traceparent: str
    fact: Fact


@dataclass
class Driver:
    """Connects a cast to a stack. `on_fact` sees every fact once, `on_answer` each accepted command with when it was sent.

    What is for one aggregate is sent in order, different ones side by side. `stride` is the least that the clock moves at
    once: with many orders their instants lie seconds apart. Time passes only while it is `calm`.
    """

    stack: Stack
    cast: Cast
    on_fact: Callable[[Heard], None]
    done: Callable[[], bool]
    on_answer: Callable[[float, httpx2.Response], None] = lambda _sent, _answer: None
    stride: timedelta = timedelta()
    calm: Callable[[], bool] = lambda: True
    seen: set[str] = field(default_factory=set)
    pending: list[Reply] = field(default_factory=list)
    instants: set[datetime] = field(default_factory=set)
    refusals: list[str] = field(default_factory=list)
    files: dict[str, Doc] = field(default_factory=dict)
    serial: int = 0
    last_heard: float = field(default_factory=time.monotonic)
    idle_seconds: float = 0.0
    _tokens: dict[tuple[str, str], str] = field(default_factory=dict)
    _parents: dict[str, str] = field(default_factory=dict)
    _lanes: dict[tuple[str, str], asyncio.Task[None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._clock = Clock(self.stack.clock_file)

    async def publish(self, topic: str, value: bytes | None, key: str | None = None, headers: Any = None) -> None:
        """One record on a topic."""
        await self._producer.send_and_wait(topic, value, key=key.encode() if key else None, headers=headers or [])

    async def run(self, begin: Callable[[], Awaitable[None]], limit_seconds: float = 120) -> None:
        """Begins, then plays until `done`. Raises TimeoutError with what nobody could do within the limit."""
        self._producer = AIOKafkaProducer(**client(self.stack.broker), acks="all", enable_idempotence=True)
        consumer = AIOKafkaConsumer(
            *(f"o2c.{name}.v1" for name in SERVICES),
            **client(self.stack.broker),
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=self.stack.broker.fetch_wait_ms,
        )
        await self._producer.start()
        await consumer.start()
        self._http = httpx2.AsyncClient(timeout=20, limits=httpx2.Limits(max_connections=AT_ONCE))
        try:
            await begin()
            async with asyncio.timeout(limit_seconds):
                while not self.done():
                    await self._round(consumer)
        except TimeoutError as error:
            stuck = [(type(one.command).__name__, one.command.aggregate) for one in self.pending]
            raise TimeoutError(f"nadie pudo seguir: {stuck[:5]} {self.refusals[-5:]}") from error
        finally:
            for lane in self._lanes.values():
                lane.cancel()
            await consumer.stop()
            await self._producer.stop()
            await self._http.aclose()

    async def _round(self, consumer: AIOKafkaConsumer) -> None:
        batches = await consumer.getmany(timeout_ms=50)
        for records in batches.values():
            for record in records:
                await self._hear(record)
        now = self.now()
        ready = [one for one in self.pending if one.not_before is None or one.not_before <= now]
        if ready:
            self._send(ready)
        elif not batches and time.monotonic() - self.last_heard > QUIET_SECONDS and self.calm():
            self._advance(now)

    async def _hear(self, record: Any) -> None:
        headers = {key: value.decode() for key, value in record.headers}
        if headers["ce_id"] in self.seen:
            return
        self.seen.add(headers["ce_id"])
        self.last_heard = time.monotonic()
        known = fact_type(headers["ce_type"])
        if known is None:
            return
        service, kind = known
        heard = Heard(
            headers["ce_id"],
            service,
            headers["ce_subject"],
            record.key.decode(),
            datetime.fromisoformat(headers["ce_time"]),
            headers["ce_actor"],
            headers.get("traceparent", ""),
            kind.model_validate_json(record.value),
        )
        self._parents[heard.subject] = heard.key
        self.on_fact(heard)
        if isinstance(heard.fact, AcceptanceClockStarted | AcceptanceClockResumed):
            self.instants |= {slot.at for slot in heard.fact.slots} | {heard.fact.deadline}
        for answer in self.cast.hear(service, heard.subject, heard.fact, self.now()):
            await self._take(answer)

    async def _take(self, answer: Answer) -> None:
        if isinstance(answer, Papers):
            await self.publish("salesforce.orders", json.dumps(added_papers(answer)).encode())
        else:
            self.serial += 1
            self.pending.append(replace(answer, serial=self.serial))

    def _send(self, ready: list[Reply]) -> None:
        """Each aggregate's replies in a lane of its own, unless an earlier lane is still at it."""
        for lane in [one for one, task in self._lanes.items() if task.done()]:
            self._lanes.pop(lane).result()
        waiting: dict[tuple[str, str], list[Reply]] = {}
        for reply in ready:
            waiting.setdefault((reply.service, reply.command.aggregate), []).append(reply)
        for lane, replies in waiting.items():
            if lane not in self._lanes:
                self._lanes[lane] = asyncio.create_task(self._lane(replies))

    async def _lane(self, replies: list[Reply]) -> None:
        again = False
        for reply in replies:
            if await self._one(reply):
                self.pending.remove(reply)
                self.last_heard = time.monotonic()
            else:
                again = True
        if again:
            await asyncio.sleep(RETRY_SECONDS)

    async def _one(self, reply: Reply) -> bool:
        if not await self._bring_files(reply):
            return False
        command = with_files(reply.command, self.files)
        key = sha256(f"{reply.serial}|{reply.actor}|{type(reply.command).__name__}|{reply.command!r}".encode()).hexdigest()[:32]
        if reply.actor.startswith("/"):
            parent = self._parents.get(reply.command.aggregate, reply.command.aggregate)
            headers = command_headers(reply.service, command, key, reply.actor)
            try:
                await self.publish(f"o2c.{reply.service}.commands.v1", to_json(command), parent, headers)
            except KafkaError:  # an outage longer than the client waits: the same id is known again
                return False
            return True
        sent = time.monotonic()
        try:
            answer = await self._post(reply, command, key)
        except httpx2.HTTPError:
            return False
        if answer.status_code < ACCEPTED:
            self.on_answer(sent, answer)
            return True
        if answer.status_code == UNAVAILABLE:  # a fault, no answer: the same key settles it later
            return False
        self.refusals.append(f"{type(reply.command).__name__}: {answer.status_code} {answer.text[:200]}")
        return False

    async def _bring_files(self, reply: Reply) -> bool:
        """Uploads what a command names: its stand-in content is its name."""
        for doc in documents_of(reply.command):
            if doc.doc_id in self.files:
                continue
            about = {"kind": doc.kind, "title": f"{doc.doc_id}.txt", "origin": doc.origin}
            about["signed"] = doc.signature.method if doc.signature else None
            try:
                answer = await self._http.post(
                    f"{self.stack.url(reply.service)}/v1/documents",
                    params={name: value for name, value in about.items() if value},
                    content=doc.doc_id.encode(),
                    headers=self._bearer(reply),
                )
            except httpx2.HTTPError:
                return False
            if answer.status_code >= ACCEPTED:
                self.refusals.append(f"{doc.doc_id}: {answer.status_code} {answer.text[:200]}")
                return False
            self.files[doc.doc_id] = Doc.model_validate_json(answer.content)
        return True

    def _bearer(self, reply: Reply) -> dict[str, str]:
        who = (reply.actor, reply.role)
        if who not in self._tokens:
            self._tokens[who] = self.stack.token(reply.actor, [reply.role])
        return {"authorization": f"Bearer {self._tokens[who]}"}

    async def _post(self, reply: Reply, command: Command, key: str) -> httpx2.Response:
        return await self._http.post(
            f"{self.stack.url(reply.service)}/v1/commands/{type(command).__name__}",
            content=to_json(command),
            headers={
                **self._bearer(reply),
                "idempotency-key": f"{key}-{len(self.refusals)}",
                "content-type": "application/json",
            },
        )

    def now(self) -> datetime:
        """The sandbox's time."""
        return self._clock.now()

    def _offset(self) -> float:
        return float(self.stack.clock_file.read_text() or 0)

    def _advance(self, now: datetime) -> None:
        """Nothing more happens today: on to the next instant somebody waits for, a day at most."""
        waits = [one.not_before for one in self.pending if one.not_before] + [one for one in self.instants if one > now]
        ahead = [one for one in waits if one > now]
        to = max(min([*ahead, now + timedelta(days=1)]) + STEP, now + self.stride)
        offset = self._offset() + (to - now).total_seconds()
        part = self.stack.clock_file.with_suffix(".new")
        part.write_text(str(offset))
        part.replace(self.stack.clock_file)
        self.idle_seconds += time.monotonic() - self.last_heard
        self.last_heard = time.monotonic()


def with_files(command: Command, files: Mapping[str, Doc]) -> Command:
    """The command with every document as its upload was answered."""

    def known(value: Any) -> Any:
        if isinstance(value, dict):
            stored = files.get(str(value.get("doc_id")))
            return stored.model_dump() if stored else {name: known(one) for name, one in value.items()}
        return [known(one) for one in value] if isinstance(value, list | tuple) else value

    return type(command).model_validate(known(command.model_dump(by_alias=True)))
