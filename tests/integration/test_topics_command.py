"""`brevity topics apply` makes a real broker agree with the declared topics, and repeats without effect."""

from __future__ import annotations

import contextlib
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,  # pyright: ignore[reportPrivateImportUsage]
    ConfigEntry,  # pyright: ignore[reportPrivateImportUsage]
    ConfigResource,  # pyright: ignore[reportPrivateImportUsage]
    ResourceType,  # pyright: ignore[reportPrivateImportUsage]
)

from brevity.common.errors import Fatal, Unavailable
from brevity.common.kafka import admin
from brevity.common.kafka.admin import Change, apply_topics
from brevity.common.kafka.topics import TOPICS, Topic
from brevity.common.settings import KafkaSettings
from tests.support.commands import Brevity
from tests.support.stack import Stack
from tests.support.topics import eventually, read, write

pytestmark = pytest.mark.stack

_SECONDS = 60.0


class Broker:
    """What the broker itself says and does, apart from the code under test."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._admin: Any = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})

    def partitions(self, name: str, wanted: int) -> int:
        """How many there are; waits for `wanted`, because a change takes a moment to be known."""
        with contextlib.suppress(AssertionError):
            eventually(name, lambda: self._partitions(name) == wanted, 20)
        return self._partitions(name)

    def _partitions(self, name: str) -> int:
        return len(self._admin.list_topics(name, timeout=_SECONDS).topics[name].partitions)

    def config(self, name: str) -> dict[str, str]:
        [future] = self._admin.describe_configs([ConfigResource(ResourceType.TOPIC, name)]).values()
        return {entry.name: entry.value for entry in future.result(_SECONDS).values()}

    def change(self, name: str, **settings: str) -> None:
        entries = [
            ConfigEntry(key.replace("_", "."), value, incremental_operation=AlterConfigOpType.SET)
            for key, value in settings.items()
        ]
        wanted = ConfigResource(ResourceType.TOPIC, name, incremental_configs=entries)
        [future] = self._admin.incremental_alter_configs([wanted]).values()
        future.result(_SECONDS)


@pytest.fixture(scope="module")
def broker(stack: Stack) -> Broker:
    return Broker(stack.kafka)


@pytest.fixture(scope="module")
def brevity(stack: Stack) -> Brevity:
    return Brevity(stack.environ())


def fresh(partitions: int = 3, *, compacted: bool = False) -> Topic:
    name = f"applied-{uuid.uuid4().hex[:8]}"
    return Topic(name, ("a",), ("b",), "id", partitions, 3_600_000, compacted, 1 << 20, "Of this test.")


def applied(stack: Stack, *topics: Topic) -> dict[str, Change]:
    return {change.topic: change for change in apply_topics(stack.kafka, topics)}


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_the_broker_has_every_declared_topic_as_declared(broker: Broker, topic: Topic) -> None:
    assert broker.partitions(topic.name, topic.partitions) == topic.partitions
    config = broker.config(topic.name)
    assert {name: config[name] for name in topic.config()} == topic.config()
    assert ("compact" in config["cleanup.policy"]) == topic.compacted


def test_a_second_run_changes_nothing_and_says_so(brevity: Brevity) -> None:
    for _ in range(2):
        told = brevity.lines("topics", "apply", "--json")
        assert {line["topic"] for line in told} == {topic.name for topic in TOPICS}
        assert {line["action"] for line in told} == {"unchanged"}
    assert "documents.submitted" in brevity("topics", "apply")


def test_a_setting_that_somebody_changed_is_put_right(brevity: Brevity, broker: Broker) -> None:
    name = "drift.detected"
    before = broker.config(name)
    broker.change(name, retention_ms="1000", cleanup_policy="compact")
    told = {line["topic"]: line for line in brevity.lines("topics", "apply", "--json")}
    assert told[name]["action"] == "configured"
    assert "retention.ms" in told[name]["detail"]
    assert "cleanup.policy" in told[name]["detail"]
    assert {line["action"] for topic, line in told.items() if topic != name} == {"unchanged"}
    assert broker.config(name) == before
    assert {line["action"] for line in brevity.lines("topics", "apply", "--json")} == {"unchanged"}


def test_a_setting_that_is_not_declared_stays_as_the_operator_has_it(stack: Stack, broker: Broker) -> None:
    topic = fresh()
    assert applied(stack, topic)[topic.name].action == "created"
    assert broker.partitions(topic.name, 3) == 3
    broker.change(topic.name, segment_ms="123456")
    assert applied(stack, topic)[topic.name].action == "unchanged"
    assert broker.config(topic.name)["segment.ms"] == "123456"


@pytest.mark.parametrize("compacted", [False, True])
def test_a_missing_topic_is_created_and_the_next_run_leaves_it(
    stack: Stack, broker: Broker, compacted: bool
) -> None:
    topic = fresh(compacted=compacted)
    assert applied(stack, topic)[topic.name].action == "created"
    assert broker.partitions(topic.name, 3) == 3
    config = broker.config(topic.name)
    assert {name: config[name] for name in topic.config()} == topic.config()
    assert applied(stack, topic)[topic.name].action == "unchanged"


def test_partitions_are_added_and_never_removed(stack: Stack, broker: Broker) -> None:
    topic = fresh(2)
    applied(stack, topic)
    assert broker.partitions(topic.name, 2) == 2
    grown = applied(stack, replace(topic, partitions=5))[topic.name]
    assert (grown.action, broker.partitions(topic.name, 5)) == ("partitions added", 5)
    assert applied(stack, topic)[topic.name].action == "unchanged"
    assert broker.partitions(topic.name, 5) == 5


def test_two_runs_at_once_do_not_disturb_each_other(stack: Stack, broker: Broker) -> None:
    topics = [fresh() for _ in range(4)]
    with ThreadPoolExecutor(3) as pool:
        for changes in pool.map(lambda _: applied(stack, *topics), range(3)):
            assert {change.action for change in changes.values()} <= {"created", "unchanged"}
    assert [broker.partitions(topic.name, 3) for topic in topics] == [3, 3, 3, 3]


def test_what_the_broker_refuses_is_said_with_the_topics_name(stack: Stack) -> None:
    with pytest.raises(Fatal) as caught:
        apply_topics(stack.kafka, [replace(fresh(), name="no blanks here")])
    assert caught.value.code == "topic_refused"
    assert "no blanks here" in caught.value.message


def test_more_replicas_than_brokers_are_refused(stack: Stack) -> None:
    with pytest.raises(Fatal) as caught:
        apply_topics(stack.kafka.model_copy(update={"replication_factor": 3}), [fresh()])
    assert caught.value.code == "topic_refused"


def test_a_broker_that_is_away_is_named(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "_TIMEOUT_SECONDS", 1.0)
    address = f"127.0.0.1:{stack.free_port()}"
    with pytest.raises(Unavailable) as caught:
        apply_topics(KafkaSettings(bootstrap_servers=address))
    assert address in caught.value.message
    assert "make run" in caught.value.remedy


def test_an_archive_with_dates_of_its_own_is_kept_and_a_fast_clock_orders_nothing(
    stack: Stack, broker: Broker
) -> None:
    """What retention deletes and what `submitted_at` says goes by the broker's clock, also after an upgrade."""
    name = f"archive-{uuid.uuid4().hex[:8]}"
    outsiders = Topic(
        name, ("any",), ("b",), "id", 1, 7 * 86_400_000, max_message_bytes=1 << 20, broker_time=True
    )
    apply_topics(stack.kafka, [replace(outsiders, broker_time=False)])  # as the version before declared it
    assert broker.partitions(name, 1) == 1
    assert applied(stack, outsiders)[name].action == "configured"
    assert broker.config(name)["message.timestamp.type"] == "LogAppendTime"
    assert applied(stack, outsiders)[name].action == "unchanged"
    broker.change(name, segment_ms="100", segment_bytes="1048576")
    now_ms = int(time.time() * 1000)
    dates = [1_577_836_800_000 + day * 86_400_000 for day in range(20)]  # of 2020
    for date in [*dates, now_ms + 30 * 60_000, now_ms]:
        write(stack.kafka, name, [b"x" * 100_000], timestamp=date)
    time.sleep(3)  # the broker looks for expired segments all the time
    found = read(stack.kafka, name)
    times = [message.timestamp()[1] for message in found]
    assert len(found) == 22
    assert times == sorted(times)
    assert all(abs(at - now_ms) < 5 * 60_000 for at in times)


def test_outsiders_topics_have_the_brokers_time() -> None:
    assert [topic.name for topic in TOPICS if topic.broker_time] == ["documents.submitted"]
    assert all(topic.broker_time for topic in TOPICS if "any" in topic.writers)
