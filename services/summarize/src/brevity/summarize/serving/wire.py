"""Jobs and summaries as JSON between the stage and the replicas: plain data, nothing that could be executed."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from brevity.common.errors import BrevityError, Rejected, Transient, Unavailable
from brevity.nlp.types import Span
from brevity.summarize.engines.port import Flag, Job, Route, Summary, SummarySentence

Answer = Summary | BrevityError

ROUTE = "/summarize"
"""Where the replicas are asked."""

BEHIND_HEADER = "x-brevity-behind"
"""Of a call: which stage it is from, and how many documents wait there for a later one."""
_BEHIND = re.compile(r"([0-9a-f]{1,16}) ([0-9]{1,15})", re.ASCII)

# What was added since the first release. While processes are replaced one after another the other side may not know
# it yet: it travels only where it says something.
_NEW_IN_JOBS = {"tenant": "default", "wanted": None, "waited_seconds": 0.0, "waiting_words": 0, "blocks": ()}
_NEW_IN_SUMMARIES = {"route": None, "cost": None}
_SUMMARY_FIELDS = frozenset(field.name for field in dataclasses.fields(Summary))

_JOBS: TypeAdapter[list[Job]] = TypeAdapter(list[Job])


_ERRORS: Mapping[str, type[BrevityError]] = {"rejected": Rejected, "unavailable": Unavailable}


class Malformed(ValueError):
    """Bytes that are not a list of jobs. Says where, and quotes none of them."""


def dump_jobs(jobs: Sequence[Job]) -> bytes:
    rows = ({f.name: getattr(job, f.name) for f in dataclasses.fields(job)} for job in jobs)
    return _dump([_without(row, _NEW_IN_JOBS) for row in rows])


def load_jobs(data: bytes) -> list[Job]:
    """Raises Malformed."""
    try:
        return _JOBS.validate_json(data, strict=True, extra="forbid")
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = "/".join(map(str, first["loc"]))
        raise Malformed(f"not a list of jobs: {where or 'body'}: {first['type']}") from None


def dump_behind(stage: str, documents: int) -> str:
    return f"{stage} {documents}"


def load_behind(header: str) -> tuple[str, int] | None:
    """The stage and its documents; None where the header says neither."""
    found = _BEHIND.fullmatch(header)
    return (found[1], int(found[2])) if found else None


def dump_answers(answers: Sequence[Answer]) -> bytes:
    return _dump([_plain(answer) for answer in answers])


def load_answers(data: bytes) -> list[Answer]:
    return [_answer(plain) for plain in json.loads(data)]


def _without(row: dict[str, Any], defaults: Mapping[str, object]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in defaults or value != defaults[name]}


def _dump(value: Any) -> bytes:
    return to_json(value)  # not by way of a `str`, which takes four bytes a character where one is an emoji


def _plain(answer: Answer) -> dict[str, Any]:
    if isinstance(answer, Summary):
        return _without(dataclasses.asdict(answer), _NEW_IN_SUMMARIES)
    kind = "transient"
    if isinstance(answer, Rejected):
        kind = "rejected"
    elif isinstance(answer, Unavailable):
        kind = "unavailable"  # to a client that does not know it, transient
    return {"error": kind, "code": answer.code, "message": answer.message, "remedy": answer.remedy}


def _answer(plain: dict[str, Any]) -> Answer:
    if "error" in plain:
        error = _ERRORS.get(plain["error"], Transient)
        return error(plain["message"], code=plain["code"], remedy=plain["remedy"])
    plain["sentences"] = tuple(
        SummarySentence(**{**sentence, "spans": tuple(Span(*span) for span in sentence["spans"])})
        for sentence in plain["sentences"]
    )
    plain["seen"] = tuple(Span(*span) for span in plain["seen"])
    plain["warnings"] = tuple(Flag(**flag) for flag in plain["warnings"])
    if plain.get("route") is not None:
        plain["route"] = Route(plain["route"]["name"], tuple(plain["route"]["reasons"]))
    return Summary(**{name: value for name, value in plain.items() if name in _SUMMARY_FIELDS})
