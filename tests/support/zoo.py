"""A producer zoo: records that Kafka takes from anybody, as a strategy of hypothesis; most hold no fit submission."""

from __future__ import annotations

import gzip
import json
import time
import uuid
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.support.raw_producer import Legal

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
TRACE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@dataclass(frozen=True, slots=True)
class Load:
    """Records that one producer writes as one batch."""

    codec: str
    records: tuple[Legal, ...]


def fresh_text(words: int = 12) -> str:
    """A text that nobody has sent before."""
    return (
        f"The council of {uuid.uuid4().hex} decided to build a new school near the river."
        + " It rained." * words
    )


def _document(extra: dict[str, Any]) -> bytes:
    return json.dumps({"text": fresh_text(), **extra}).encode()


_nulls = st.sampled_from(
    [
        {},
        {"tenant": None, "title": None, "summary": None, "metadata": None},
        {"summary": {"words": None, "style": None}},
        {"metadata": {"a": None, "\u202e": "\x00"}},
    ]
)
_ids = st.sampled_from(
    ["a/b", "[/x]", "<b>", "ü" * 200, "x" * 201, "with blank", "\u0000", "\u202ed", "", None]
)
_odd = st.sampled_from(
    [
        b'{"text": 1e999}', b'{"text": "t", "summary": {"words": NaN}}', b'{"text": "t", "summary": {"words": 1e400}}',
        b'{"text": ' + b"9" * 5_000 + b"}", b"[" * 50_000, b'{"a":' * 50_000, b'{"text": "\\ud800"}',
        b'{"text": "t", "metadata": {"\\ud83d": "\\udc00"}}', b'{"text": "a", "text": "b", "text": null}',
        b'{"text": "t", "metadata": {"' + b"k" * 100_000 + b'": "v"}}', b"null", b"[]", b"{}", b'""', b"0",
        b'{"object": {"uri": "s3://brevity/no/such/object"}}', b'{"object": {"uri": "s3://x/../\\u0000"}}',
    ]
)  # fmt: skip


@st.composite
def _framed(draw: st.DrawFn) -> bytes:
    value = _document(draw(_nulls))
    text = value.decode()
    return draw(
        st.sampled_from(
            [
                b"\xef\xbb\xbf" + value, text.encode("utf-16"), text.encode("utf-32-be"), gzip.compress(value),
                b"\x00\x00\x00\x00\x07" + value, b"\x03\x00" + bytes(16) + value, json.dumps(text).encode(),
                json.dumps({"schema": {}, "payload": text}).encode(), value + b"\n" + value, b"[" + value + b"]",
            ]
        )
    )  # fmt: skip


def _identified(name: str | None) -> bytes:
    return _document({"document_id": name and f"{name}{uuid.uuid4().hex[:8]}" if name != "x" * 201 else name})


_values = st.one_of(
    st.none(),
    st.binary(max_size=300),
    _nulls.map(_document),
    _ids.map(_identified),
    _odd,
    _framed(),
    st.integers(1_000, 60_000).map(lambda words: json.dumps({"text": fresh_text(words)}).encode()),
    st.integers(100_000, 2_000_000).map(lambda size: b"\x00" * size),
)
_keys = st.one_of(
    st.none(), st.binary(max_size=40), st.sampled_from([b"", b"\xff\xfe", b"a b", b"k" * 100_000, b"[/red]"])
)
_names = st.one_of(
    st.sampled_from([b"traceparent", b"tracestate", b"ce_id", b"brevity-attempt", b"brevity-origin", b""]),
    st.binary(max_size=12),
)
_contents = st.one_of(
    st.none(), st.binary(max_size=40), st.sampled_from([b"", TRACE, b"\xff" * 700, b"9" * 400])
)
_headers = st.one_of(
    st.just(()),
    st.lists(st.tuples(_names, _contents), max_size=5).map(tuple),
    st.sampled_from([((b"tracestate", b"x" * 1_000_000),), tuple((b"%d" % n, None) for n in range(3_000))]),
)


def _times() -> st.SearchStrategy[int]:
    now = int(time.time() * 1000)
    return st.sampled_from([0, 0, 1, -1, 1_577_836_800_000, now - 10 * 365 * 86_400_000, now + 1_800_000])


def records() -> st.SearchStrategy[Legal]:
    """One record that Kafka takes."""
    return st.builds(Legal, value=_values, key=_keys, headers=_headers, timestamp_ms=_times())


def loads(most: int = 25) -> st.SearchStrategy[Load]:
    """What a producer sends at once."""
    several = st.lists(records(), min_size=1, max_size=most).map(tuple)
    return st.builds(Load, codec=st.sampled_from(CODECS), records=several)
