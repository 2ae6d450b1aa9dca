"""The declared topics agree with each other and with the stages that use them."""

from __future__ import annotations

import pytest
from deploy.local.servers import _MAX_MESSAGE_BYTES

from brevity.common.kafka.client import MAX_MESSAGE_BYTES
from brevity.common.kafka.topics import (
    BY_NAME,
    INGEST_GROUP,
    PIPELINE_PARTITIONS,
    RETRY_PARTITIONS,
    SUBMITTED_MAX_BYTES,
    SUMMARIZE_GROUP,
    TOPICS,
    retry_topic,
)

PIPELINE = [
    "documents.submitted",
    "documents.accepted",
    "documents.rejected",
    "summaries.completed",
    "summaries.failed",
    retry_topic(INGEST_GROUP),
    retry_topic(SUMMARIZE_GROUP),
]


def test_every_topic_is_declared_once() -> None:
    assert len(BY_NAME) == len(TOPICS)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_a_topic_says_who_writes_who_reads_and_what_it_carries(topic) -> None:
    assert topic.writers
    assert topic.readers
    assert topic.key
    assert topic.description.endswith(".")
    assert 1 <= topic.partitions <= 64


@pytest.mark.parametrize("name", PIPELINE)
def test_the_pipelines_topics_have_equally_many_partitions_and_are_kept_for_days(name: str) -> None:
    config = BY_NAME[name].config()
    wanted = RETRY_PARTITIONS if name.endswith(".retry") else PIPELINE_PARTITIONS
    assert BY_NAME[name].partitions == wanted
    assert config["cleanup.policy"] == "delete"
    assert int(config["retention.ms"]) >= 7 * 86_400_000


@pytest.mark.parametrize("name", ["training.status", "models.promoted"])
def test_a_topic_of_last_words_is_compacted_and_kept_for_ever(name: str) -> None:
    config = BY_NAME[name].config()
    assert (config["cleanup.policy"], config["retention.ms"]) == ("compact", "-1")


def test_a_dead_letter_can_be_replayed_for_as_long_as_it_is_kept() -> None:
    for letters, group in (("documents.rejected", INGEST_GROUP), ("summaries.failed", SUMMARIZE_GROUP)):
        assert BY_NAME[retry_topic(group)].retention_ms >= BY_NAME[letters].retention_ms


def test_what_a_source_topic_takes_its_retry_topic_takes_too() -> None:
    for source, group in (("documents.submitted", INGEST_GROUP), ("documents.accepted", SUMMARIZE_GROUP)):
        assert BY_NAME[retry_topic(group)].max_message_bytes >= BY_NAME[source].max_message_bytes


def test_clients_and_the_local_broker_take_the_largest_record_of_any_topic() -> None:
    largest = max(topic.max_message_bytes for topic in TOPICS)
    assert largest == SUBMITTED_MAX_BYTES
    assert largest < MAX_MESSAGE_BYTES
    assert largest < _MAX_MESSAGE_BYTES


def test_feedback_is_compacted_so_that_it_can_be_erased_and_still_ends_with_its_retention() -> None:
    config = BY_NAME["feedback.recorded"].config()
    assert config["cleanup.policy"] == "compact,delete"
    assert int(config["retention.ms"]) == 365 * 86_400_000
    assert int(config["max.compaction.lag.ms"]) <= 86_400_000
