"""The platform's doors as its users have them: documents and events on topics, corrections and jobs over HTTP."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
from confluent_kafka import Consumer, Producer, TopicPartition

from brevity.common.kafka.client import base_config, producer_config
from brevity.common.settings import KafkaSettings
from brevity.nlp.words import count_words
from deploy.local.demo_data import Row

Value = dict[str, Any]
Found = TypeVar("Found")
Told = Callable[[int, int], None]
"""Told how many of how many are done."""

PATIENCE_SECONDS = 180.0
_TOPICS = (
    "summaries.completed", "summaries.failed", "documents.rejected", "drift.detected", "training.status",
    "models.served",
)  # fmt: skip
_REVIEWERS = 4
_PASSING = frozenset({429, 502, 503, 504})
"""Answers of a service that is not ready, or waits for another one."""


class LoopError(RuntimeError):
    """The loop did not go round: what was waited for and did not come."""


def wanted_words(row: Row) -> int:
    """The length of the row's reference, the least that may be asked for being 5."""
    return max(5, count_words(row["summary"], row["language"]))


def insist(
    who: str,
    send: Callable[[], httpx.Response],
    *,
    again: bool = True,
    seconds: float = PATIENCE_SECONDS,
    pause_seconds: float = 1.0,
) -> httpx.Response:
    """The answer to a request, asked again while a service restarts or is not ready.

    Args:
        again: Whether asking twice is harmless when it is not known whether the first was heard.

    Raises:
        LoopError: In plain words, when it does not come within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            answer = send()
            if answer.status_code not in _PASSING:
                return answer
            why = f"it answered {answer.status_code}: {answer.text[:300]}"
        except httpx.TransportError as error:
            why = f"{type(error).__name__}: {error}"
            if not (again or isinstance(error, httpx.ConnectError)):
                raise LoopError(f"{who} broke off an answer ({why}); see its log") from None
        if time.monotonic() > deadline:
            raise LoopError(f"{who} was not there for {seconds:.0f} s: {why}; see its log")
        time.sleep(pause_seconds)


def _quiet(done: int, total: int) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class Record:
    """A committed record and the time that Kafka gave it, in seconds since 1970."""

    topic: str
    value: Value
    at: float


class Listener:
    """Reads the topics of outcomes and of the learning loop, committed records only, from their beginning."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._consumer: Any = Consumer(
            {
                **base_config(kafka),
                "group.id": f"brevity.demo.{uuid.uuid4().hex}",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 50,
            }
        )
        self._records: list[Record] = []
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._read, name="listener", daemon=True)
        self._consumer.assign(
            [
                TopicPartition(topic, number, 0)
                for topic in _TOPICS
                for number in self._consumer.list_topics(topic, timeout=30).topics[topic].partitions
            ]
        )
        self._thread.start()

    def close(self) -> None:
        self._stopping = True
        self._thread.join(30)
        self._consumer.close()

    def all(self, topic: str) -> list[Record]:
        with self._changed:
            return [record for record in self._records if record.topic == topic]

    def wait(self, what: str, found: Callable[[], Found | None], seconds: float = PATIENCE_SECONDS) -> Found:
        """What `found` returns, once that is not None. Raises LoopError after `seconds`."""
        deadline = time.monotonic() + seconds
        while (there := found()) is None:
            if time.monotonic() > deadline:
                raise LoopError(f"{what}: not within {seconds:.0f} s")
            with self._changed:
                self._changed.wait(0.25)
        return there

    def _read(self) -> None:
        while not self._stopping:
            message = self._consumer.poll(0.2)
            if message is None or message.error() is not None or not message.value():
                continue
            _, at = message.timestamp()
            with self._changed:
                self._records.append(Record(message.topic(), json.loads(message.value()), at / 1000))
                self._changed.notify_all()


class Doors:
    """Ways in and out of a running platform."""

    def __init__(self, kafka: KafkaSettings, feedback_url: str, trainer_url: str) -> None:
        self.events = Listener(kafka)
        self._producer: Any = Producer(producer_config(kafka))
        self.feedback = httpx.Client(base_url=feedback_url, trust_env=False, timeout=60)
        self.trainer = httpx.Client(base_url=trainer_url, trust_env=False, timeout=120)

    def close(self) -> None:
        self.events.close()
        self.feedback.close()
        self.trainer.close()

    def submit(self, rows: Sequence[Row], *, again: str | None = None) -> None:
        """Write the rows' texts to `documents.submitted`, each wanted as long as its reference.

        Args:
            again: A name under which texts that were summarized before are summarized once more.
        """
        for row in rows:
            value = {
                "document_id": row["id"],
                "text": row["text"],
                "language": row["language"],
                "summary": {"words": wanted_words(row)},
                **({"again": again} if again else {}),
            }
            self._producer.produce("documents.submitted", key=row["id"], value=json.dumps(value))
            self._producer.poll(0)
        if self._producer.flush(60):
            raise LoopError("documents could not be written to Kafka within 60 s")

    def summaries(self, rows: Sequence[Row], model_version: str, told: Told = _quiet) -> dict[str, Record]:
        """The summary of each row by that version, by document id, once all are there.

        Raises:
            LoopError: One was rejected or failed, or some did not come.
        """
        names = {row["id"] for row in rows}

        def found() -> dict[str, Record] | None:
            for topic in ("documents.rejected", "summaries.failed"):
                for record in self.events.all(topic):
                    if record.value.get("document_id") in names:
                        raise LoopError(f"{record.value['document_id']}: {record.value['message']}")
            there = {
                record.value["document_id"]: record
                for record in self.events.all("summaries.completed")
                if record.value["document_id"] in names and record.value["model_version"] == model_version
            }
            told(len(there), len(names))
            return there if len(there) == len(names) else None

        return self.events.wait(f"summaries of {len(names)} documents by {model_version}", found)

    def correct(self, rows: Sequence[Row], model_version: str, told: Told = _quiet) -> int:
        """Give each row's reference as a reviewer's correction of that version's summary, as the summaries come.

        Returns how many differed.

        Raises:
            LoopError: A summary did not come, or the feedback service refused its correction.
        """

        def one(row: Row) -> bool:
            return self._correct(row, self.summaries([row], model_version)[row["id"]].value)

        with ThreadPoolExecutor(_REVIEWERS) as people:
            changed = 0
            answers = people.map(one, rows)
            for done, kept in enumerate(answers, 1):
                changed += kept
                told(done, len(rows))
        return changed

    def _correct(self, row: Row, summary: Value) -> bool:
        """False when the summary is the reference already."""
        body = {"edited_summary": row["summary"]}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = insist(
                "feedback",
                lambda: self.feedback.post(f"/v1/summaries/{summary['summary_id']}/feedback", json=body),
            )
            if answer.status_code == 404 and time.monotonic() < deadline:
                time.sleep(0.2)  # the store has not read the topic that far
                continue
            if answer.status_code == 422 and answer.json().get("code") == "unchanged":
                return False
            if answer.is_error:
                raise LoopError(f"feedback answered {answer.status_code}: {answer.text}")
            return True

    def observed(self, topic: str) -> int:
        """How many events of `topic` the drift monitors have taken in."""
        name = f'brevity_feedback_drift_observed_total{{topic="{topic}"}} '
        text = insist("feedback", lambda: self.feedback.get("/metrics")).text
        return next((int(float(line[len(name) :])) for line in text.splitlines() if line.startswith(name)), 0)

    def ask(self, method: str, path: str, body: Value | None = None) -> Any:
        """The trainer's answer. Raises LoopError when it refuses."""
        again = method == "GET"
        answer = insist("the trainer", lambda: self.trainer.request(method, path, json=body), again=again)
        if answer.is_error:
            raise LoopError(f"the trainer answered {answer.status_code}: {answer.text}")
        return answer.json()

    def job(self, job_id: str, told: Callable[[Value], None] = lambda job: None) -> Value:
        """The training job when it has ended; `told` at each look. Raises LoopError."""

        def found() -> Value | None:
            job = self.ask("GET", f"/v1/train/{job_id}")
            told(job)
            return job if job["finished_at"] else None

        return self.events.wait(f"{job_id} ends", found)

    def in_service(self, version: str) -> Record:
        """The report of the serving process that the registry's `version` writes the summaries from now on."""

        def found() -> Record | None:
            return next(
                (
                    record
                    for record in self.events.all("models.served")
                    if (record.value["version"], record.value["state"]) == (version, "in_service")
                ),
                None,
            )

        return self.events.wait(f"version {version} in service", found)

    def steps(self, job_id: str) -> Iterator[tuple[str, float]]:
        """Each step of a job and when it was first announced, in order."""
        seen: set[str] = set()
        for record in self.events.all("training.status"):
            step = record.value.get("step")
            if record.value["job_id"] == job_id and step and step not in seen:
                seen.add(step)
                yield step, record.at
