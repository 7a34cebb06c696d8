"""One JSON object a line on stdout; no message bodies, no personal data, client libraries never below INFO."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from shared import tracing
from shared.settings import Settings


def with_trace(_logger: Any, _name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The line with the ids of the span it was written in, so that a log leads to its trace."""
    context = tracing.current().get_span_context()
    if context.is_valid:
        line.update(trace_id=f"{context.trace_id:032x}", span_id=f"{context.span_id:016x}")
    return line


def start_logs(service: str, settings: Settings) -> None:
    """Logs of this process, with service, instance and the ids that the caller binds."""
    level = getattr(logging, settings.log_level)
    logging.basicConfig(stream=sys.stdout, level=max(level, logging.INFO), format="%(message)s")
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
