"""Ends the runs of jobs that have ended: a process that was killed could not end its own."""

from __future__ import annotations

from mlflow import MlflowClient

from brevity.common.contracts.vocabulary import JobState
from brevity.common.errors import Rejected
from brevity.common.observability.logging import get_logger
from brevity.trainer.jobs.store import Jobs
from brevity.trainer.tracking.mlflow import reached

log = get_logger(__name__)

_MOST_RUNS = 1_000
_STATUS: dict[JobState, str] = {"succeeded": "FINISHED", "failed": "FAILED", "cancelled": "KILLED"}


class OpenRuns:
    """Looks at what MLflow says still runs, so that a run is found which no job ever heard of."""

    def __init__(self, url: str, jobs: Jobs) -> None:
        self._url = url
        self._client = MlflowClient(url, url)
        self._jobs = jobs

    def turn(self) -> None:
        """Raises Unavailable. Runs of jobs that this store does not know are another trainer's."""
        with reached(self._url):
            places = [
                found.experiment_id
                for found in self._client.search_experiments(filter_string="name LIKE 'brevity-%'")
            ]
            runs = (
                self._client.search_runs(places, "attributes.status = 'RUNNING'", max_results=_MOST_RUNS)
                if places
                else []
            )
        for run in runs:
            try:
                job = self._jobs.get(run.info.run_name or "")
            except Rejected:
                continue
            if (status := _STATUS.get(job.state)) is not None:
                with reached(self._url):
                    self._client.set_terminated(run.info.run_id, status)
                log.info(
                    "run of an ended job closed", job_id=job.job_id, run_id=run.info.run_id, status=status
                )
