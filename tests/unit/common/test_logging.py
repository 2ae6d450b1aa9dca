"""Logs are one JSON object a line, ours and libraries' alike, with the trace and without documents."""

from __future__ import annotations

import io
import json
import logging
import warnings
from typing import Any

import pytest
import structlog

from brevity.common.observability import tracing
from brevity.common.observability.logging import configure, get_logger
from brevity.common.observability.repeats import RepeatFilter
from brevity.common.settings import TelemetrySettings

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Log(io.StringIO):
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def log() -> Log:
    stream = Log()
    configure(TelemetrySettings(), "trial", stream=stream)
    return stream


def test_a_line_is_an_object_with_its_fields(log: Log) -> None:
    get_logger("brevity.trial").info("document accepted", document_id="report-17", words=412)
    [line] = log.lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "service": "trial",
        "level": "info",
        "logger": "brevity.trial",
        "message": "document accepted",
        "document_id": "report-17",
        "words": 412,
    }


def test_a_text_with_line_breaks_stays_on_one_line(log: Log) -> None:
    get_logger("x").warning("two\nlines", reason='quote " and \u2028 and æ')
    [line] = log.lines()
    assert line["message"] == "two\nlines"


def test_what_libraries_log_looks_the_same(log: Log) -> None:
    logging.getLogger("some.library").warning("%s of %d", "three", 4, extra={"host": "a"})
    logging.getLogger("uvicorn.error").error("bad", extra={"color_message": "\x1b[31mbad"})
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    first, second, third = log.lines()
    assert (first["message"], first["service"], first["host"]) == ("three of 4", "trial", "a")
    assert "color_message" not in second
    assert "old" in third["message"]


def test_lines_below_the_level_are_left_out_and_chatty_libraries_keep_their_warnings(log: Log) -> None:
    get_logger("x").debug("no")
    logging.getLogger("botocore.hooks").info("no")
    logging.getLogger("aiokafka.consumer").warning("yes")
    assert [line["message"] for line in log.lines()] == ["yes"]


def test_within_a_trace_lines_carry_its_id(log: Log) -> None:
    with tracing.continue_from((("traceparent", f"00-{TRACE}-00f067aa0ba902b7-00".encode()),)):
        get_logger("x").info("inside")
        logging.getLogger("library").info("inside")
    get_logger("x").info("outside")
    inside, library, outside = log.lines()
    assert inside["trace_id"] == library["trace_id"] == TRACE
    assert len(inside["span_id"]) == 16
    assert "trace_id" not in outside


def test_an_exception_is_told_with_its_frames_and_without_their_variables(log: Log) -> None:
    document = "the text of a document"
    try:
        raise ValueError("bad")
    except ValueError:
        get_logger("x").exception("failed")
    [line] = log.lines()
    assert line["exception"][0]["exc_type"] == "ValueError"
    assert line["exception"][0]["frames"]
    assert document not in log.getvalue()


def test_for_a_person_too_an_exception_is_told_without_variables(log: Log) -> None:
    configure(TelemetrySettings(log_format="console"), "trial", stream=log)
    document = "the text of a document"
    try:
        raise ValueError("bad")
    except ValueError:
        get_logger("x").exception("failed")
    assert "ValueError: bad" in log.getvalue()
    assert document not in log.getvalue()


def test_bound_context_is_on_every_line(log: Log) -> None:
    structlog.contextvars.bind_contextvars(partition=3)
    get_logger("x").info("a")
    assert log.lines()[0]["partition"] == 3


def test_configuring_again_replaces_what_was_and_writes_no_line_twice(log: Log) -> None:
    other = Log()
    logging.getLogger("ray").addHandler(logging.StreamHandler(other))
    configure(TelemetrySettings(log_level="warning"), "renamed", stream=other)
    get_logger("x").info("no")
    logging.getLogger("ray").warning("once")
    assert log.getvalue() == ""
    assert [(line["service"], line["message"]) for line in other.lines()] == [("renamed", "once")]


def test_for_a_person_lines_are_plain_text(log: Log) -> None:
    configure(TelemetrySettings(log_format="console"), "trial", stream=log)
    get_logger("x").info("document accepted", words=412)
    [line] = log.getvalue().splitlines()
    assert "document accepted" in line
    assert "words=412" in line
    assert "\x1b" not in line, "no colours where nobody sees them"


def test_a_value_that_json_does_not_know_does_not_stop_the_line(log: Log) -> None:
    get_logger("x").info("odd", value={1, 2}, other=object())
    assert log.lines()[0]["message"] == "odd"


def test_what_repeats_is_said_at_once_then_seldom_with_a_count(log: Log) -> None:
    for number in range(50):
        get_logger("brevity.trial").warning("kafka client", detail=f"broker {number} is down")
        logging.getLogger("aiokafka.conn").error("Unable connect to node %d", number)
        logging.getLogger("aiokafka.cluster").error(f"{number} topics not updated")
    get_logger("brevity.trial").warning("something else")
    get_logger("brevity.trial").info("kafka client", detail="is up")
    said = [(line["level"], line["logger"]) for line in log.lines()]
    assert said.count(("warning", "brevity.trial")) == 3 + 1
    assert len([one for one in said if one[1].startswith("aiokafka")]) == 3
    assert log.lines()[-1]["detail"] == "is up"


def test_the_next_line_of_a_kind_says_how_many_were_left_out() -> None:
    now = 0.0
    limit = RepeatFilter(burst=1, every_seconds=5.0, clock=lambda: now)

    def passed(message: Any) -> logging.LogRecord | None:
        record = logging.makeLogRecord(
            {"name": "aiokafka", "levelno": logging.ERROR, "levelname": "ERROR", "msg": message}
        )
        return record if limit.filter(record) else None

    first = passed("down")
    assert first is not None
    assert not hasattr(first, "left_out")
    assert [passed("down") for _ in range(7)] == [None] * 7
    now = 5.0
    next_one = passed("down")
    assert next_one is not None
    assert next_one.__dict__["left_out"] == 7
    now = 11.0
    again = passed("down")
    assert again is not None
    assert not hasattr(again, "left_out")
