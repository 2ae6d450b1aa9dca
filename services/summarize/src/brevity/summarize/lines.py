"""JSON lines in, JSON lines out: many documents through an engine in bounded memory, order kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, field_validator

from brevity.common.errors import BrevityError, Rejected
from brevity.common.events.documents import SummaryRequest
from brevity.summarize.engines.port import Flag, Job, SummaryEngine, SummarySentence
from brevity.summarize.oneshot import BATCH, Result, make_job, run

MAX_BYTES = 64 * 1024 * 1024
# A batch also ends here, so that memory stays bounded whatever the documents' size.
_BATCH_CHARACTERS = 4_000_000
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


class Line(BaseModel):
    """One line of input. Fields that are not named here are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore")

    # As a submission calls it too, so that one file serves both.
    id: str | int | None = Field(default=None, validation_alias=AliasChoices("id", "document_id"))
    text: str
    words: int | None = Field(default=None, ge=5, le=5_000)
    language: str | None = Field(default=None, max_length=35)
    title: str | None = Field(default=None, max_length=1_000)

    @field_validator("id", "text", "language", "title")
    @classmethod
    def _whole_characters(cls, value: str | int | None) -> str | int | None:
        """JSON may escape half a surrogate pair; no UTF-8 output could hold it."""
        if isinstance(value, str) and _HALF_CHARACTER.search(value):
            raise ValueError("it holds half a character (a lone surrogate)")
        return value


def summarize_lines(
    source: BinaryIO, wish: SummaryRequest, language: str | None, engine: SummaryEngine
) -> Iterator[dict[str, Any]]:
    """One object for each line of `source` that is not blank, in order: a summary, or `id` and `error`."""
    entries = _entries(source, wish, language)
    while batch := _batch(entries):
        done = iter(run([job for _, job in batch if isinstance(job, Job)], engine))
        for key, job in batch:
            outcome = next(done) if isinstance(job, Job) else job
            yield failure(key, outcome) if isinstance(outcome, BrevityError) else success(key, outcome)


def success(key: str | int | None, result: Result) -> dict[str, Any]:
    """A result as JSON. A sentence's `start` and `end` are its place in the source: its first span's."""
    return {
        "id": key,
        "summary": result.text,
        "sentences": [_sentence(sentence) for sentence in result.sentences],
        "warnings": [_warning(flag) for flag in result.warnings],
        "language": result.language,
        "coverage_percent": result.coverage_percent,
        "passed_through": result.passed_through,
        "source_words": result.source_words,
        "summary_words": result.summary_words,
        "engine": result.engine,
        "model_version": result.model_version,
    }


def failure(key: str | int | None, error: BrevityError) -> dict[str, Any]:
    """An error as JSON, in the place of the summary."""
    return {"id": key, "error": {"code": error.code, "message": error.message, "remedy": error.remedy}}


def _sentence(sentence: SummarySentence) -> dict[str, Any]:
    first = sentence.spans[0] if sentence.spans else None
    return {
        "text": sentence.text,
        "start": first.start if first else None,
        "end": first.end if first else None,
        "spans": [{"start": span.start, "end": span.end} for span in sentence.spans],
        "support": sentence.support,
        "score": sentence.score,
    }


def _warning(flag: Flag) -> dict[str, Any]:
    return {"code": flag.code, "message": flag.message, "start": flag.start, "end": flag.end}


_Entry = tuple[str | int | None, Job | BrevityError]


def _batch(entries: Iterator[_Entry]) -> list[_Entry]:
    batch: list[_Entry] = []
    characters = 0
    for entry in islice(entries, BATCH):
        batch.append(entry)
        characters += len(entry[1].text) if isinstance(entry[1], Job) else 0
        if characters >= _BATCH_CHARACTERS:
            break
    return batch


def _entries(source: BinaryIO, wish: SummaryRequest, language: str | None) -> Iterator[_Entry]:
    for number, raw in _lines(source):
        line = raw if isinstance(raw, BrevityError) else _parse(number, raw)
        if isinstance(line, Line):
            wanted = wish if line.words is None else wish.model_copy(update={"words": line.words})
            yield line.id, make_job(line.text, wanted, line.language or language, line.title)
        elif isinstance(line, BrevityError):
            yield None, line
        else:
            yield line


def _lines(source: BinaryIO) -> Iterator[tuple[int, bytes | BrevityError]]:
    """The lines that are not blank, numbered from 1; one that is too long is skipped and reported."""
    number = 0
    while raw := source.readline(MAX_BYTES + 1):
        number += 1
        if len(raw) <= MAX_BYTES:
            if raw.strip():
                yield number, raw
            continue
        while raw and not raw.endswith(b"\n"):
            raw = source.readline(MAX_BYTES)
        yield number, _bad(number, f"is longer than {MAX_BYTES} bytes", "Split the document.", "too_large")


def _parse(number: int, raw: bytes) -> Line | BrevityError | tuple[str | int | None, BrevityError]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return _bad(number, "is not JSON in UTF-8", "Write one JSON object a line.", "not_json")
    if not isinstance(value, dict):
        return _bad(number, "is not a JSON object", "Write an object with `id` and `text`.", "not_an_object")
    try:
        return Line.model_validate(value)
    except ValidationError as error:
        problem = error.errors()[0]
        name = ".".join(map(str, problem["loc"]))
        bad = _bad(number, f"has a wrong `{name}`: {problem['msg']}", f"Correct `{name}`.", "bad_line")
        return _key(value.get("id", value.get("document_id"))), bad


def _key(value: object) -> str | int | None:
    """The id of a wrong line, where it can be written back."""
    if isinstance(value, str):
        return None if _HALF_CHARACTER.search(value) else value
    return value if isinstance(value, int) else None


def _bad(number: int, what: str, remedy: str, code: str) -> Rejected:
    return Rejected(f"Line {number} {what}", code=code, remedy=remedy)
