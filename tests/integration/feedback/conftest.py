"""The store under test: the local MongoDB-wire server, and MongoDB itself where a container engine is there."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Generator

import pytest
from pydantic import SecretStr

from brevity.common.settings import MongoSettings
from brevity.common.storage.mongo import async_mongo_client
from brevity.feedback.mongo import MongoRepository
from brevity.feedback.settings import FeedbackBlock
from tests.support.feedback_service import FeedbackService, planned, running
from tests.support.stack import Stack


@pytest.fixture(scope="session")
def real_mongo() -> Generator[MongoSettings]:
    """MongoDB in a container; skips where no engine answers."""
    import docker
    from docker.errors import DockerException
    from testcontainers.community.mongodb import MongoDbContainer

    try:
        docker.from_env().ping()
    except DockerException:
        pytest.skip("needs a Docker engine")
    with MongoDbContainer("mongo:8.0") as container:
        yield MongoSettings(url=SecretStr(container.get_connection_url()))


@pytest.fixture(params=["wire", pytest.param("mongodb", marks=pytest.mark.docker)])
def mongo(request: pytest.FixtureRequest) -> MongoSettings:
    """A database of its own on each server in turn."""
    settings: MongoSettings = (
        request.getfixturevalue("stack").mongo
        if request.param == "wire"
        else request.getfixturevalue("real_mongo")
    )
    return settings.model_copy(update={"database": f"contract_{uuid.uuid4().hex[:10]}"})


@pytest.fixture
async def repository(mongo: MongoSettings) -> AsyncGenerator[MongoRepository]:
    client = async_mongo_client(mongo)
    repository = MongoRepository(client, mongo.database, FeedbackBlock())
    await repository.prepare()
    yield repository
    await client.drop_database(mongo.database)
    await client.close()


@pytest.fixture(scope="module")
def service(stack: Stack) -> Generator[FeedbackService]:
    """A running feedback process with a database of its own."""
    with running(planned(stack)) as started:
        yield started
