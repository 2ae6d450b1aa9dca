"""Runs on an MLflow server, through its client alone: nothing global is set."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Read when MLflow is imported: fail soon instead of trying for minutes, and send nothing to anybody else.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

from brevity.common.errors import Unavailable
from brevity.trainer.tracking.port import Run, flat

_LONGEST_PARAMETER = 6_000
_TIMEOUT = "MLFLOW_HTTP_REQUEST_TIMEOUT"
_SLOWEST_BYTES_A_SECOND = 10_000_000
_MOST_METRICS = 1_000
"""That the server takes at once."""


@contextmanager
def reached(url: str) -> Generator[None]:
    """MLflow's errors as Unavailable."""
    try:
        yield
    except MlflowException as error:
        raise Unavailable(
            f"MLflow at {url} does not do it: {error.error_code}: {str(error)[:300]}",
            code="mlflow",
            remedy="Is the MLflow server running? BREVITY_TRAINER_MLFLOW_URL says where it should be.",
        ) from error
    except OSError as error:
        raise Unavailable(
            f"MLflow at {url} does not answer: {type(error).__name__}",
            code="mlflow",
            remedy="Is the MLflow server running? BREVITY_TRAINER_MLFLOW_URL says where it should be.",
        ) from error


class MlflowTracker:
    """Args: public_url: The server's address for links, where it differs."""

    def __init__(self, url: str, public_url: str | None = None) -> None:
        self._url = url
        self._public = (public_url or url).rstrip("/")
        self._client = MlflowClient(url, url)

    def begin(self, experiment: str, name: str, *, run_id: str | None = None) -> Run:
        with reached(self._url):
            if run_id is not None:
                run = self._client.get_run(run_id)
                self._client.update_run(run_id, status="RUNNING")
            else:
                found = self._client.get_experiment_by_name(experiment)
                place = found.experiment_id if found else self._client.create_experiment(experiment)
                run = self._client.create_run(place, run_name=name)
        address = f"{self._public}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"
        return _MlflowRun(self._client, self._url, run.info.run_id, address)


class _MlflowRun:
    def __init__(self, client: MlflowClient, server: str, run_id: str, url: str | None) -> None:
        self._client = client
        self._server = server
        self.run_id = run_id
        self.url = url

    def parameters(self, values: Mapping[str, Any]) -> None:
        params = [Param(k, str(v)[:_LONGEST_PARAMETER]) for k, v in flat(values).items()]
        with reached(self._server):
            self._client.log_batch(self.run_id, params=params)

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        self.series([(step, values)])

    def series(self, points: Sequence[tuple[int, Mapping[str, float]]]) -> None:
        now = _now_ms()
        found = [
            Metric(name, float(value), now, step) for step, values in points for name, value in values.items()
        ]
        with reached(self._server):
            for begin in range(0, len(found), _MOST_METRICS):
                self._client.log_batch(self.run_id, metrics=found[begin : begin + _MOST_METRICS])

    def tags(self, values: Mapping[str, str]) -> None:
        with reached(self._server):
            self._client.log_batch(self.run_id, tags=[RunTag(k, v) for k, v in values.items()])

    def file(self, name: str, data: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / Path(name).name
            path.write_bytes(data)
            self._send(path, Path(name).parent)

    def artifact(self, path: Path) -> None:
        self._send(path, Path())

    def _send(self, path: Path, parent: Path) -> None:
        with reached(self._server), _patience(path.stat().st_size):
            self._client.log_artifact(self.run_id, str(path), None if parent == Path() else str(parent))

    def finish(self, *, succeeded: bool) -> None:
        with reached(self._server):
            self._client.set_terminated(self.run_id, "FINISHED" if succeeded else "FAILED")


@contextmanager
def _patience(size_bytes: int) -> Generator[None]:
    """Waits longer for the answer on a large artifact: the server first passes it on to its own store."""
    usual = os.environ[_TIMEOUT]
    os.environ[_TIMEOUT] = str(max(int(usual), size_bytes // _SLOWEST_BYTES_A_SECOND))
    try:
        yield
    finally:
        os.environ[_TIMEOUT] = usual


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
