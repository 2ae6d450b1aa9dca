"""The policy over time, beside Ray Serve's own, on simulated replicas."""

from ray.serve.autoscaling_policy import replica_queue_length_autoscaling_policy as by_ongoing_requests

from brevity.summarize.serving.policy import DrainPolicy
from tests.support.replicas import DOCUMENTS_A_CALL, REPORTED_EVERY, Cluster, Policy

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
    cluster.run(600, arriving=2.5 * DOCUMENTS_A_CALL / 2.0)  # work for two and a half
    settled = len(cluster.changes)
    cluster.run(1_800, arriving=2.5 * DOCUMENTS_A_CALL / 2.0)
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
