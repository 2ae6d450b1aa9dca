"""Traces across Kafka and HTTP: W3C `traceparent` in record headers and requests, spans to an OTLP/HTTP collector.

Without `BREVITY_TELEMETRY_OTLP_ENDPOINT` nothing is recorded and nothing is sent, but a caller's trace context is
still carried on and still appears in the logs. A trace that begins here is recorded with probability
`trace_ratio`; a caller's decision is always followed.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue

from brevity.common.kafka.record import Headers
from brevity.common.settings import TelemetrySettings

TRACE_HEADERS = ("traceparent", "tracestate")

_propagator = TraceContextTextMapPropagator()
_provider: TracerProvider | None = None
_tracer: trace.Tracer = trace.NoOpTracer()


def configure(telemetry: TelemetrySettings, service: str, *, exporter: SpanExporter | None = None) -> None:
    """Start recording when a collector is configured (or an `exporter` is given); else leave tracing off.

    Calling it again flushes and replaces the former configuration.
    """
    global _provider, _tracer
    shutdown()
    if exporter is None and telemetry.otlp_endpoint:
        exporter = OTLPSpanExporter(endpoint=f"{telemetry.otlp_endpoint.rstrip('/')}/v1/traces")
    if exporter is None:
        return
    _provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(telemetry.trace_ratio)),
        resource=Resource.create(
            {
                "service.namespace": "brevity",
                "service.name": service,
                "service.version": service_version(service),
            }
        ),
        shutdown_on_exit=False,
    )
    _provider.add_span_processor(BatchSpanProcessor(exporter))
    _tracer = _provider.get_tracer("brevity")


def shutdown(timeout_seconds: float = 5.0) -> None:
    """Send what has been recorded and stop; a collector that is away costs at most `timeout_seconds`."""
    global _provider, _tracer
    provider, _provider, _tracer = _provider, None, trace.NoOpTracer()
    if provider is not None:
        provider.force_flush(int(timeout_seconds * 1000))
        provider.shutdown()


@contextmanager
def continue_from(
    headers: Headers, name: str = "process", attributes: Mapping[str, AttributeValue] | None = None
) -> Generator[Span]:
    """A consumer span that continues the trace in a record's `headers`; an exception marks it as failed.

    Off, it only makes the record's trace the current one (for logs and `inject`), and costs next to nothing for
    a record that carries none.
    """
    carrier = {
        key: value.decode("ascii", "replace") for key, value in headers if key in TRACE_HEADERS and value
    }
    if _provider is None and not carrier:
        yield trace.INVALID_SPAN
        return
    parent = _propagator.extract(carrier, otel_context.Context())
    with _current(parent, name, SpanKind.CONSUMER, attributes) as span:
        yield span


@contextmanager
def request_span(
    headers: Mapping[str, str], name: str, attributes: Mapping[str, AttributeValue] | None = None
) -> Generator[Span]:
    """A server span for an HTTP request. There is always a trace id, so that an error can be looked up by it."""
    carrier = {key: headers[key] for key in TRACE_HEADERS if key in headers}
    parent = _propagator.extract(carrier, otel_context.Context())
    if _provider is None and not trace.get_current_span(parent).get_span_context().is_valid:
        parent = trace.set_span_in_context(NonRecordingSpan(_fresh_context()), parent)
    with _current(parent, name, SpanKind.SERVER, attributes) as span:
        yield span


@contextmanager
def span(name: str, attributes: Mapping[str, AttributeValue] | None = None) -> Generator[Span]:
    """An inner span of the current one."""
    with _current(otel_context.get_current(), name, SpanKind.INTERNAL, attributes) as inner:
        yield inner


def inject() -> Headers:
    """The headers that let the reader of an outgoing record continue the current trace; empty outside one."""
    if not trace.get_current_span().get_span_context().is_valid:
        return ()
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return tuple((key, value.encode()) for key, value in carrier.items())


def trace_id() -> str | None:
    """The current trace's id in hexadecimal, or None outside a trace."""
    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None


def service_version(service: str) -> str:
    """Version of the installed package `brevity-<service>`, `unknown` when it is not installed."""
    try:
        return version(f"brevity-{service}")
    except PackageNotFoundError:
        return "unknown"


@contextmanager
def _current(
    parent: otel_context.Context, name: str, kind: SpanKind, attributes: Mapping[str, AttributeValue] | None
) -> Generator[Span]:
    span = _tracer.start_span(name, context=parent, kind=kind, attributes=attributes)
    token = otel_context.attach(trace.set_span_in_context(span, parent))
    try:
        yield span
    except Exception as error:
        # The type alone: a message may quote a document.
        span.set_status(Status(StatusCode.ERROR, type(error).__name__))
        raise
    finally:
        otel_context.detach(token)
        span.end()


def _fresh_context() -> SpanContext:
    return SpanContext(
        trace_id=secrets.randbits(128) or 1,
        span_id=secrets.randbits(64) or 1,
        is_remote=False,
        trace_flags=TraceFlags(TraceFlags.DEFAULT),
    )
