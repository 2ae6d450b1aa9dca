"""Jobs in MongoDB: each change is one atomic update, fenced by the owner's lease."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError

from brevity.common.contracts.vocabulary import ENDED_JOBS, JobState
from brevity.common.errors import Rejected
from brevity.common.storage.mongo import millisecond, translated
from brevity.trainer.jobs.model import LOG_LINES, Job, interrupted
from brevity.trainer.jobs.tenants import tenant_of
from brevity.trainer.mongo import Document, Store


class Jobs:
    def __init__(self, store: Store) -> None:
        self._jobs = store.jobs

    def add(self, job: Job) -> bool:
        """Keep a new job; False when its id is there already, which is harmless."""
        document = {
            **job.model_dump(exclude={"job_id"}),
            "_id": job.job_id,
            "tenant": tenant_of(job.requested_by),
        }
        try:
            with translated(passing=(DuplicateKeyError,)):
                self._jobs.insert_one(document)
        except DuplicateKeyError:
            return False
        return True

    def get(self, job_id: str, *, tenant: str | None = None) -> Job:
        """A job; with `tenant`, if somebody of it asked for it. Raises Rejected `not_found`."""
        with translated():
            found = self._jobs.find_one({"_id": job_id, **_asked_by(tenant)})
        if found is None:
            raise Rejected(
                f"there is no job {job_id!r}",
                code="not_found",
                remedy="`brevity train status` lists the jobs.",
            )
        return _job(found)

    def list(
        self,
        *,
        model: str | None = None,
        state: JobState | None = None,
        tenant: str | None = None,
        limit: int = 50,
    ) -> list[Job]:
        """Newest first; with `tenant`, those that somebody of it asked for."""
        named = {key: value for key, value in (("model", model), ("state", state)) if value is not None}
        wanted: Document = {**named, **_asked_by(tenant)}
        with translated():
            return [_job(d) for d in self._jobs.find(wanted).sort("requested_at", DESCENDING).limit(limit)]

    def active(self, model: str) -> bool:
        """Whether a job of `model` waits or runs."""
        with translated():
            return self._jobs.find_one({"model": model, "state": {"$in": ["queued", "running"]}}) is not None

    def ended_since(self, model: str, since: datetime) -> Sequence[Job]:
        """Jobs of `model` that ended after `since`."""
        with translated():
            return [_job(d) for d in self._jobs.find({"model": model, "finished_at": {"$gt": since}})]

    def ended_among(self, job_ids: Sequence[str]) -> Sequence[str]:
        """Those of `job_ids` whose job is known and has ended."""
        if not job_ids:
            return []
        with translated():
            found = self._jobs.find(
                {"_id": {"$in": list(job_ids)}, "state": {"$in": sorted(ENDED_JOBS)}}, {"_id": 1}
            )
            return [str(document["_id"]) for document in found]

    def last_success(self, model: str) -> Job | None:
        with translated():
            found = list(
                self._jobs.find({"model": model, "state": "succeeded"})
                .sort("requested_at", DESCENDING)
                .limit(1)
            )
        return _job(found[0]) if found else None

    def claim(self, owner: str, lease: timedelta) -> Job | None:
        """Take the oldest waiting job whose model has none running; None when there is none."""
        now = millisecond(datetime.now(UTC))
        with translated():
            waiting = list(self._jobs.find({"state": "queued"}).sort("requested_at", ASCENDING).limit(100))
            for document in waiting:
                try:
                    taken = self._jobs.find_one_and_update(
                        {"_id": document["_id"], "state": "queued"},
                        _change(
                            {
                                "state": "running",
                                "slot": document["model"],
                                "owner": owner,
                                "lease_until": now + lease,
                                "started_at": now,
                                "finished_at": None,
                                "message": "starting",
                                "code": None,
                            },
                            attempt=1,
                        ),
                        return_document=ReturnDocument.AFTER,
                    )
                except DuplicateKeyError:
                    continue  # its model has one running
                if taken is not None:
                    return _job(taken)
        return None

    def renew(self, job: Job, lease: timedelta) -> Job | None:
        """Keep the lease; None when it was lost. The answer says whether somebody asked to cancel."""
        with translated():
            found = self._jobs.find_one_and_update(
                _mine(job),
                {"$set": {"lease_until": millisecond(datetime.now(UTC)) + lease}},
                return_document=ReturnDocument.AFTER,
            )
        return _job(found) if found else None

    def report(self, job: Job, fields: Mapping[str, Any], log: Sequence[str] = ()) -> bool:
        """Write progress of a job one holds; False when the lease was lost."""
        change = _change(fields)
        if log:
            change["$push"] = {"log": {"$each": list(log), "$slice": -LOG_LINES}}
        with translated():
            return self._jobs.update_one(_mine(job), change).matched_count == 1

    def interrupt(self, job: Job, why: str) -> bool:
        """End an attempt that brought no result; the job is resumed if it has attempts left."""
        with translated():
            found = self._jobs.find_one(_mine(job))
        if found is None:
            return False
        return self.report(job, interrupted(_job(found), millisecond(datetime.now(UTC)), why))

    def excuse(self, job: Job) -> None:
        """Give back the attempt of a job whose lease was lost because this instance could not reach the store."""
        why = "the store was away for longer than the lease"
        with translated():
            self._jobs.update_one(
                {"_id": job.job_id, "state": {"$in": ["queued", "running", "failed"]}},
                {"$inc": {"attempts_allowed": 1}},
            )
        if self.interrupt(job, why):
            return
        with translated():  # another instance has counted it meanwhile
            self._jobs.update_one(
                {"_id": job.job_id, "state": "failed", "code": "interrupted", "attempt": job.attempt},
                _change(
                    {
                        "state": "queued",
                        "code": None,
                        "finished_at": None,
                        "message": f"{why}; it will be resumed",
                    }
                ),
            )

    def take_over(self) -> list[Job]:
        """End the attempts whose lease ran out: their instance died or cannot reach the store."""
        now = millisecond(datetime.now(UTC))
        with translated():
            lost = [_job(d) for d in self._jobs.find({"state": "running", "lease_until": {"$lt": now}})]
            taken = []
            for job in lost:
                change = interrupted(job, now, "the service stopped during this job")
                if (
                    self._jobs.update_one(
                        {**_mine(job), "lease_until": {"$lt": now}}, _change(change)
                    ).modified_count
                    == 1
                ):
                    taken.append(job)
        return taken

    def cancel(self, job_id: str) -> Job:
        """Cancel a job that waits at once; one that runs is ended by its owner.

        Raises:
            Rejected: `not_found`, or `conflict` when it has ended.
        """
        with translated():
            self._jobs.update_one(
                {"_id": job_id, "state": "queued"},
                _change(
                    {
                        "state": "cancelled",
                        "message": "cancelled",
                        "finished_at": millisecond(datetime.now(UTC)),
                        "cancel_asked": True,
                    }
                ),
            )
            self._jobs.update_one(
                {"_id": job_id, "state": "running"},
                _change({"cancel_asked": True, "message": "being cancelled"}),
            )
        job = self.get(job_id)
        if job.state in {"succeeded", "failed"}:
            raise Rejected(
                f"job {job_id} has {job.state}",
                code="conflict",
                remedy="Only a job that waits or runs can be cancelled.",
            )
        return job

    def retry(self, job_id: str, attempts: int) -> Job:
        """Queue a failed or cancelled job again; it goes on from what it had finished.

        Raises:
            Rejected: `not_found`, or `conflict` when it has not failed.
        """
        job = self.get(job_id)
        fields: Document = {
            "state": "queued",
            "message": "in the queue again",
            "code": None,
            "cancel_asked": False,
            "finished_at": None,
            "attempts_allowed": job.attempt + attempts,
        }
        with translated():
            done = self._jobs.update_one(
                {"_id": job_id, "state": {"$in": ["failed", "cancelled"]}},
                _change(fields),
            )
        if not done.matched_count:
            raise Rejected(
                f"job {job_id} is {job.state}",
                code="conflict",
                remedy="Only a failed or cancelled job can be retried; start another one.",
            )
        return self.get(job_id)

    def unannounced(self, limit: int = 200) -> Sequence[Job]:
        """Jobs whose latest state the topic does not have."""
        with translated():
            return [_job(document) for document in self._jobs.find({"announced": False}).limit(limit)]

    def announced(self, jobs: Sequence[Job]) -> None:
        with translated():
            for job in jobs:
                self._jobs.update_one(
                    {"_id": job.job_id, "revision": job.revision}, {"$set": {"announced": True}}
                )


def _asked_by(tenant: str | None) -> Document:
    return {} if tenant is None else {"tenant": tenant}


def _mine(job: Job) -> Document:
    return {"_id": job.job_id, "state": "running", "owner": job.owner, "attempt": job.attempt}


def _change(fields: Mapping[str, Any], **counted: int) -> Document:
    """An update that watchers and the topic will see; who leaves the state `running` gives its model's slot back."""
    change: Document = {
        "$set": {**fields, "updated_at": millisecond(datetime.now(UTC)), "announced": False},
        "$inc": {"revision": 1, **counted},
    }
    if fields.get("state", "running") != "running":
        change["$unset"] = {"slot": ""}
    return change


def _job(document: Mapping[str, Any]) -> Job:
    return Job(**{**document, "job_id": document["_id"]})
