"""A real MLflow server for the session, and trainer processes of one's own."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from deploy.local.tracking import MlflowServer
from mlflow import MlflowClient

from tests.support.stack import Stack
from tests.support.trainer_service import TrainerService


@pytest.fixture(scope="session")
def mlflow_server(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Generator[MlflowServer]:
    server = MlflowServer(stack.free_port(), tmp_path_factory.mktemp("mlflow"), stack.s3)
    server.start()
    try:
        server.wait_ready()
        yield server
    finally:
        server.stop()


@pytest.fixture
def trainer(stack: Stack, mlflow_server: MlflowServer, tmp_path: Path) -> TrainerService:
    """A trainer that is not running yet, and a registry that holds nothing of the tests before."""
    service = TrainerService(stack, mlflow_server, tmp_path)
    client = MlflowClient(service.mlflow_url, service.mlflow_url)
    for model in client.search_registered_models():
        client.delete_registered_model(model.name)
    return service
