"""What `/metrics` shows: every instrument of a process with its OpenTelemetry name, unit and labels."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from prometheus_client import CollectorRegistry, generate_latest, start_http_server


class Told(NamedTuple):
    """One instrument; `labels` are small closed sets beside `service`: never an order, a site, a person or a message."""

    metric: str
    unit: str
    description: str
    labels: tuple[str, ...] = ()


COUNTERS: Final[Mapping[str, Told]] = {
    "consumed": Told("messaging.client.consumed.messages", "{message}", "Messages polled.", ("topic",)),
    "sent": Told("messaging.client.sent.messages", "{message}", "Facts sent by the relay.", ("topic",)),
    "batches": Told("o2c.batches", "{batch}", "Batches polled."),
    "facts": Told("o2c.facts", "{fact}", "Facts committed; what happened is counted by its name.", ("type",)),
    "commands": Told("o2c.commands", "{command}", "Commands answered; code is ok or why not.", ("command", "code")),
    "duplicates": Told("o2c.duplicates", "{message}", "Repeated messages that changed nothing."),
    "dead_letters": Told("o2c.dead_letters", "{message}", "Messages no contract explains.", ("topic", "reason")),
    "skipped": Told("o2c.skipped", "{message}", "Messages not for this service.", ("reason",)),
    "deadlines": Told("o2c.deadlines", "{fact}", "Facts made by deadlines."),
    "effects": Told("o2c.effects", "{effect}", "Effects tried; done, or the code of their failure.", ("kind", "outcome")),
    "db_retries": Told("o2c.db.retries", "{retry}", "Batches repeated after a fault.", ("error",)),
    "relay_rounds": Told("o2c.relay.rounds", "{round}", "Rounds of the relay: sent over rounds is their mean size."),
    "relay_restarts": Told("o2c.relay.restarts", "{restart}", "Relay started anew after an error.", ("error",)),
    "acceptances": Told("o2c.acceptances", "{acceptance}", "Acceptances decided: signed, or by silence.", ("basis",)),
    "billing_requests": Told("o2c.billing.requests", "{request}", "Requests to the billing system.", ("mode",)),
    "billing_blocked": Told("o2c.billing.blocked", "{phase}", "Phases released that cannot be billed yet.", ("reason",)),
    "test_runs": Told("o2c.test_runs", "{run}", "Test runs that have ended.", ("kind", "outcome", "attempt")),
    "pruned": Told("o2c.pruned", "{row}", "Rows of inbox and command log that had reached their age."),
    "ack_failures": Told("o2c.ack.failures", "{failure}", "Acknowledgements that failed; redelivery is known.", ("error",)),
}
GAUGES: Final[Mapping[str, Told]] = {
    "outbox_pending": Told("o2c.outbox.pending", "{fact}", "Facts committed and not yet sent; counted up to 100,000."),
    "outbox_age": Told("o2c.outbox.age", "s", "Age of the oldest fact not yet sent."),
    "aggregates_blocked": Told("o2c.aggregates.blocked", "{aggregate}", "Orders stopped by our own exception."),
    "parked": Told("o2c.parked", "{message}", "Messages that wait behind a blocked order; up to 100,000."),
    "parked_age": Told("o2c.parked.age", "s", "Age of the oldest parked message."),
    "dead_letters_open": Told("o2c.dead_letters.open", "{message}", "Dead letters neither replayed nor dismissed."),
    "deadlines_overdue": Told("o2c.deadlines.overdue", "{aggregate}", "Deadlines passed by over 5 s and not fired."),
    "effects_waiting": Told("o2c.effects.waiting", "{aggregate}", "Aggregates that want something done by now."),
    "effects_age": Told("o2c.effects.age", "s", "How long the oldest of these has been due and unchanged."),
    "clock_skew": Told("o2c.clock.skew", "s", "This host's clock against its monotonic one or the database's."),
    "relay_leader": Told("o2c.relay.leader", "{leader}", "1 in the one replica that sends the schema's facts."),
    "poll_age": Told("o2c.consumer.poll.age", "s", "Since the consumer last polled or finished a batch."),
    "lag": Told("o2c.consumer.lag", "{message}", "Messages of a partition not yet polled.", ("topic", "partition")),
    "pool_used": Told("o2c.db.pool.in_use", "{connection}", "Connections at work.", ("pool",)),
    "pool_limit": Told("o2c.db.pool.limit", "{connection}", "Connections a pool may open.", ("pool",)),
    "orders_open": Told("o2c.orders.open", "{order}", "Orders somebody waits for; age since the last change.", ("stage", "age")),
    "tasks_open": Told("o2c.tasks.open", "{task}", "Who has the ball, and for what.", ("party", "task")),
    "task_age": Told("o2c.task.age", "s", "Age of the oldest task of a kind.", ("party", "task")),
    "clocks_running": Told("o2c.clocks.running", "{clock}", "Tasks with a limit.", ("party", "task")),
    "clocks_due": Told("o2c.clocks.due_24h", "{clock}", "Limits that end within 24 hours.", ("party", "task")),
    "clocks_breached": Told("o2c.clocks.breached", "{clock}", "Limits that have passed.", ("party", "task")),
    "fallouts_open": Told("o2c.fallouts.open", "{fallout}", "Steps that cannot go on by themselves.", ("class",)),
    "fallout_age": Told("o2c.fallout.age", "s", "Age of the oldest of a class.", ("class",)),
    "sequence_missing": Told("o2c.sequence.missing", "{fact}", "Numbers of facts that never came to the topic.", ("source",)),
    "verify_mismatches": Told(
        "o2c.verify.mismatches", "{aggregate}", "Documents that are not what their facts say, once a day.", ("source",)
    ),
    "build": Told("o2c.build.info", "{process}", "1, with what runs.", ("version",)),
}
LATENCY: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
LATENESS: Final = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 86400)
SIZES: Final = (1, 2, 5, 10, 20, 50, 100, 200, 300)
HISTOGRAMS: Final[Mapping[str, tuple[Told, Sequence[float]]]] = {
    "batch_size": (Told("o2c.batch.size", "{message}", "Messages of one batch."), SIZES),
    "batch_duration": (Told("o2c.batch.duration", "s", "From poll to acknowledgement of a batch."), LATENCY),
    "message_age": (Told("o2c.message.age", "s", "From a batch's first message being made to its commit.", ("topic",)), LATENESS),
    "effect_duration": (Told("o2c.effect.duration", "s", "One try of an effect.", ("kind",)), LATENCY),
    "process_duration": (Told("messaging.process.duration", "s", "From poll to commit of a batch."), LATENCY),
    "operation_duration": (
        Told("messaging.client.operation.duration", "s", "Sending a round of facts; acknowledging a batch.", ("operation",)),
        LATENCY,
    ),
    "transaction_duration": (Told("o2c.db.transaction.duration", "s", "One transaction, by who writes.", ("kind",)), LATENCY),
    "deadline_lateness": (Told("o2c.deadline.lateness", "s", "From a deadline to its firing."), LATENESS),
}
Series = Mapping[tuple[str, ...], float]
"""Values of one gauge by the values of its labels."""


class Instruments:
    """The instruments of one process: counters are read from its own, gauges from `shown` as the scrape filled it."""

    def __init__(self, service: str, counters: Mapping[tuple[str, str], int]) -> None:
        self._service, self._counters = service, counters
        self._registry = CollectorRegistry()
        self.shown: dict[str, Series] = {}
        reader = PrometheusMetricReader(scope_info_enabled=False, registry=self._registry)
        self.provider = MeterProvider([reader], Resource.create({"service.name": f"o2c-{service}"}), shutdown_on_exit=False)
        meter = self.provider.get_meter("o2c")
        for name, one in COUNTERS.items():
            meter.create_observable_counter(one.metric, [self._counter(name, one)], one.unit, one.description)
        for name, one in GAUGES.items():
            meter.create_observable_gauge(one.metric, [self._gauge(name, one)], one.unit, one.description)
        self._histograms = {
            name: meter.create_histogram(one.metric, one.unit, one.description, explicit_bucket_boundaries_advisory=bounds)
            for name, (one, bounds) in HISTOGRAMS.items()
        }

    def record(self, name: str, value: float, *labels: str) -> None:
        """One measurement of a histogram, in its unit, under its labels."""
        self._histograms[name].record(value, self._labels(HISTOGRAMS[name][0], labels))

    def text(self) -> bytes:
        """All of it as Prometheus reads it."""
        return generate_latest(self._registry)

    def serve(self, host: str, port: int) -> None:
        """Serves them from a thread, for a process that has no pages of its own."""
        start_http_server(port, host, self._registry)

    def _labels(self, one: Told, values: Sequence[str]) -> dict[str, str]:
        return {"service": self._service, **dict(zip(one.labels, values, strict=True))}

    def _counter(self, name: str, one: Told) -> Any:
        def read(_options: CallbackOptions) -> Iterable[Observation]:
            for (counter, label), value in list(self._counters.items()):
                if counter == name:
                    yield Observation(value, self._labels(one, label.split(":", len(one.labels) - 1) if one.labels else ()))

        return read

    def _gauge(self, name: str, one: Told) -> Any:
        def read(_options: CallbackOptions) -> Iterable[Observation]:
            return [Observation(value, self._labels(one, labels)) for labels, value in self.shown.get(name, {}).items()]

        return read
