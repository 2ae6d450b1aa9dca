"""The registry kept by MLflow on PostgreSQL, as containers and Kubernetes run it."""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

import pytest
from deploy.local.tracking import MlflowServer
from sqlalchemy import create_engine, text

from brevity.common.contracts.vocabulary import Decision
from brevity.common.settings import S3Settings
from brevity.trainer.data.bucket import Bucket
from brevity.trainer.registry import CHALLENGER, CHAMPION, Registry
from tests.support.postgres import Postgres, postgres
from tests.support.stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]


class MlflowOnPostgres(MlflowServer):
    """Its records' address comes from the environment, as docker-compose.yml and deploy/k8s/base/mlflow.yaml give it."""

    def __init__(self, port: int, folder: Path, s3: S3Settings, uri: str) -> None:
        super().__init__(port, folder, s3)
        self._bucket = s3.bucket
        self._uri = uri

    def command(self) -> Sequence[str]:
        return [
            *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port)),
            *("--workers", "1", "--artifacts-destination", f"s3://{self._bucket}/mlflow"),
        ]

    def environ(self) -> Mapping[str, str]:
        return {**super().environ(), "MLFLOW_BACKEND_STORE_URI": self._uri}


@pytest.fixture
def database() -> Generator[Postgres]:
    with postgres() as server:
        yield server


@pytest.fixture
def mlflow(stack: Stack, database: Postgres, tmp_path: Path) -> Generator[MlflowOnPostgres]:
    server = MlflowOnPostgres(stack.free_port(), tmp_path, stack.s3, database.uri)
    server.start()
    try:
        server.wait_ready()
        yield server
    finally:
        server.stop()


def test_versions_aliases_and_decisions_are_in_postgresql_and_read_back(
    stack: Stack, database: Postgres, mlflow: MlflowOnPostgres, tmp_path: Path
) -> None:
    model = "on-postgres"
    registry = Registry(f"http://{mlflow.address}", Bucket(stack.s3))
    file = tmp_path / "registered"
    for content in ("first", "second"):
        file.write_text(content)
        registry.register(model, "extractive", file, run_id=None, job_id=f"job-{content}")
    second, first = registry.versions(model)
    registry.crown(first, None)
    registry.challenge(second)
    evidence = {
        "difference": 0.01,
        "sets": ["clinic", "tldr"],
        "notes": "x" * 4_700,
    }  # a tag as long as they get
    registry.decide(second, Decision.PROMOTED, "better on all", evidence)
    registry.crown(second, first)
    registry.challenge(first)
    found = registry.versions(model)

    assert [(version.version, version.aliases, version.stage) for version in found] == [
        ("2", (CHAMPION,), "Production"),
        ("1", (CHALLENGER,), "Archived"),
    ]
    assert found[0].evidence == evidence
    assert registry.read(found[0], tmp_path / "read").read_text() == "second"
    engine = create_engine(database.uri)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT alias, version FROM registered_model_aliases ORDER BY alias"))
        assert [tuple(row) for row in rows] == [(CHALLENGER, 1), (CHAMPION, 2)]
    engine.dispose()
