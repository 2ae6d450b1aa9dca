"""Runs of jobs that have ended are closed, also when the job's process was killed; others are left alone."""

from __future__ import annotations

import uuid

import pytest
from deploy.local.tracking import MlflowServer
from mlflow import MlflowClient

from brevity.trainer.jobs.store import Jobs
from brevity.trainer.tracking.closing import OpenRuns
from brevity.trainer.tracking.mlflow import MlflowTracker
from tests.support.stack import Stack
from tests.support.trainer import fresh_store, job

pytestmark = pytest.mark.stack


def test_the_run_of_a_job_that_has_ended_is_closed_whatever_became_of_its_process(
    stack: Stack, mlflow_server: MlflowServer
) -> None:
    store = fresh_store(stack)
    jobs = Jobs(store)
    url = f"http://{mlflow_server.address}"
    tracker, name = MlflowTracker(url), uuid.uuid4().hex[:8]
    states = {"cancelled": "KILLED", "failed": "FAILED", "succeeded": "FINISHED", "queued": "RUNNING"}
    runs: dict[str, str] = {}
    for state in (*states, "unknown"):
        job_id = f"{name}-{state}"
        if state != "unknown":
            jobs.add(job(job_id).model_copy(update={"state": state}))
        runs[state] = tracker.begin("brevity-m", job_id).run_id
    OpenRuns(url, jobs).turn()
    client = MlflowClient(url)
    found = {state: client.get_run(run_id).info.status for state, run_id in runs.items()}
    assert found == {**states, "unknown": "RUNNING"}
    store.close()
