"""Structured logs: one JSON object a line (or coloured text), the same for our code and for libraries.

Every line carries `service`, `level`, `logger`, `timestamp` (UTC) and, inside a span, `trace_id` and `span_id`.
Log ids, counts and codes; never a document's text. Warnings and errors that repeat are limited, see `repeats`.
"""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog
from opentelemetry import trace
from structlog.typing import EventDict, Processor, WrappedLogger

from brevity.common.observability.repeats import RepeatFilter
from brevity.common.settings import TelemetrySettings

_OWN_HANDLERS = ("uvicorn", "uvicorn.access", "uvicorn.error", "faststream", "ray", "ray.serve", "aiokafka")
"""Libraries that may bring handlers of their own; theirs are removed so that no line is written twice."""

_CHATTY = (
    "aiokafka",
    "boto3",
    "botocore",
    "urllib3",
    "httpx",
    "httpcore",
    "pymongo",
    "asyncio",
    "opentelemetry",
)
"""Libraries whose info lines say nothing to an operator; their warnings are kept."""


def configure(telemetry: TelemetrySettings, service: str, *, stream: TextIO | None = None) -> None:
    """Send every log of this process through one renderer to `stream` (standard error unless given).

    Call it once at start, and again after importing a library that installs handlers at import (Ray does).
    Calling it again replaces the former configuration.
    """
    level = getattr(logging, telemetry.log_level.upper())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _service(service),
        _trace_ids,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    out = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _without_color_message,
                *_renderers(telemetry, colors=out.isatty()),
            ],
        )
    )
    handler.addFilter(RepeatFilter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _OWN_HANDLERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.NOTSET)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    logging.captureWarnings(True)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger; give it an event in few words and fields: `log.info("document accepted", document_id=id)`."""
    return structlog.stdlib.get_logger(name)


def _renderers(telemetry: TelemetrySettings, *, colors: bool) -> list[Processor]:
    # Local variables stay out of tracebacks: they hold documents.
    if telemetry.log_format == "console":
        plain = structlog.dev.plain_traceback  # the usual one also takes seconds, all others waiting
        return [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)]
    frames = structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=20)
    return [
        structlog.processors.ExceptionRenderer(frames),
        structlog.processors.EventRenamer("message"),
        structlog.processors.JSONRenderer(default=str),
    ]


def _service(service: str) -> Processor:
    def add(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        event["service"] = service
        return event

    return add


def _without_color_message(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """uvicorn gives each message a second time, with terminal colours."""
    event.pop("color_message", None)
    return event


def _trace_ids(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
        event["span_id"] = trace.format_span_id(context.span_id)
    return event
