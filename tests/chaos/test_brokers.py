"""Three brokers, two stages: nothing is lost or doubled when brokers die, restart or are cut off, when a process stands
still past its transaction timeout, and when two versions of Brevity work on the same topics."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from deploy.local.java import ROOT

from brevity.common.storage.s3 import S3ObjectStore
from tests.chaos.flow import Flow, Wave
from tests.support.cluster import Cluster, Namespace
from tests.support.processes import Supervised, wait_until
from tests.support.stack import require_local_stack

pytestmark = [pytest.mark.stack, pytest.mark.chaos_large, pytest.mark.timeout(900)]

_DOCUMENTS = 600
_BEFORE = "b1a2966"
"""The version before positions carried the id of their log."""
_CUT_SECONDS = 20.0  # a broker that is silent for 9 s is fenced by the controller
_STILL_SECONDS = 25.0  # the transaction timeout is 15 s, the session 6 s
_POINTS = ("begun", "queued", "written", "offsets")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Generator[Cluster]:
    require_local_stack()
    with ExitStack() as stay:
        namespace = stay.enter_context(Namespace()) if Namespace.possible() else None
        running = stay.enter_context(Cluster(tmp_path_factory.mktemp("cluster"), namespace))
        S3ObjectStore(running.s3).ensure_bucket()
        yield running


@pytest.fixture(scope="module")
def calm(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> float:
    """Seconds of the undisturbed run."""
    with Flow(cluster, tmp_path_factory.mktemp("logs"), "calm") as flow:
        _two_of_each(flow)
        wave = flow.wave("run", _DOCUMENTS)
    print(f"\nundisturbed: {wave}")
    assert wave.clean, str(wave)
    return wave.seconds


def _two_of_each(flow: Flow) -> None:
    """Two processes of each stage, at work."""
    for name in ("a", "b"):
        flow.ingest(name)
        flow.echo(name, named=name == "a")
    assert flow.wave("start", 50).clean


def _assert_kept(flow: Flow, wave: Wave, calm: float) -> None:
    print(f"\n{flow.name}: {wave.seconds / calm:.1f} times the undisturbed run: {wave}")
    assert wave.clean, str(wave)
    assert not flow.unexpected_exits()
    assert wave.in_flight > 0, "nothing was in flight: the fault hit nothing"


def _in_sync(cluster: Cluster) -> None:
    wait_until("all replicas in sync", cluster.in_sync, seconds=240)


def test_processes_that_stand_still_past_their_transaction_timeout(
    cluster: Cluster, calm: float, tmp_path: Path
) -> None:
    with Flow(cluster, tmp_path, "still") as flow:
        ingest = flow.ingest("a")
        flow.ingest("b")
        stopping = [flow.echo(point, named=point == "begun", still=point) for point in _POINTS]
        flow.echo("other")
        assert flow.wave("start", 50).clean

        def stand_still() -> None:
            for process in stopping:
                os.kill(process.pid, signal.SIGUSR1)
            os.kill(ingest.pid, signal.SIGSTOP)
            began = time.monotonic()
            wait_until("all stand in a transaction", lambda: all(map(_stopped, stopping)), seconds=60)
            print(f"\nall stood after {time.monotonic() - began:.1f} s")
            time.sleep(_STILL_SECONDS)
            for process in (*stopping, ingest):
                os.kill(process.pid, signal.SIGCONT)

        wave = flow.wave("run", 2 * _DOCUMENTS, stand_still)
        _assert_kept(flow, wave, calm)
        assert flow.wave("after", 100).clean  # they work on, or have made room for those that do


def _stopped(process: Supervised) -> bool:
    return psutil.Process(process.pid).status() == psutil.STATUS_STOPPED


def test_two_versions_on_the_same_topics_and_back(cluster: Cluster, calm: float, tmp_path: Path) -> None:
    before = _version_before(tmp_path / "before") | {
        "BREVITY_KAFKA_BOOTSTRAP_SERVERS": cluster.brokers[0].address  # its readers take no more than one
    }
    with Flow(cluster, tmp_path, "versions") as flow:
        flow.ingest("a", before)
        flow.echo("a", before)
        assert flow.wave("old", 100).clean

        def upgrade() -> None:
            flow.ingest("b")
            flow.echo("b", named=False)
            time.sleep(8)  # side by side
            flow.leave("ingest-a", "echo-a")
            time.sleep(4)
            flow.ingest("a")
            flow.echo("a")

        def back() -> None:
            flow.leave("ingest-b", "echo-b")
            flow.ingest("b", before)
            flow.echo("b", before, named=False)
            time.sleep(8)
            flow.leave("ingest-a", "echo-a")
            flow.ingest("a", before)
            flow.echo("a", before)

        for name, change in (("upgrade", upgrade), ("back", back), ("again", lambda: _anew(flow))):
            wave = flow.wave(name, _DOCUMENTS, change)
            print(f"\n{name}:", end="")
            _assert_kept(flow, wave, calm)


def _anew(flow: Flow) -> None:
    """All at once from the version before to this one."""
    names = ("ingest-a", "echo-a", "ingest-b", "echo-b")
    flow.leave(*names)
    for name in ("a", "b"):
        flow.ingest(name)
        flow.echo(name, named=name == "a")


def test_a_broker_killed(cluster: Cluster, calm: float, tmp_path: Path) -> None:
    def kill() -> None:
        cluster.brokers[0].kill()
        time.sleep(3)
        cluster.brokers[0].start()
        cluster.brokers[0].wait_ready()

    with Flow(cluster, tmp_path, "kill") as flow:
        _two_of_each(flow)
        wave = flow.wave("run", _DOCUMENTS, kill)
        _assert_kept(flow, wave, calm)
    _in_sync(cluster)


def test_a_rolling_restart(cluster: Cluster, calm: float, tmp_path: Path) -> None:
    def roll() -> None:
        for broker in cluster.brokers:
            broker.restart()
            _in_sync(cluster)

    with Flow(cluster, tmp_path, "rolling") as flow:
        _two_of_each(flow)
        _assert_kept(flow, flow.wave("run", _DOCUMENTS, roll), calm)


def test_a_broker_cut_off(cluster: Cluster, calm: float, tmp_path: Path) -> None:
    namespace = cluster.namespace
    if namespace is None:
        pytest.skip("needs root and `ip`, for a network namespace")

    def cut() -> None:
        namespace.cut()
        time.sleep(_CUT_SECONDS)
        namespace.join()

    with Flow(cluster, tmp_path, "cut") as flow:
        _two_of_each(flow)
        _assert_kept(flow, flow.wave("run", _DOCUMENTS, cut), calm)
    _in_sync(cluster)


def _version_before(folder: Path) -> dict[str, str]:
    """The variables with which a process runs that version's code."""
    folder.mkdir()
    packed = folder / "source.tar"
    asked = ["git", "-C", str(ROOT), "archive", "-o", str(packed), _BEFORE, "libs", "services"]
    if subprocess.run(asked, capture_output=True, check=False).returncode != 0:
        pytest.skip(f"needs commit {_BEFORE} in the clone")
    subprocess.run(["tar", "-xf", str(packed), "-C", str(folder)], check=True)
    sources = sorted(str(source) for source in folder.glob("*/*/src"))
    environ = {"PYTHONPATH": os.pathsep.join(sources)}
    told = subprocess.run(
        [sys.executable, "-c", "import brevity.common, brevity.ingest as i; print(*brevity.common.__path__, *i.__path__)"],
        env=os.environ | environ, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert all(path.startswith(str(folder)) for path in told.stdout.split()), told.stdout
    return environ
