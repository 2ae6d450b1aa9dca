"""Jobs and summaries as JSON between the stage and the replicas: plain data, nothing that could be executed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from brevity.common.errors import BrevityError, Rejected, Transient
from brevity.nlp.types import Span
from brevity.summarize.engines.port import Flag, Job, Summary, SummarySentence

Answer = Summary | BrevityError

ROUTE = "/summarize"
"""Where the replicas are asked."""

_JOBS: TypeAdapter[list[Job]] = TypeAdapter(list[Job])


class Malformed(ValueError):
    """Bytes that are not a list of jobs. Says where, and quotes none of them."""


def dump_jobs(jobs: Sequence[Job]) -> bytes:
    return _dump([{f.name: getattr(job, f.name) for f in dataclasses.fields(job)} for job in jobs])


def load_jobs(data: bytes) -> list[Job]:
    """Raises Malformed."""
    try:
        return _JOBS.validate_json(data, strict=True, extra="forbid")
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = "/".join(map(str, first["loc"]))
        raise Malformed(f"not a list of jobs: {where or 'body'}: {first['type']}") from None


def dump_answers(answers: Sequence[Answer]) -> bytes:
    return _dump([_plain(answer) for answer in answers])


def load_answers(data: bytes) -> list[Answer]:
    return [_answer(plain) for plain in json.loads(data)]


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _plain(answer: Answer) -> dict[str, Any]:
    if isinstance(answer, Summary):
        return dataclasses.asdict(answer)
    kind = "rejected" if isinstance(answer, Rejected) else "transient"
    return {"error": kind, "code": answer.code, "message": answer.message, "remedy": answer.remedy}


def _answer(plain: dict[str, Any]) -> Answer:
    if "error" in plain:
        error = Rejected if plain["error"] == "rejected" else Transient
        return error(plain["message"], code=plain["code"], remedy=plain["remedy"])
    plain["sentences"] = tuple(
        SummarySentence(**{**sentence, "spans": tuple(Span(*span) for span in sentence["spans"])})
        for sentence in plain["sentences"]
    )
    plain["seen"] = tuple(Span(*span) for span in plain["seen"])
    plain["warnings"] = tuple(Flag(**flag) for flag in plain["warnings"])
    return Summary(**plain)
