"""B1: whole lifecycles carried by the real services as processes, beside the bare deciders, in one run.

What is compared between machines and releases is `ratio`, services to bare chain; all else is printed and never asserted.
"""

import asyncio
import json
import os
import sys
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Final

import httpx2
import typer
from prometheus_client.parser import text_string_to_metric_families

from benchmarks import bare, gate
from benchmarks.measure import Spent, percentile, spending, where
from benchmarks.orders import MOST, order
from o2c.commands.demo import silent_of
from o2c.play.cast import Cast
from o2c.play.driver import Driver, Heard
from o2c.stack.up import Stack
from shared.contracts.catalogue import SERVICES
from shared.contracts.intake import OrderCompleted

FOLDER: Final = Path(".o2c/bench")
STRIDE: Final = timedelta(hours=12)
PHASES: Final = 4
"""Billing phases of one order: two sites, two phases each."""
EQUIVALENT: Final = 13
"""Facts of the lifecycle in which rates of other systems are told."""
COUNTERS: Final = ("consumed", "batches", "sent", "relay_rounds")


@dataclass
class Round:
    """One measured stretch: what was heard, and when each accepted command was sent and its first fact came."""

    finished: int = 0
    facts: int = 0
    sent: dict[str, float] = field(default_factory=dict)
    heard: dict[str, float] = field(default_factory=dict)

    def hear(self, heard: Heard) -> None:
        """A fact came from Kafka."""
        self.facts += 1
        self.finished += isinstance(heard.fact, OrderCompleted)
        self.heard[heard.id] = time.monotonic()

    def answered(self, sent: float, answer: httpx2.Response) -> None:
        """A command over HTTP was accepted; its first fact is what its sender waits for."""
        for fact in answer.json().get("facts", [])[:1]:
            self.sent[fact["id"]] = sent

    def latencies(self) -> list[float]:
        """Milliseconds from command to fact on its topic."""
        return [1000 * (self.heard[one] - at) for one, at in self.sent.items() if one in self.heard]


def milliseconds(values: list[float]) -> dict[str, float]:
    """Count and percentiles."""
    return {"commands": len(values), "p50": round(percentile(values, 0.5), 1), "p95": round(percentile(values, 0.95), 1)}


async def counters(stack: Stack) -> dict[str, dict[str, float]]:
    """What each service's `/metrics` counts."""
    names = {f"{COUNTER_NAMES[one]}_total": one for one in COUNTERS}
    found: dict[str, dict[str, float]] = {service: dict.fromkeys(COUNTERS, 0.0) for service in SERVICES}
    async with httpx2.AsyncClient(timeout=10) as client:
        for service in SERVICES:
            text = (await client.get(f"{stack.url(service)}/metrics")).text
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    if sample.name in names:
                        found[service][names[sample.name]] += sample.value
    return found


COUNTER_NAMES: Final = {
    "consumed": "messaging_client_consumed_messages",
    "batches": "o2c_batches",
    "sent": "messaging_client_sent_messages",
    "relay_rounds": "o2c_relay_rounds",
}


def batch_sizes(before: dict[str, dict[str, float]], after: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Mean messages a batch and mean facts a round of the relay."""
    sizes = {}
    for service in SERVICES:
        grown = {name: after[service][name] - before[service][name] for name in COUNTERS}
        sizes[service] = {
            "consumed": round(grown["consumed"] / max(1, grown["batches"]), 1),
            "relayed": round(grown["sent"] / max(1, grown["relay_rounds"]), 1),
        }
    return sizes


async def carry(driver: Driver, numbers: range, limit_seconds: float) -> tuple[Round, float]:
    """Publishes the orders at once and plays until all have ended; answers what was heard and the working seconds."""
    stretch = Round()
    driver.on_fact, driver.on_answer = stretch.hear, stretch.answered
    driver.done = lambda: stretch.finished >= len(numbers)
    idle, began = driver.idle_seconds, time.monotonic()

    async def begin() -> None:
        for number in numbers:
            await driver.publish("salesforce.orders", json.dumps(order(number)).encode())

    await driver.run(begin, limit_seconds)
    return stretch, time.monotonic() - began - (driver.idle_seconds - idle)


def processes(stack: Stack) -> dict[str, int]:
    """Whose CPU is counted: each service, the stores, and this process with the role players."""
    services = {child.name: child.process.pid for child in stack.supervisor.children if child.process}
    return services | stack.pids() | {"players": os.getpid()}


async def services(orders: int, say: Any) -> dict[str, Any]:
    """One order alone, which warms up and gives the latency at rest, then all at once."""
    numbers = range(1, orders + 1)
    silent = frozenset(site for number in range(orders + 1) for site in silent_of(order(number)))
    async with Stack(FOLDER, sandbox=True, fresh=True, say=say) as stack:
        driver = Driver(stack, Cast(silent=silent), lambda _: None, lambda: False, stride=STRIDE)
        say("Una orden sola ...")
        alone, _ = await carry(driver, range(1), 180)
        say(f"{orders} órdenes a la vez ...")
        before = await counters(stack)
        with spending(processes(stack), frozenset({"players"})) as spent:
            together, working = await carry(driver, numbers, 120 + 30 * orders)
        say("Comprobando ...")
        wrong = await gate.failures(stack, orders + 1, PHASES)
        return _told(orders, alone, together, working, spent, batch_sizes(before, await counters(stack)), wrong)


def _told(
    orders: int, alone: Round, together: Round, working: float, spent: Spent, sizes: dict[str, Any], wrong: list[str]
) -> dict[str, Any]:
    return {
        "gate": wrong or "ok",
        "facts": together.facts,
        "seconds": round(spent.seconds, 1),
        "working_seconds": round(working, 1),
        "lifecycles_per_second": round(orders / working, 2),
        "equivalents_per_second": round(together.facts / EQUIVALENT / working, 1),
        "facts_per_second": round(together.facts / working, 1),
        "cpu_seconds": spent.cpu_seconds,
        "cpu_us_per_fact": {name: round(1e6 * cpu / together.facts) for name, cpu in spent.cpu_seconds.items()},
        "latency_ms": {"one_order": milliseconds(alone.latencies()), "all_at_once": milliseconds(together.latencies())},
        "batch_size": sizes,
        "foreign": spent.foreign,
        "noisy": spent.noisy,
    }


def report(orders: int, say: Any) -> dict[str, Any]:
    """The bare chain before and after the services, so that a machine that grows busy shows in its spread."""
    say("Cadena desnuda ...")
    bare.carry(range(1))  # tables, models and caches are loaded by the first
    turns = [bare.carry(range(1, orders + 1))]
    found = asyncio.run(services(orders, say))
    turns.append(bare.carry(range(1, orders + 1)))
    rates = [one.facts_per_second for one in turns]
    cpu = median(1e6 * one.cpu_seconds / one.facts for one in turns)
    own = sum(cpu for name, cpu in found["cpu_us_per_fact"].items() if name.partition("-")[0] in SERVICES)
    return {
        "case": "lifecycles",
        "orders": orders,
        **where(),
        "services": found,
        "bare": {
            "facts": turns[0].facts,
            "facts_per_second": [round(rate, 1) for rate in rates],
            "cpu_us_per_fact": round(cpu),
        },
        "ratio": round(found["facts_per_second"] / median(rates), 3),
        "cpu_ratio": round(own / cpu, 2),
    }


def main(
    orders: Annotated[int, typer.Option(min=1, max=MOST - 1, help="Cuántas órdenes a la vez.")] = 12,
    out: Annotated[Path, typer.Option(help="Archivo del resultado.")] = Path("bench-lifecycles.json"),
) -> None:
    """Lleva órdenes enteras por los servicios y las compara con los mismos decisores sin nada alrededor."""
    found = report(orders, lambda text: print(text, file=sys.stderr, flush=True))
    text = json.dumps(found, ensure_ascii=False, indent=1)
    out.write_text(text + "\n", encoding="utf-8")
    print(text)
    if found["services"]["gate"] != "ok":
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
