"""Watches for occasions to train: drift alarms, new feedback, the clock. Each ends as a request or a logged refusal.

What was seen lies in the store under the events' own ids, so that reading an event twice changes nothing; a request's
job id is derived from its occasion, so that a crash between request and note does not train twice.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pymongo import DESCENDING, ReplaceOne

from brevity.common.contracts.vocabulary import TrainingReason
from brevity.common.events import DriftDetected, FeedbackRecorded
from brevity.common.ids import deterministic_id
from brevity.common.observability.logging import get_logger
from brevity.common.storage.mongo import translated
from brevity.trainer.jobs.store import Jobs
from brevity.trainer.metrics import TrainerMetrics
from brevity.trainer.mongo import Document, Store
from brevity.trainer.requests import Requests
from brevity.trainer.settings import TrainerBlock
from brevity.trainer.triggers.rules import SECONDS_GUESSED, Alarm, Costs, Verdict, burst_is_over, due, weigh

log = get_logger(__name__)

_DAY = timedelta(days=1)


class Watch:
    """Occasions for one model, which is its engine's own name unless a person asks for another."""

    def __init__(
        self, store: Store, jobs: Jobs, requests: Requests, settings: TrainerBlock, metrics: TrainerMetrics
    ) -> None:
        self._signals = store.signals
        self._examples = store.examples
        self._jobs = jobs
        self._requests = requests
        self._settings = settings
        self._metrics = metrics
        self._began = datetime.now(UTC)

    def drifted(self, events: list[DriftDetected]) -> None:
        """Remember alarms. Raises Unavailable."""
        with translated():
            for event in events:
                self._signals.update_one(
                    {"_id": event.drift_id},
                    {
                        "$setOnInsert": {
                            "model": event.model_version.partition("-")[0],
                            "monitor": event.monitor,
                            "at": event.detected_at,
                            "effect": event.effect,
                            "settled": None,
                        }
                    },
                    upsert=True,
                )

    def fed_back(self, events: list[FeedbackRecorded], erased: list[str]) -> None:
        """Remember what can be learned from; forget what was erased. Raises Unavailable."""
        useful = [e for e in events if e.edited_summary is not None or e.preferred_over is not None]
        with translated():
            if useful:
                self._examples.bulk_write(
                    [
                        ReplaceOne(
                            {"_id": e.feedback_id},
                            {"_id": e.feedback_id, "engine": e.engine, "recorded_at": e.recorded_at},
                            upsert=True,
                        )
                        for e in useful
                    ]
                )
            if erased:
                self._examples.delete_many({"_id": {"$in": erased}})

    def turn(self, engine: str, now: datetime | None = None) -> None:
        """Look once whether there is an occasion to train. Raises Unavailable."""
        now = now or datetime.now(UTC)
        if self._jobs.active(engine):
            return  # what has happened since is weighed when it has ended
        for look in (self._on_drift, self._on_feedback, self._on_schedule):
            if look(engine, now):
                return

    def _on_drift(self, engine: str, now: datetime) -> bool:
        with translated():
            waiting: list[Document] = list(self._signals.find({"model": engine, "settled": None}))
        alarms = [Alarm(str(d["_id"]), d["at"], d["effect"]) for d in waiting]
        if not burst_is_over(
            alarms,
            now,
            quiet=timedelta(seconds=self._settings.drift_quiet_seconds),
            longest=timedelta(seconds=self._settings.drift_longest_wait_seconds),
            last_example=self._last_example(engine, since=min(a.at for a in alarms)) if alarms else None,
        ):
            return False
        largest = max(alarms, key=lambda alarm: abs(alarm.effect or 0.0))
        verdict = self._weigh(engine, now, largest.effect)
        monitors = sorted({str(d["monitor"]) for d in waiting})
        ids = sorted(alarm.drift_id for alarm in alarms)
        detail = f"{len(ids)} alarms of {', '.join(monitors)}; {verdict.reason}"
        self._decide(engine, "drift", deterministic_id("job", *ids), verdict, detail)
        with translated():
            self._signals.update_many({"_id": {"$in": ids}}, {"$set": {"settled": detail}})
        return verdict.train

    def _on_feedback(self, engine: str, now: datetime) -> bool:
        new = self._new_examples(engine)
        if len(new) < self._settings.feedback_examples:
            return False
        verdict = self._weigh(engine, now, None)
        name = deterministic_id("job", *new)
        if not verdict.train and not self._first_time(name, engine, now, verdict.reason):
            return False
        detail = f"{len(new)} new examples; {verdict.reason}"
        self._decide(engine, "feedback", name, verdict, detail)
        return verdict.train

    def _on_schedule(self, engine: str, now: datetime) -> bool:
        schedule = self._settings.schedule
        if schedule is None:
            return False
        last = self._last_scheduled(engine)
        when = due(schedule, last, now)
        if when is None:
            return False
        name = deterministic_id("job", "schedule", engine, when.isoformat())
        self._requests.request(
            model=engine,
            engine=engine,
            reason="schedule",
            detail=f"due at {when.isoformat()} by {schedule!r}",
            job_id=name,
        )
        self._metrics.triggers.labels("schedule", "requested").inc()
        self._first_time(f"schedule:{engine}:{when.isoformat()}", engine, when, "requested")
        log.info("training requested", reason="schedule", job_id=name)
        return True

    def _decide(self, engine: str, reason: TrainingReason, name: str, verdict: Verdict, detail: str) -> None:
        log.info("training weighed", reason=reason, train=verdict.train, detail=detail)
        self._metrics.triggers.labels(reason, "requested" if verdict.train else "declined").inc()
        if verdict.train:
            self._requests.request(model=engine, engine=engine, reason=reason, detail=detail, job_id=name)

    def _weigh(self, engine: str, now: datetime, effect: float | None) -> Verdict:
        recent = [job for job in self._jobs.ended_since(engine, now - _DAY) if job.reason != "person"]
        last = self._jobs.last_success(engine)
        known = int(last.metrics.get("training_documents", 0)) if last else 0
        costs = Costs(
            expected_seconds=last.seconds() if last else SECONDS_GUESSED,
            spent_seconds=sum(job.seconds() for job in recent),
            daily_seconds=self._settings.daily_seconds,
        )
        return weigh(
            new_examples=len(self._new_examples(engine)),
            known_examples=known,
            effect=effect,
            costs=costs,
            min_gain=self._settings.min_gain,
        )

    def _new_examples(self, engine: str) -> list[str]:
        """Ids of the feedback that the last training cannot have seen."""
        last = self._jobs.last_success(engine)
        since = {"recorded_at": {"$gt": last.started_at}} if last and last.started_at else {}
        with translated():
            return sorted(str(d["_id"]) for d in self._examples.find({"engine": engine, **since}))

    def _last_example(self, engine: str, *, since: datetime) -> datetime | None:
        """When the latest feedback was recorded that can be learned from, of what came after `since`."""
        with translated():
            query = {"engine": engine, "recorded_at": {"$gt": since}}
            found = list(self._examples.find(query).sort("recorded_at", DESCENDING).limit(1))
        return found[0]["recorded_at"] if found else None

    def _last_scheduled(self, engine: str) -> datetime:
        with translated():
            noted = [d["at"] for d in self._signals.find({"model": f"schedule:{engine}"})]
        return max(noted, default=self._began)

    def _first_time(self, name: str, engine: str, when: datetime, what: str) -> bool:
        """Note an occasion; False when it was noted before."""
        kind = f"schedule:{engine}" if name.startswith("schedule:") else f"noted:{engine}"
        with translated():
            done = self._signals.update_one(
                {"_id": name}, {"$setOnInsert": {"model": kind, "at": when, "settled": what}}, upsert=True
            )
        return done.upserted_id is not None
