"""One JSON object a line on stdout; no message bodies, no personal data, client libraries never below INFO."""

import logging
import sys

import structlog

from shared.settings import Settings


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
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
    )
    structlog.contextvars.bind_contextvars(service=service, instance=settings.instance)
