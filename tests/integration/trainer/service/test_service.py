"""The whole trainer process beside real Kafka, MongoDB-wire store, S3 and MLflow, on real documents."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Producer
from mlflow import MlflowClient

from brevity.common.events import DriftDetected, TrainingRequested, encode
from brevity.common.events.base import Event
from brevity.common.events.learning import Window
from brevity.common.ids import content_hash
from brevity.trainer.data.bucket import Bucket
from tests.support.stack import Stack
from tests.support.topics import read_json
from tests.support.trainer import wait_for
from tests.support.trainer_service import BAD, GOOD, SMALL, TrainerService, trained

pytestmark = [pytest.mark.stack, pytest.mark.timeout(420)]


def champion(service: TrainerService) -> dict[str, Any]:
    return service.get("/v1/models/extractive/versions/champion")


def send(stack: Stack, event: Event) -> None:
    record = encode(event, source="test", time=datetime.now(UTC))
    producer = Producer({"bootstrap.servers": stack.kafka.bootstrap_servers})
    producer.produce(record.topic, key=record.key, value=record.value, headers=list(record.headers))
    assert producer.flush(20) == 0


def last_status(stack: Stack, job_id: str) -> dict[str, Any]:
    found = read_json(stack.kafka, "training.status")
    return next((item for item in reversed(found) if item.get("job_id") == job_id), {})


def test_a_model_trained_on_shuffled_references_is_refused_and_a_good_one_takes_its_place(
    service: TrainerService, refused: dict[str, Any], stack: Stack
) -> None:
    before = champion(service)
    bad = refused
    assert (bad["state"], bad["outcome"]) == ("succeeded", "refused"), bad["message"]
    assert champion(service)["version"] == before["version"]
    shown = service.get(f"/v1/models/extractive/versions/{bad['version']}")
    assert (shown["decision"], shown["stage"], shown["aliases"]) == ("refused", "Staging", ["challenger"])
    assert shown["evidence"]["checks"]["quality"]["ok"] is False

    said = service.brevity("models", "promote", bad["version"], "--reason", "to be beaten")
    assert said.returncode == 0, said.stderr
    assert champion(service)["version"] == bad["version"]

    good = trained(service, GOOD)
    assert (good["state"], good["outcome"]) == ("succeeded", "promoted"), good["message"]
    now = champion(service)
    assert (now["version"], now["stage"], now["decision"]) == (good["version"], "Production", "promoted")
    data = Bucket(service.s3).get(f"models/extractive/{now['version']}/model.json")
    assert content_hash(data) == now["artifact"]["sha256"]
    event = service.get("/v1/models/extractive/promotions")[0]
    assert (event["version"], event["decided_by"]) == (good["version"], "gate")
    assert event["metrics"]["rouge2_gain_low"] > 0
    wait_for("the topic knows", lambda: last_status(stack, good["job_id"]).get("state") == "succeeded")
    _logged_whole(service, good, data)


def _logged_whole(service: TrainerService, job: dict[str, Any], model: bytes) -> None:
    """The run holds what point by point makes a training repeatable and comparable, and the very model."""
    client = MlflowClient(service.mlflow_url)
    run = client.get_run(job["mlflow_run_id"])
    assert run.info.status == "FINISHED"
    assert run.data.params["recipe.trees"] == "40"
    assert run.data.params["data_version"].startswith("data-")
    for measure in ("rouge1", "rouge2", "rouge_l", "faithfulness", "length", "seconds"):
        whole = {f"candidate_{measure}", f"champion_{measure}"}
        assert whole <= run.data.metrics.keys()
        for group in ("language.en", "set.c", "set.t", "length.short", "origin.frozen"):
            assert {f"{group}.{measure}", f"{group}.{measure}_champion"} <= run.data.metrics.keys()
    losses = client.get_metric_history(run.info.run_id, "train_loss")
    assert [point.step for point in losses] == list(range(1, 41))
    assert losses[-1].value < losses[0].value
    assert len(client.get_metric_history(run.info.run_id, "held_out_loss")) == 40
    tags = run.data.tags
    assert {"python", "cpu", "package.brevity-trainer", "package.lightgbm"} <= tags.keys()
    assert len(tags["mlflow.source.git.commit"]) == 40
    assert tags["git.dirty"] in {"true", "false"}

    def names(folder: str | None = None) -> set[str]:
        return {item.path for item in client.list_artifacts(run.info.run_id, folder)}

    assert {"model.json", "recipe.json", "data_card.json"} <= names()
    assert names("environment") == {"environment/environment.json", "environment/requirements.txt"}
    assert names("evaluation") == {"evaluation/decision.json", "evaluation/pairs.jsonl"}
    drawn = {f"plots/{name}.svg" for name in ("learning_curve", "rouge_by_set", "gain", "length")}
    assert names("plots") == drawn
    with httpx.Client(base_url=service.mlflow_url, trust_env=False, timeout=30) as server:

        def artifact(path: str) -> bytes:
            return server.get("/get-artifact", params={"path": path, "run_uuid": run.info.run_id}).content

        assert artifact("model.json") == model
        assert artifact("plots/rouge_by_set.svg").startswith(b"<svg")
        card = json.loads(artifact("data_card.json"))
        kept = service.get(f"/v1/models/extractive/versions/{job['version']}/evaluation")
        assert json.loads(artifact("evaluation/decision.json"))["checks"] == kept["checks"]
    assert card["version"] == run.data.params["data_version"]
    assert (kept["passes"], kept["parent"]) == (True, None)
    assert kept["champion"].startswith("extractive/")
    assert all({"ok", "why", "value", "relation", "bound"} == set(check) for check in kept["checks"].values())


@pytest.mark.chaos_large
def test_a_smaller_variant_is_held_against_its_parent_and_need_not_gain(service: TrainerService) -> None:
    parent = champion(service)
    wanted = {"dataset": GOOD, "variant_of": "champion"}
    # The same trees again but the last: what an optimisation does, a little less of the same.
    kept = service.ended(service.post("/v1/train", {**wanted, "parameters": {"trees": 39}})["job_id"])
    assert (kept["state"], kept["outcome"]) == ("succeeded", "promoted"), kept["message"]
    assert "of its parent's ROUGE-2" in kept["message"]
    variant = champion(service)
    assert (variant["version"], variant["variant_of"]) == (
        kept["version"],
        f"extractive/{parent['version']}",
    )

    # A stump is small, and keeps too little of the parent, which is no longer the champion.
    wanted = {"dataset": BAD, "variant_of": parent["version"], "parameters": {"trees": 1, "num_leaves": 2}}
    lost = service.ended(service.post("/v1/train", wanted)["job_id"])
    assert (lost["state"], lost["outcome"]) == ("succeeded", "refused"), lost["message"]
    checks = service.get(f"/v1/models/extractive/versions/{lost['version']}")["evidence"]["checks"]
    assert (checks["variant"]["ok"], checks["quality"]["ok"]) == (False, False)
    assert "of its parent's ROUGE-2" in checks["variant"]["why"]

    unknown = service.ended(service.post("/v1/train", {"dataset": GOOD, "variant_of": "99"})["job_id"])
    assert (unknown["state"], unknown["code"]) == ("failed", "not_found")


@pytest.mark.chaos_large
def test_the_same_data_and_recipe_give_the_same_model_and_another_seed_gives_another(
    service: TrainerService,
) -> None:
    jobs = [trained(service, BAD, seed=seed) for seed in (1, 1, 2)]
    versions = [service.get(f"/v1/models/extractive/versions/{job['version']}") for job in jobs]
    first, again, other = (item["artifact"]["sha256"] for item in versions)
    assert first == again
    assert first != other
    assert len({item["data_version"] for item in versions}) == 1
    assert len({item["version"] for item in versions}) == 3


def test_a_job_is_followed_as_a_stream_until_it_ends(service: TrainerService) -> None:
    job = service.post("/v1/train", {"dataset": BAD, "parameters": SMALL})
    url = f"http://127.0.0.1:{service.port}/v1/train/{job['job_id']}/events"
    seen: list[dict[str, Any]] = []
    with httpx.stream("GET", url, trust_env=False, timeout=120) as answer:
        lines = (line for line in answer.iter_lines() if line.startswith("data: "))
        seen.extend(json.loads(line.removeprefix("data: ")) for line in lines)
    assert seen[-1]["state"] == "succeeded"
    assert {"data", "train", "evaluate"} & {item["step"] for item in seen}
    shares = [item["progress"] for item in seen]
    assert shares == sorted(shares)
    assert "run_url" in seen[-1]


def test_requests_on_the_topic_become_jobs_and_wrong_ones_say_why(
    service: TrainerService, stack: Stack
) -> None:
    common: dict[str, Any] = {"reason": "person", "model": "m", "requested_at": datetime.now(UTC)}
    send(stack, TrainingRequested(job_id="job-wrong-engine", engine="magic", **common))
    send(
        stack,
        TrainingRequested(
            job_id="job-wrong-parameter", engine="extractive", parameters={"tress": 1}, **common
        ),
    )
    for name, code in (("job-wrong-engine", "unknown_engine"), ("job-wrong-parameter", "bad_request")):
        wait_for(f"{name} is there", lambda name=name: name in _names(service))
        failed = service.get(f"/v1/train/{name}")
        assert (failed["state"], failed["code"]) == ("failed", code)
    assert "tress" in failed["message"]


def test_a_burst_of_drift_alarms_is_one_training_with_the_reason_it_is_worth_it(
    service: TrainerService, stack: Stack
) -> None:
    wait_for("nothing runs", lambda: not [j for j in service.get("/v1/train") if not j["finished_at"]])
    now = datetime.now(UTC)
    window = Window(first_at=now, last_at=now, count=100)
    for number in range(3):
        send(
            stack,
            DriftDetected(
                drift_id=f"drift-{number}-{service.port}",
                monitor=f"monitor-{number}",
                model_version="extractive-0123",
                statistic=9.0,
                threshold=5.0,
                effect=-0.2,
                reference=window,
                current=window,
                detected_at=now,
            ),
        )
    (job,) = wait_for("it asks", lambda: [j for j in service.get("/v1/train") if j["reason"] == "drift"])
    assert "3 alarms of monitor-0, monitor-1, monitor-2" in job["detail"]
    assert "worth it" in job["detail"]
    service.post(f"/v1/train/{job['job_id']}/cancel")
    assert service.ended(job["job_id"])["state"] == "cancelled"
    time.sleep(1.5)  # three turns of the watch
    assert len([j for j in service.get("/v1/train") if j["reason"] == "drift"]) == 1


def test_the_commands_show_jobs_versions_and_data(service: TrainerService, tmp_path: Path) -> None:
    jobs = service.brevity("train", "status", "--json")
    assert jobs.returncode == 0, jobs.stderr
    assert all(json.loads(line)["job_id"] for line in jobs.stdout.splitlines())
    versions = json.loads(service.brevity("models", "list", "--json").stdout)
    assert "1" in {item["version"] for item in versions}
    compared = service.brevity("models", "compare", "1", "--documents", "5")
    assert "ROUGE-2" in compared.stdout, compared.stderr
    built = service.brevity("data", "build", "--set", "clinic", "--no-feedback").stdout.strip()
    for folder in ("a", "b"):
        assert service.brevity("data", "checkout", built, "--out", str(tmp_path / folder)).returncode == 0
    first, second = ((tmp_path / folder / "data.parquet").read_bytes() for folder in ("a", "b"))
    assert first == second
    unknown = service.brevity("train", "status", "job-nobody")
    assert unknown.returncode == 1
    assert "there is no job" in unknown.stderr


def _names(service: TrainerService) -> set[str]:
    return {item["job_id"] for item in service.get("/v1/train")}
