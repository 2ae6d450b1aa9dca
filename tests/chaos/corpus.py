"""What chaos runs submit: many distinct documents cut from real text, and messages no service can use."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from brevity.nlp.sentences import split_sentences

_LARGE_BYTES = 30_000_000


@dataclass(frozen=True, slots=True)
class Submission:
    """Bytes for `documents.submitted`; `code` is the rejection they must end in, None for a good document."""

    key: bytes
    value: bytes
    code: str | None = None


def documents(texts: Sequence[str], count: int, run: str = "chaos") -> Iterator[Submission]:
    """`count` documents of 4 to 12 consecutive sentences each; the first line, with the serial number and the name of the
    run, keeps them distinct."""
    sentences = [[text[start:end] for start, end in split_sentences(text)] for text in texts]
    for serial in range(count):
        source = sentences[serial % len(sentences)]
        length = 4 + serial % 9
        first = (serial * 7) % max(1, len(source) - length)
        body = " ".join(source[first : first + length])
        value = {
            "document_id": f"{run}-{serial:05d}",
            "text": f"Record {serial} of the {run} run.\n{body}",
            "summary": {"words": 20 + serial % 30},
        }
        yield Submission(f"{run}-{serial:05d}".encode(), json.dumps(value).encode())


def poison() -> list[Submission]:
    """One of each kind that a careless producer could send."""
    return [
        Submission(b"poison-not-json", b"{this is not json", "not_json"),
        Submission(b"poison-schema", b'{"document_id": "poison-schema", "txt": "wrong field"}', "bad_schema"),
        Submission(b"poison-type", b'{"document_id": "poison-type", "text": 7}', "bad_schema"),
        Submission(b"poison-empty", b"", "empty_event"),
        Submission(b"poison-binary", bytes(range(128, 256)) * 128, "not_utf8"),
        Submission(b"poison-one-line", b"x" * 1_000_000, "not_json"),
        Submission(
            b"poison-one-word",
            json.dumps({"document_id": "poison-one-word", "text": "x" * 1_000_000}).encode(),
            "not_prose",
        ),
        Submission(
            b"poison-large",
            json.dumps({"document_id": "poison-large", "text": "large " * (_LARGE_BYTES // 6)}).encode(),
            "too_large",
        ),
        Submission(b"poison-blank", b'{"document_id": "poison-blank", "text": "  \\n "}', "no_text"),
    ]
