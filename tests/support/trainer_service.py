"""A trainer process of one's own beside a real MLflow server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from deploy.local.tracking import MlflowServer

from brevity.common.settings import MongoSettings, S3Settings
from tests.support.stack import Stack
from tests.support.trainer import wait_for

SMALL = {"trees": 40}
GOOD = {"sets": ["clinic", "tldr"], "feedback": False}
BAD = {"sets": ["shuffled"], "feedback": False}


class TrainerService:
    """Where the process listens and where it keeps things: a database and a bucket of its own."""

    def __init__(self, stack: Stack, mlflow: MlflowServer, folder: Path) -> None:
        name = uuid.uuid4().hex[:8]
        self.stack = stack
        self.mlflow_url = f"http://{mlflow.address}"
        self.port = stack.free_port()
        self.folder = folder
        self.log = folder / f"trainer-{name}.log"
        self.mongo: MongoSettings = stack.mongo.model_copy(update={"database": f"trainer_{name}"})
        self.s3: S3Settings = stack.s3.model_copy(update={"bucket": f"trainer-{name}"})

    def environ(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("BREVITY_")},
            **self.stack.environ(),
            "BREVITY_MONGO_DATABASE": self.mongo.database,
            "BREVITY_S3_BUCKET": self.s3.bucket,
            "BREVITY_HTTP_PORT": str(self.port),
            "BREVITY_HTTP_REQUEST_BURST": "100000",
            "BREVITY_TRAINER_URL": f"http://127.0.0.1:{self.port}",
            "BREVITY_TRAINER_MLFLOW_URL": self.mlflow_url,
            "BREVITY_TRAINER_LEASE_SECONDS": "3",
            "BREVITY_TRAINER_WORK_FOLDER": str(self.log.with_suffix(".work")),
            **(extra or {}),
        }

    def get(self, path: str) -> Any:
        return self._json(httpx.get(f"http://127.0.0.1:{self.port}{path}", trust_env=False, timeout=60))

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        url = f"http://127.0.0.1:{self.port}{path}"
        return self._json(httpx.post(url, json=body or {}, trust_env=False, timeout=120))

    def ended(self, job_id: str, seconds: float = 240) -> dict[str, Any]:
        """The job when it has ended."""

        def job() -> dict[str, Any] | None:
            found = self.get(f"/v1/train/{job_id}")
            return found if found["finished_at"] else None

        return wait_for(f"{job_id} ends", job, seconds)

    def brevity(
        self, *arguments: str, extra: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """The command line, as a person uses it."""
        return subprocess.run(
            [sys.executable, "-c", "from brevity.common.cli import main; main()", *arguments],
            env={**self.environ(extra), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=120,
        )

    @contextmanager
    def running(self, extra: Mapping[str, str] | None = None) -> Generator[subprocess.Popen[bytes]]:
        """The process, ready; on the way out it must end by itself, with status 0, unless it was killed."""
        with self.log.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "brevity.trainer"], env=self.environ(extra), stdout=out, stderr=out
            )
        try:
            wait_for("the trainer is ready", lambda: self._ready(process), 120)
            yield process
            killed = process.poll() is not None
            process.terminate()
            assert killed or process.wait(60) == 0, self.log.read_text()[-2000:]
        finally:
            process.kill()
            process.wait()

    def _ready(self, process: subprocess.Popen[bytes]) -> bool:
        assert process.poll() is None, self.log.read_text()[-3000:]
        try:
            return httpx.get(
                f"http://127.0.0.1:{self.port}/readyz", trust_env=False, timeout=5
            ).status_code == 200 and bool(self.get("/v1/models"))
        except httpx.TransportError:
            return False

    def _json(self, answer: httpx.Response) -> Any:
        assert not answer.is_error, answer.text
        return answer.json()


def rows_file(folder: Path, name: str, rows: Iterable[Mapping[str, str]]) -> Path:
    """A source as JSON lines."""
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in rows))
    return path


def trained(service: TrainerService, dataset: Mapping[str, Any], **parameters: Any) -> dict[str, Any]:
    """The ended job of a small training."""
    job = service.post("/v1/train", {"dataset": dataset, "parameters": {**SMALL, **parameters}})
    assert job["state"] == "queued"
    return service.ended(job["job_id"])
