"""The policy over time, beside Ray Serve's own, on simulated replicas; and what it makes of the reports it gets."""

import pytest
from ray.serve._private.common import TimeStampedValue
from ray.serve.autoscaling_policy import replica_queue_length_autoscaling_policy as by_ongoing_requests

from brevity.summarize.serving.policy import DrainPolicy
from brevity.summarize.serving.workload import BEHIND
from tests.support.replicas import DOCUMENTS_A_CALL, REPORTED_EVERY, Cluster, Policy, context

DRAIN = 60.0
SEEN_AFTER = REPORTED_EVERY + 3.0
"""The age that what replicas report may have."""


def warm(policy: Policy, *, call_seconds: float, load_seconds: float) -> Cluster:
    """A cluster that has been asked before, and then was idle."""
    cluster = Cluster(policy, call_seconds=call_seconds, load_seconds=load_seconds)
    cluster.documents += 2 * DOCUMENTS_A_CALL
    cluster.drain()
    cluster.run(90)
    cluster.changes.clear()
    return cluster


def burst(policy: Policy, calls: int, *, call_seconds: float, load_seconds: float) -> tuple[Cluster, float]:
    cluster = warm(policy, call_seconds=call_seconds, load_seconds=load_seconds)
    cluster.documents += calls * DOCUMENTS_A_CALL
    return cluster, cluster.drain()


def test_a_burst_that_is_over_before_a_model_is_loaded_starts_no_replica() -> None:
    ours, seconds = burst(DrainPolicy(DRAIN), 24, call_seconds=1.0, load_seconds=30.0)
    assert ours.changes == []
    # Serve's own policy starts some, and they come too late to be asked for anything.
    theirs, not_sooner = burst(by_ongoing_requests, 24, call_seconds=1.0, load_seconds=30.0)
    started = [*theirs.replicas[1:], *theirs.stopped]
    assert len(started) >= 4
    assert [replica.calls for replica in started] == [0] * len(started)
    assert not_sooner == seconds


def test_a_backlog_on_the_topic_is_drained_within_the_wanted_time_and_the_load_time() -> None:
    for load_seconds in (5.0, 30.0, 120.0):
        for calls in (100, 400, 700):
            cluster, seconds = burst(DrainPolicy(DRAIN), calls, call_seconds=1.0, load_seconds=load_seconds)
            assert seconds <= SEEN_AFTER + load_seconds + DRAIN + 2.0, (load_seconds, calls, cluster.changes)
            assert all(replica.calls for replica in [*cluster.replicas, *cluster.stopped])


def test_no_more_are_started_than_the_backlog_needs() -> None:
    cluster, _ = burst(DrainPolicy(DRAIN), 240, call_seconds=1.0, load_seconds=20.0)
    most = max(number for _, number in cluster.changes)
    assert 4 <= most <= 7  # 240 s of work, 20 of them before new ones are there, 40 for the rest


def test_serves_own_policy_sees_no_backlog_beyond_its_queue() -> None:
    few, _ = burst(by_ongoing_requests, 40, call_seconds=1.0, load_seconds=20.0)
    many, _ = burst(by_ongoing_requests, 1_500, call_seconds=1.0, load_seconds=20.0)
    assert max(n for _, n in few.changes) == max(n for _, n in many.changes)
    ours, _ = burst(DrainPolicy(DRAIN), 1_500, call_seconds=1.0, load_seconds=20.0)
    assert max(n for _, n in ours.changes) == ours.most


def test_a_steady_stream_is_carried_without_swinging() -> None:
    cluster = warm(DrainPolicy(DRAIN), call_seconds=2.0, load_seconds=20.0)
    cluster.run(400, arriving=2.5 * DOCUMENTS_A_CALL / 2.0)  # work for two and a half
    settled = len(cluster.changes)
    cluster.run(900, arriving=2.5 * DOCUMENTS_A_CALL / 2.0)
    assert len(cluster.changes) - settled <= 1
    assert 3 <= cluster.target <= 4
    assert cluster.left < 2.5 * DOCUMENTS_A_CALL / 2.0 * DRAIN


def test_when_nothing_comes_any_more_all_but_the_fewest_go() -> None:
    cluster, _ = burst(DrainPolicy(DRAIN), 400, call_seconds=1.0, load_seconds=20.0)
    assert cluster.target > 3
    cluster.run(240)
    assert cluster.target == 1


def test_bursts_that_come_again_within_a_load_time_find_replicas_there() -> None:
    for load_seconds, kept in ((120.0, True), (20.0, False)):
        cluster, _ = burst(DrainPolicy(DRAIN), 600, call_seconds=1.0, load_seconds=load_seconds)
        started = cluster.target
        assert started > 8
        cluster.run(100)
        assert (cluster.target > started / 2) is kept
        cluster.run(300)
        assert cluster.target == 1


Reports = dict[str, dict[object, list[TimeStampedValue]]]
SPEED = 100.0


def reports(
    replicas: int, behind: dict[tuple[str, int], tuple[float, float]], now: float = 1_000.0
) -> Reports:
    """Of replicas of the same speed; `behind` by stage and replica: when it was heard, and how many documents."""
    each = {
        "tokens_per_second": SPEED,
        "tokens_per_document": 10.0,
        "tokens_per_call": 100.0,
        "load_seconds": 20.0,
    }
    each |= {"tokens_in_work": 0.0, "busy_ratio": 1.0}
    found: Reports = {
        name: {number: [TimeStampedValue(now, value)] for number in range(replicas)}
        for name, value in each.items()
    }
    for (stage, number), said in behind.items():
        found.setdefault(BEHIND + stage, {})[number] = [TimeStampedValue(*said)]
    return found


def asked(
    policy: DrainPolicy, found: Reports, *, ready: int = 1, now: float = 1_000.0, queued: int = 0
) -> int:
    return policy(context(found, now=now, running=ready, target=ready, queued=queued))[0]


def test_stages_add_up_and_the_newest_word_of_each_counts() -> None:
    minutes = SPEED * 60 / 10  # documents that take one replica a minute

    def found(older: float, newer: float, other: float) -> int:
        said = {("a", 0): (990.0, older), ("a", 1): (995.0, newer), ("b", 0): (980.0, other)}
        return asked(DrainPolicy(DRAIN), reports(2, said), ready=2)

    assert found(0, 2 * minutes, 2 * minutes) > 2
    assert found(99 * minutes, minutes, 0.9 * minutes) == 2
    assert found(0, 1.9 * minutes, 0) == 2


def test_a_stage_that_was_not_heard_for_long_has_nothing_waiting() -> None:
    policy = DrainPolicy(DRAIN)
    assert asked(policy, reports(1, {("a", 0): (995.0, 10_000)})) > 1
    assert asked(policy, reports(1, {}, 1_050.0), now=1_050.0) > 1  # said a while ago, and still so
    assert asked(policy, reports(1, {}, 1_058.0), now=1_058.0) == 1


def test_what_is_queued_counts_by_the_mean_of_a_call() -> None:
    assert asked(DrainPolicy(DRAIN), reports(1, {}), queued=59) == 1
    assert asked(DrainPolicy(DRAIN), reports(1, {}), queued=61) == 2


def test_when_nobody_reports_the_number_is_held() -> None:
    policy = DrainPolicy(DRAIN)
    asked(policy, reports(4, {}), ready=4)
    nothing: list[Reports] = [{}, {name: {0: []} for name in reports(1, {("a", 0): (0.0, 1.0)})}]
    for now, found in zip((1_001.0, 1_500.0), nothing, strict=True):
        assert asked(policy, found, ready=4, now=now, queued=30) == 4


def test_a_wanted_time_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        DrainPolicy(0)
