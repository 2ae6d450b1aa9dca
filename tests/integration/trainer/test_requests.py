"""What was asked of the trainer and taken by Kafka is taken, whatever the store says."""

from __future__ import annotations

import pytest

from brevity.common.events import TrainingStatus
from brevity.common.kafka.producer import AcknowledgedProducer
from brevity.trainer.jobs.store import Jobs
from brevity.trainer.requests import Requests
from tests.support.stack import Stack
from tests.support.topics import read_json
from tests.support.trainer import fresh_store

pytestmark = pytest.mark.stack


def test_a_training_that_kafka_has_is_taken_while_the_store_is_away(stack: Stack) -> None:
    store = fresh_store(stack)
    requests = Requests(Jobs(store), AcknowledgedProducer(stack.kafka, TrainingStatus.topic), 2)
    stack.mongo_server.kill()
    try:
        job = requests.request(model="m", engine="extractive", reason="person")
        assert job.state == "queued"
        taken = read_json(stack.kafka, "training.requested")
        assert job.job_id in {event.get("job_id") for event in taken}
    finally:
        stack.mongo_server.start()
        stack.mongo_server.wait_ready()
        store.close()
