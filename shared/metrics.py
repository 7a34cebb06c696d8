"""What `/metrics` shows: counters of this process and gauges of its schema, in OpenTelemetry names."""

from collections.abc import Iterable
from typing import Any, Final

from opentelemetry import metrics
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource

NAMES: Final = {
    "consumed": ("messaging.client.consumed.messages", "{message}", "Messages polled."),
    "batches": ("o2c.batches", "{batch}", "Batches polled: messages over batches is their mean size."),
    "sent": ("messaging.client.sent.messages", "{message}", "Facts sent by the relay."),
    "facts": ("o2c.facts", "{fact}", "Facts committed."),
    "commands": ("o2c.commands", "{command}", "Commands answered, by command and code."),
    "duplicates": ("o2c.duplicates", "{message}", "Repeated messages that changed nothing."),
    "dead_letters": ("o2c.dead_letters", "{message}", "Messages no contract explains, by reason."),
    "skipped": ("o2c.skipped", "{message}", "Messages not for this service."),
    "deadlines": ("o2c.deadlines", "{fact}", "Facts made by deadlines."),
    "effects": ("o2c.effects", "{effect}", "Effects performed, by kind and outcome."),
    "db_retries": ("o2c.db.retries", "{retry}", "Units of work repeated after a fault."),
    "relay_rounds": ("o2c.relay.rounds", "{round}", "Rounds of the relay: facts sent over rounds is their mean size."),
    "relay_restarts": ("o2c.relay.restarts", "{restart}", "Relay started anew after an error."),
    "pruned": ("o2c.pruned", "{row}", "Rows of inbox and command log that had reached their age."),
    "ack_failures": ("o2c.ack.failures", "{failure}", "Acknowledgements that failed; redelivery is recognised."),
}
GAUGES: Final = """
SELECT (SELECT count(*) FROM outbox) AS outbox_pending,
  (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(f.at)), 0)
    FROM outbox o JOIN fact f USING (aggregate, seq)) AS outbox_age,
  (SELECT count(*) FROM aggregate WHERE blocked IS NOT NULL) AS aggregates_blocked,
  (SELECT count(*) FROM parked) AS parked,
  (SELECT count(*) FROM dead_letter WHERE replayed_at IS NULL) AS dead_letters_open,
  (SELECT count(*) FROM aggregate WHERE due_at < $1) AS deadlines_overdue"""


class Instruments:
    """The instruments of one process, read from its counters when scraped."""

    def __init__(self, service: str, counters: dict[tuple[str, str], int]) -> None:
        self._service, self._counters = service, counters
        self.gauges: dict[str, float] = {}
        provider = MeterProvider([PrometheusMetricReader()], Resource.create({"service.name": f"o2c-{service}"}))
        meter = provider.get_meter("o2c")
        for name, (metric, unit, description) in NAMES.items():
            meter.create_observable_counter(metric, [self._reader(name)], unit, description)
        for gauge in ("outbox_pending", "outbox_age", "aggregates_blocked", "parked", "dead_letters_open", "deadlines_overdue"):
            meter.create_observable_gauge(f"o2c.{gauge.replace('_', '.')}", [self._gauge(gauge)], "1", f"Of the schema: {gauge}.")
        metrics.set_meter_provider(provider)

    def _reader(self, name: str) -> Any:
        def read(_options: CallbackOptions) -> Iterable[Observation]:
            labelled = [(label, value) for (counter, label), value in self._counters.items() if counter == name]
            return [Observation(value, {"service": self._service, "label": label}) for label, value in labelled]

        return read

    def _gauge(self, name: str) -> Any:
        def read(_options: CallbackOptions) -> Iterable[Observation]:
            return [Observation(self.gauges[name], {"service": self._service})] if name in self.gauges else []

        return read
