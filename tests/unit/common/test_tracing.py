"""A trace goes on from whoever began it, whether or not anything is recorded here."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, format_span_id, format_trace_id

from brevity.common.kafka.record import Headers
from brevity.common.observability import tracing
from brevity.common.settings import TelemetrySettings

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED: Headers = (("traceparent", f"00-{TRACE}-{PARENT}-01".encode()), ("tracestate", b"vendor=1"))
UNSAMPLED: Headers = (("traceparent", f"00-{TRACE}-{PARENT}-00".encode()),)


@pytest.fixture(autouse=True)
def off_afterwards() -> Iterator[None]:
    yield
    tracing.shutdown()


@pytest.fixture
def spans() -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    tracing.configure(TelemetrySettings(trace_ratio=1.0), "trial", exporter=exporter)
    return exporter


def recorded(exporter: InMemorySpanExporter) -> list[ReadableSpan]:
    tracing.shutdown()
    return list(exporter.get_finished_spans())


def test_with_nothing_configured_a_callers_trace_is_carried_on_unchanged() -> None:
    tracing.configure(TelemetrySettings(), "trial")
    with tracing.continue_from(SAMPLED):
        assert tracing.trace_id() == TRACE
        assert dict(tracing.inject()) == dict(SAMPLED)
    assert tracing.trace_id() is None


def test_a_record_without_a_trace_has_none_when_nothing_is_recorded() -> None:
    with tracing.continue_from(()):
        assert tracing.trace_id() is None
        assert tracing.inject() == ()


def test_a_consumer_span_continues_the_producers(spans: InMemorySpanExporter) -> None:
    with tracing.continue_from(SAMPLED, "ingest", {"brevity.document_id": "report-17"}):
        sent = dict(tracing.inject())
    [span] = recorded(spans)
    assert span.context is not None
    assert span.parent is not None
    assert (span.name, span.kind) == ("ingest", SpanKind.CONSUMER)
    assert format_trace_id(span.context.trace_id) == TRACE
    assert format_span_id(span.parent.span_id) == PARENT
    assert span.attributes == {"brevity.document_id": "report-17"}
    assert sent["traceparent"] == f"00-{TRACE}-{format_span_id(span.context.span_id)}-01".encode()
    assert sent["tracestate"] == b"vendor=1"
    assert span.resource.attributes["service.name"] == "trial"
    assert span.resource.attributes["service.namespace"] == "brevity"


def test_a_caller_who_does_not_record_is_followed(spans: InMemorySpanExporter) -> None:
    with tracing.continue_from(UNSAMPLED):
        assert (dict(tracing.inject())["traceparent"] or b"").endswith(b"-00")
    assert recorded(spans) == []


@pytest.mark.parametrize(
    "header", [b"", b"nonsense", b"00-0-0-0", b"ff-" + TRACE.encode() + b"-00f067aa0ba902b7-01", b"\xff\xfe", b"x" * 100_000]
)  # fmt: skip
def test_a_header_that_makes_no_sense_begins_a_new_trace(spans: InMemorySpanExporter, header: bytes) -> None:
    with tracing.continue_from((("traceparent", header),)):
        assert tracing.trace_id() not in (None, TRACE)
    [span] = recorded(spans)
    assert span.parent is None


def test_inner_spans_are_children_and_nothing_leaks_from_one_record_to_the_next(
    spans: InMemorySpanExporter,
) -> None:
    with tracing.continue_from(SAMPLED, "outer"), tracing.span("inner"):
        assert tracing.trace_id() == TRACE
    with tracing.continue_from((), "next"):
        assert tracing.trace_id() != TRACE
    inner, outer, following = recorded(spans)
    assert inner.parent is not None
    assert outer.context is not None
    assert inner.parent.span_id == outer.context.span_id
    assert following.parent is None


def test_a_failure_is_marked_by_its_kind_and_does_not_quote_the_document(spans: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="text"), tracing.continue_from(SAMPLED):
        raise ValueError("the text of a document")
    [span] = recorded(spans)
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "ValueError"
    assert span.events == ()


def test_a_request_always_has_a_trace_id_to_look_it_up_by() -> None:
    with tracing.request_span({}, "GET /"):
        first = tracing.trace_id()
    with tracing.request_span({}, "GET /"):
        second = tracing.trace_id()
    with tracing.request_span({"traceparent": f"00-{TRACE}-{PARENT}-01"}, "GET /"):
        assert tracing.trace_id() == TRACE
    assert first is not None
    assert second is not None
    assert first != second


def test_a_share_of_nought_records_none_of_our_own_and_all_of_a_sampled_callers() -> None:
    exporter = InMemorySpanExporter()
    tracing.configure(TelemetrySettings(trace_ratio=0.0), "trial", exporter=exporter)
    with tracing.request_span({}, "ours"):
        pass
    with tracing.continue_from(SAMPLED, "theirs"):
        pass
    assert [span.name for span in recorded(exporter)] == ["theirs"]


def test_with_an_address_configured_spans_arrive_at_the_collector() -> None:
    received: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        endpoint = f"http://127.0.0.1:{server.server_port}/"
        tracing.configure(TelemetrySettings(otlp_endpoint=endpoint, trace_ratio=1.0), "trial")
        with tracing.continue_from(SAMPLED, "ingest-one-document"):
            pass
        tracing.shutdown()
    finally:
        server.shutdown()
        thread.join(30)
        server.server_close()
    [(path, body)] = received
    assert path == "/v1/traces"
    assert b"ingest-one-document" in body
    assert bytes.fromhex(TRACE) in body


def test_an_uninstalled_service_has_an_unknown_version() -> None:
    assert tracing.service_version("common") != "unknown"
    assert tracing.service_version("nowhere") == "unknown"
