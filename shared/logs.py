"""One JSON object a line on stdout; no message bodies, no personal data, client libraries never below INFO."""

import logging
import sys
import time
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from shared import tracing
from shared.settings import Settings

FOLD_SECONDS: Final = 10.0
MESSAGE_LIMIT: Final = 300
log = structlog.get_logger()


@dataclass(slots=True)
class Repeated:
    """One line of a library's code that logs: when it was told last, and what it has said since."""

    told_at: float
    latest: logging.LogRecord
    since: int = 0


class Folding(logging.Handler):
    """What libraries log, as lines like ours: the same place in their code at most once in ten seconds, with its count.

    A client without its broker says hundreds of times a second that it is not there. What is left over when a place
    falls silent is told with the next record of any library.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._known: dict[tuple[str, str, int], Repeated] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Tells it, or counts it."""
        now, place = self._clock(), (record.name, record.pathname, record.lineno)
        for key, one in list(self._known.items()):
            if key != place and now - one.told_at >= FOLD_SECONDS:
                del self._known[key]
                if one.since:
                    self._tell(one.latest, one.since)
        known = self._known.get(place)
        if known is not None and now - known.told_at < FOLD_SECONDS:
            known.latest, known.since = record, known.since + 1
            return
        self._known[place] = Repeated(now, record)
        self._tell(record, 1 + (known.since if known else 0))

    @staticmethod
    def _tell(record: logging.LogRecord, times: int) -> None:
        kind = record.exc_info[0] if record.exc_info else None
        error = {"error": kind.__name__} if kind else {}  # no traceback: its frames would show values
        message = record.getMessage()[:MESSAGE_LIMIT]
        log.log(record.levelno, "library_said", logger=record.name, message=message, count=times, **error)


def with_trace(_logger: Any, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The line with the ids of the span it was written in, so that a log leads to its trace."""
    context = tracing.current().get_span_context()
    if context.is_valid:
        line.update(trace_id=f"{context.trace_id:032x}", span_id=f"{context.span_id:016x}")
    return line


def start_logs(service: str, settings: Settings) -> None:
    """Logs of this process, with service, instance and the ids that the caller binds."""
    level = getattr(logging, settings.log_level)
    logging.basicConfig(level=max(level, logging.INFO), handlers=[Folding()])
    for noisy in ("aiokafka", "faststream", "asyncio", "uvicorn", "opentelemetry"):
        logging.getLogger(noisy).setLevel(logging.ERROR)  # their INFO is noise and their DEBUG prints payloads (F12)
    renderer = structlog.processors.JSONRenderer() if settings.log_json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            with_trace,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
    )
    structlog.contextvars.bind_contextvars(service=service, instance=settings.instance)
