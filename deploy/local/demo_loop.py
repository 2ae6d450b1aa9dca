"""One turn of the learning loop on a running platform, act by act; every figure is taken from what the platform says.

The first model is trained on the old domain alone, because the one that the engine comes with has learned from both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import fmean
from time import time
from typing import Any

from mlflow import MlflowClient

from brevity.common.process import patiently
from brevity.common.settings import S3Settings
from brevity.nlp.rouge import rouge_n, tokens
from brevity.trainer.data.bucket import Bucket
from brevity.trainer.data.rows import deduplicated
from brevity.trainer.data.sources import Sources, read_lines
from brevity.trainer.data.versions import Versions
from brevity.trainer.tracking.mlflow import reached
from deploy.local.demo_data import NEW, OLD, SHUFFLED, Material, Row, lines
from deploy.local.demo_doors import PATIENCE_SECONDS, Doors, LoopError, Record, Told, Value

MODEL = "extractive"
Stage = Callable[[str], AbstractContextManager[Told]]
"""Names what is being done; the function that it gives is told how far it has come."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Mean ROUGE F1 of the platform's summaries against the references, 0 to 1."""

    rouge1: float
    rouge2: float
    documents: int


@dataclass(frozen=True, slots=True)
class Report:
    """What happened.

    Attributes:
        first, new: How summaries name the model before and after.
        quality: Before and after, by domain, on the same documents; nobody trained on any of them.
        alarms: The drift that was detected until the training was asked for. Later ones are about the new version.
        job: The training that drift asked for.
        refused: The training on shuffled references.
        champion: The registry's version in service at the end.
        stages: Seconds from the first drifted document to the first summary by the new model, by stage.
    """

    first: str
    new: str
    quality: Mapping[str, tuple[Quality, Quality]]
    alarms: Sequence[Value]
    job: Value
    refused: Value
    champion: Value
    stages: Sequence[tuple[str, float]]

    @property
    def seconds(self) -> float:
        return sum(seconds for _, seconds in self.stages)


class Loop:
    """Each act waits until what it began has happened; LoopError says what did not."""

    def __init__(self, doors: Doors, s3: S3Settings, mlflow_url: str, material: Material) -> None:
        self._doors = doors
        self._bucket = Bucket(s3)
        self._mlflow_url = mlflow_url
        self._material = material

    def turn(self, stage: Stage) -> Report:
        """The whole story."""
        doors, material = self._doors, self._material
        with stage(f"a first model, of {len(material.known)} {OLD} alone") as told:
            self._give_data()
            first = self._first_model(told)
        with stage(f"{len(material.usual)} {OLD} flow: what is usual") as told:
            doors.submit(material.usual)
            usual = doors.summaries(material.usual, first, told)
        with stage("the drift monitors learn it") as told:
            self._learned(len(usual), told)

        began, coming = time(), [*material.corrected, *material.held]
        with stage(f"{len(coming)} {NEW} flow, people correct {len(material.corrected)}") as told:
            doors.submit(coming)
            doors.correct(material.corrected, first, told)
        with stage("all of them are summarized") as told:
            summaries = doors.summaries(coming, first, told)
        with stage("drift is detected"):
            alarm = doors.events.wait("drift", lambda: next(iter(doors.events.all("drift.detected")), None))
        with stage("the trainer lets the alarms fall silent"):
            job_id = doors.events.wait("a training because of drift", self._because_of_drift)
        alarms = [record.value for record in doors.events.all("drift.detected")]
        with stage("training, evaluation, gate") as told:
            job = doors.job(job_id, _progress(told))
        if job["outcome"] != "promoted":
            raise LoopError(f"the candidate was not promoted: {job['message']}")
        with stage("the new version is swapped in"):
            served = doors.in_service(job["version"])
            new = served.value["model_version"]
        with stage("the same documents by the new version") as told:
            again = [*material.held, *material.usual]
            doors.submit(again, again=f"by-{new}")
            after = doors.summaries(again, new, told)
        quality = {
            material.held[0]["domain"]: (_quality(material.held, summaries), _quality(material.held, after)),
            material.usual[0]["domain"]: (_quality(material.usual, usual), _quality(material.usual, after)),
        }
        self._log(job["mlflow_run_id"], quality)
        first_by_new = min(record.at for record in after.values())
        stages = self._stages(began, alarm, job, served, first_by_new)

        with stage("a training on shuffled references") as told:
            refused = self._train({"sets": [SHUFFLED], "feedback": False}, told)
        return Report(
            first=first,
            new=new,
            quality=quality,
            alarms=alarms,
            job=job,
            refused=refused,
            champion=doors.ask("GET", f"/v1/models/{MODEL}/versions/champion"),
            stages=stages,
        )

    def _give_data(self) -> None:
        """As `brevity data add` and `brevity data freeze` do."""
        self._add(OLD, lines(self._material.known))
        frozen = [row for name, rows in self._material.frozen for row in read_lines(lines(rows), name)]
        rows = [replace(row, part="test") for row in deduplicated(frozen)]
        patiently(lambda: Versions(self._bucket).freeze(MODEL, rows), seconds=PATIENCE_SECONDS)

    def _add(self, name: str, data: bytes) -> None:
        patiently(lambda: Sources(self._bucket).add(name, data), seconds=PATIENCE_SECONDS)

    def _first_model(self, told: Told) -> str:
        """Into service, whatever the gate says beside the engine's own model; how summaries name it."""
        job = self._train({"sets": [OLD], "feedback": False}, told)
        reason = "the demo begins with a model that has never seen the new domain"
        event = self._doors.ask(
            "POST", f"/v1/models/{MODEL}/promote", {"version": job["version"], "reason": reason}
        )
        self._doors.in_service(job["version"])
        return str(event["model_version"])

    def _train(self, dataset: Mapping[str, Any], told: Told) -> Value:
        """A training that a person asks for, to its end; the job."""
        if SHUFFLED in dataset["sets"]:
            self._add(SHUFFLED, lines(self._material.shuffled()))
        asked = self._doors.ask("POST", "/v1/train", {"dataset": dict(dataset)})
        job = self._doors.job(asked["job_id"], _progress(told))
        if job["state"] != "succeeded":
            raise LoopError(f"{job['job_id']} {job['state']}: {job['message']}")
        return job

    def _learned(self, count: int, told: Told) -> None:
        def found() -> Value | None:
            topics = ("documents.accepted", "summaries.completed")
            least = min(self._doors.observed(topic) for topic in topics)
            told(min(least, count), count)
            return {} if least >= count else None

        self._doors.events.wait("the drift monitors read what is usual", found)

    def _because_of_drift(self) -> str | None:
        jobs = self._doors.ask("GET", f"/v1/train?model={MODEL}")
        return next((job["job_id"] for job in jobs if job["reason"] == "drift"), None)

    def _log(self, run_id: str, quality: Mapping[str, tuple[Quality, Quality]]) -> None:
        """Before (step 0) and after (step 1) onto the run that made the new version."""
        client = MlflowClient(self._mlflow_url)

        def send() -> None:
            with reached(self._mlflow_url):
                for domain, figures in quality.items():
                    for step, figure in enumerate(figures):
                        client.log_metric(run_id, f"in_service.{domain}.rouge1", figure.rouge1, step=step)
                        client.log_metric(run_id, f"in_service.{domain}.rouge2", figure.rouge2, step=step)

        patiently(send, seconds=PATIENCE_SECONDS)

    def _stages(
        self, began: float, alarm: Record, job: Value, served: Record, first: float
    ) -> list[tuple[str, float]]:
        steps = dict(self._doors.steps(job["job_id"]))
        promoted = self._doors.ask("GET", f"/v1/models/{MODEL}/promotions")[0]["promoted_at"]
        marks = (
            ("drift detected", alarm.at),
            ("alarms silent, training requested", _seconds(job["requested_at"])),
            ("process started, data assembled", steps.get("train")),
            ("trained", steps.get("evaluate")),
            ("evaluated, registered, promoted", _seconds(promoted)),
            ("loaded, tried, swapped in", served.at),
            ("first summary by the new model", first),
        )
        stages: list[tuple[str, float]] = []
        before = began
        for name, at in marks:
            if at is not None:  # a step that was over before its turn to be announced belongs to the next
                stages.append((name, at - before))
                before = at
        return stages


def _progress(told: Told) -> Callable[[Value], None]:
    return lambda job: told(round(100 * job["progress"]), 100)


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def _quality(rows: Sequence[Row], summaries: Mapping[str, Record]) -> Quality:
    pairs = [(tokens(summaries[row["id"]].value["summary"]), tokens(row["summary"])) for row in rows]
    one, two = (fmean(rouge_n(ours, theirs, n) for ours, theirs in pairs) for n in (1, 2))
    return Quality(one, two, len(rows))
