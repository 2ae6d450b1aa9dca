"""The topics, declared once: who writes, who reads, how many partitions, how long records are kept.

`brevity topics apply` makes the broker agree with this table; Kubernetes manifests and docs are checked against it.
"""

from __future__ import annotations

from dataclasses import dataclass

_DAY_MS = 86_400_000
_MIB = 1 << 20

SUBMITTED_MAX_BYTES = 40 * _MIB
"""Above ingest's own limit, so that a document that is too large ends as a rejected event with a reason
instead of a produce error that only its sender sees."""


@dataclass(frozen=True, slots=True)
class Topic:
    name: str
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    key: str
    partitions: int
    retention_ms: int
    """How long records are kept; 0 for ever."""
    compacted: bool = False
    """Whether only the last record of each key is kept."""
    max_message_bytes: int = 2 * _MIB
    description: str = ""
    broker_time: bool = False
    """Whether records carry the time at which the broker took them instead of their writer's: for topics that outsiders
    write, whose clocks and archives would decide what retention deletes and which version of a document is the newer."""

    def config(self) -> dict[str, str]:
        """Topic configuration as the broker names it."""
        policies = ("compact", self.compacted), ("delete", self.retention_ms > 0)
        # Without a bound the newest segment, and an erased record in it, may wait for ever to be compacted.
        prompt = {"max.compaction.lag.ms": str(_DAY_MS)} if self.compacted and self.retention_ms else {}
        return {
            **prompt,
            "cleanup.policy": ",".join(name for name, holds in policies if holds),
            "retention.ms": str(self.retention_ms) if self.retention_ms else "-1",
            "max.message.bytes": str(self.max_message_bytes),
            "message.timestamp.type": "LogAppendTime" if self.broker_time else "CreateTime",
        }


def retry_topic(group: str) -> str:
    """Where records of `group` wait for their next attempt."""
    return f"{group}.retry"


INGEST_GROUP = "brevity.ingest"
SUMMARIZE_GROUP = "brevity.summarize"

PIPELINE_PARTITIONS = 8
RETRY_PARTITIONS = 1
"""A group reads its source and its retry topic together, and the assignor evens out the sum of their partitions: with one
for the retries, instances share those of the documents evenly, however they join (docs/adr/0003-retry-topics.md)."""

# A retry record's timestamp says when it is due: these topics keep the producer's (CreateTime).
# A retry topic is kept as long as its group's dead letters: it is what says which of them were replayed.

TOPICS: tuple[Topic, ...] = (
    Topic("documents.submitted", ("any", "ingest", "feedback"), ("ingest",), "document_id", PIPELINE_PARTITIONS, 7 * _DAY_MS,
          max_message_bytes=SUBMITTED_MAX_BYTES, broker_time=True, description="Documents that somebody wants summarized."),
    Topic(retry_topic(INGEST_GROUP), ("ingest",), ("ingest",), "document_id", RETRY_PARTITIONS, 30 * _DAY_MS,
          max_message_bytes=SUBMITTED_MAX_BYTES, description="Submissions waiting for their next attempt."),
    Topic("documents.accepted", ("ingest",), ("summarize", "feedback", "ingest"), "document_id", PIPELINE_PARTITIONS, 14 * _DAY_MS,
          description="Normalised documents, each once."),
    Topic("documents.rejected", ("ingest",), ("feedback", "ingest"), "document_id", PIPELINE_PARTITIONS, 30 * _DAY_MS,
          description="Submissions that cannot be accepted, with the reason; can be replayed."),
    Topic(retry_topic(SUMMARIZE_GROUP), ("summarize",), ("summarize",), "document_id", RETRY_PARTITIONS, 30 * _DAY_MS,
          description="Accepted documents waiting for their next attempt."),
    Topic("summaries.completed", ("summarize",), ("feedback", "ingest"), "document_id", PIPELINE_PARTITIONS, 30 * _DAY_MS,
          description="Summaries with the evidence for each sentence, each once."),
    Topic("summaries.failed", ("summarize",), ("feedback", "ingest"), "document_id", PIPELINE_PARTITIONS, 30 * _DAY_MS,
          description="Dead letters of the summarizer; can be replayed."),
    Topic("feedback.recorded", ("feedback",), ("trainer", "feedback"), "feedback_id", 4, 365 * _DAY_MS, compacted=True,
          description="Ratings and corrections; a tombstone erases one."),
    Topic("drift.detected", ("feedback",), ("trainer",), "monitor", 1, 90 * _DAY_MS, description="Alarms of the drift monitors."),
    Topic("training.requested", ("trainer", "feedback"), ("trainer",), "model", 1, 90 * _DAY_MS, description="Training jobs wanted."),
    Topic("training.status", ("trainer",), ("feedback", "trainer"), "job_id", 1, 0, compacted=True, description="Where each job stands."),
    Topic("models.promoted", ("trainer",), ("summarize", "feedback"), "engine", 1, 0, compacted=True,
          description="Which model version each engine uses."),
    Topic("models.served", ("summarize",), ("feedback", "trainer"), "engine", 1, 365 * _DAY_MS,
          description="What serving processes made of promotions: in service, refused, retired, compared."),
    Topic("documents.erased", ("feedback",), ("ingest",), "document_id", 1, 30 * _DAY_MS,
          description="Documents to be forgotten: every owner of data erases what it keeps."),
    Topic("erasures.confirmed", ("ingest",), ("feedback",), "document_id", 1, 30 * _DAY_MS,
          description="What each owner erased of a document: part of the proof."),
)  # fmt: skip

BY_NAME = {topic.name: topic for topic in TOPICS}
