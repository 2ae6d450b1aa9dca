"""Jobs over HTTP: start, look, watch, cancel, retry."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response, StreamingResponse

from brevity.common.contracts.vocabulary import JobState
from brevity.common.http.principal import Principal, needs
from brevity.common.http.streams import Streams
from brevity.trainer.jobs.model import Job
from brevity.trainer.jobs.store import Jobs
from brevity.trainer.requests import Requests

_POLL_SECONDS = 0.5
_HEARTBEAT_SECONDS = 15.0
_MOST_STREAMS, _MOST_OF_CALLER = 100, 20
_INTERNAL = {"owner", "lease_until", "announced", "attempts_allowed"}

Reader = Annotated[Principal, Depends(needs("reader"))]
Operator = Annotated[Principal, Depends(needs("operator"))]


class TrainRequest(BaseModel):
    """What to train; everything has a default."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(
        default="extractive", min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
    )
    engine: str = "extractive"
    detail: str | None = Field(
        default=None, max_length=1_000, description="Why, for those who read it later."
    )
    dataset: dict[str, Any] = Field(default_factory=dict, description="See docs/training.md.")
    parameters: dict[str, Any] = Field(default_factory=dict, description="Fields of the engine's recipe.")
    variant_of: str | None = Field(
        default=None,
        max_length=200,
        description="The version that this makes smaller or faster (number, alias, or `model/version`):"
        " it must keep that version's quality instead of gaining.",
    )


def train_routes(jobs: Jobs, requests: Requests, attempts: int, closing: Callable[[], bool]) -> APIRouter:
    router = APIRouter(prefix="/v1/train", tags=["training"])
    streams = Streams(_MOST_STREAMS, _MOST_OF_CALLER)

    def seen(job_id: str, caller: Principal) -> Job:
        """A job that the caller may see; another's is not there for it."""
        return jobs.get(job_id, tenant=None if caller.may("operator") else caller.tenant)

    @router.post("", status_code=202, response_model=Job)
    def start(wanted: TrainRequest, caller: Operator) -> Response:
        """Ask for a training; it is queued, and runs when its model has none running."""
        job = requests.request(**wanted.model_dump(), reason="person", requested_by=caller.name)
        return _answer(job, 202)

    @router.get("", response_model=list[Job])
    def listed(
        caller: Reader,
        model: str | None = None,
        state: JobState | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> Response:
        """Jobs, newest first: all for an operator, and for others those that their tenant asked for."""
        of = None if caller.may("operator") else caller.tenant
        return JSONResponse(
            [view(job) for job in jobs.list(model=model, state=state, tenant=of, limit=limit)]
        )

    @router.get("/{job_id}", response_model=Job)
    def one(job_id: str, caller: Reader) -> Response:
        """Where a job stands: state, progress, step, metrics, the end of its log, its run."""
        return _answer(seen(job_id, caller))

    @router.get("/{job_id}/events", response_class=StreamingResponse)
    async def watch(job_id: str, caller: Reader) -> Response:
        """The job at each change as server-sent events, until it has ended."""
        first = await asyncio.to_thread(seen, job_id, caller)
        changes = _changes(jobs, first, closing, streams.place(caller.tenant, caller.subject))
        await anext(changes)  # refused before the first byte, it is still a proper answer
        return StreamingResponse(
            changes,
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )

    @router.post("/{job_id}/cancel", response_model=Job)
    def cancel(job_id: str, caller: Operator) -> Response:
        """End a job that waits or runs."""
        return _answer(jobs.cancel(job_id))

    @router.post("/{job_id}/retry", status_code=202, response_model=Job)
    def retry(job_id: str, caller: Operator) -> Response:
        """Queue a failed or cancelled job again; it goes on from the steps it had finished."""
        return _answer(jobs.retry(job_id, attempts), 202)

    return router


def view(job: Job) -> dict[str, Any]:
    """A job as callers see it."""
    return job.model_dump(mode="json", exclude=_INTERNAL)


def _answer(job: Job, status: int = 200) -> Response:
    return JSONResponse(
        view(job),
        status_code=status,
        headers={"Location": f"/v1/train/{job.job_id}"} if status == 202 else None,
    )


async def _changes(
    jobs: Jobs, job: Job, closing: Callable[[], bool], place: AbstractContextManager[None]
) -> AsyncGenerator[str]:
    said, spoke = -1, time.monotonic()
    with place:
        yield ""  # it is there
        while True:
            if job.revision != said:
                name = job.state if job.ended else "progress"
                data = job.model_copy(update={"log": job.log[-5:]})
                yield f"id: {job.revision}\nevent: {name}\ndata: {_json(view(data))}\n\n"
                said, spoke = job.revision, time.monotonic()
            elif time.monotonic() - spoke > _HEARTBEAT_SECONDS:
                yield ": alive\n\n"
                spoke = time.monotonic()
            if job.ended or closing():
                return
            await asyncio.sleep(_POLL_SECONDS)
            job = await asyncio.to_thread(jobs.get, job.job_id)


def _json(value: dict[str, Any]) -> str:
    return bytes(JSONResponse(value).body).decode()
