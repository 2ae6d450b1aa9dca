"""Every panel and every alert against a real Prometheus that scrapes the running platform while documents go through."""

from __future__ import annotations

import math
import shutil
import time
import uuid
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest
from deploy.local.java import free_port
from deploy.local.monitoring import PrometheusServer
from deploy.local.ports import Ports
from deploy.local.services import learning

from tests.e2e.platform import PATIENCE_SECONDS, Platform, eventually
from tests.support.promql import annotation_queries, dashboards, panels, rules
from tests.unit.summarize.texts import BRIDGE

pytestmark = [
    pytest.mark.stack,
    pytest.mark.timeout(480),
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="needs Debian's package prometheus"),
]

GRAFANA = {"__rate_interval": "30s", "__range": "2m", "__range_s": "120"}

EMPTY = {
    "pipeline.json: Records lost unread": "nothing expired",
    "pipeline.json: Logs that went back": "no topic was made again",
    "pipeline.json: Records passed over": "all records could be read and kept",
    "serving.json: GPUs at work": "no GPU here",
    "serving.json: GPU memory": "no GPU here",
    "training.json: Occasions to train": "nothing happened that would ask for a training",
    "training.json: What became of promotions": "nothing was promoted",
    "training.json: A job's time": "no job ended",
}
"""Panels that show nothing without trouble, a GPU or a training, which would take longer than all the rest."""


class Asking:
    """Prometheus, as Grafana asks it."""

    def __init__(self, address: str) -> None:
        self._http = httpx.Client(base_url=f"http://{address}/api/v1", trust_env=False, timeout=60)

    def values(self, expr: str) -> list[float]:
        """Of every series that the expression gives now, but those that are no number; fails when it cannot be read."""
        answer = self._http.post("/query", data={"query": expr}).json()
        assert answer["status"] == "success", f"{expr}: {answer.get('error')}"
        found = [float(series["value"][1]) for series in answer["data"]["result"]]
        return [value for value in found if not math.isnan(value)]

    def rules(self) -> list[dict[str, Any]]:
        groups = self._http.get("/rules").json()["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def metrics(self) -> set[str]:
        return set(self._http.get("/label/__name__/values").json()["data"])


@pytest.fixture(scope="module")
def prometheus(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Generator[Asking]:
    """Scrapes every second; the trainer runs too, without its MLflow server, so that something is amiss."""
    folder: Path = tmp_path_factory.mktemp("prometheus")
    serve = platform.services["serve"]
    ports = Ports(
        kafka=0,
        mongo=0,
        s3=0,
        ingest=platform.services["ingest"].port,
        summarize=platform.services["stage"].port,
        feedback=platform.services["feedback"].port,
        trainer=free_port(),
        mlflow=free_port(),
        serve=serve.port,
        ray_metrics=int(serve.environ()["BREVITY_SUMMARIZE_RAY_METRICS_PORT"]),
        prometheus=free_port(),
    )
    stack = platform.stack
    _, trainer = learning(stack.environ(), ports, stack.s3, folder, folder)
    server = PrometheusServer(ports.prometheus, folder, ports, every_seconds=1)
    try:
        trainer.start()
        server.start()
        server.wait_ready()
        asking = Asking(server.address)
        eventually("all are scraped", lambda: asking.values('count(up{job=~"brevity-.+"} == 1)') == [5.0])
        _traffic(platform)
        eventually("the first counts are in", lambda: bool(asking.values("brevity_feedback_recorded_total")))
        time.sleep(2)  # two scrapes of the first counts: what comes now is an increase
        _traffic(platform)
        yield asking
    finally:
        server.stop()
        trainer.stop()


def _traffic(platform: Platform) -> None:
    """Documents, one that is rejected, readers at the doors, a thumb up and a correction."""
    run = uuid.uuid4().hex[:8]
    for index in range(8):
        platform.submit(f"graphed-{index}-{run}", f"{BRIDGE} It was graphed as {index} of {run}.")
    platform.submit(f"empty-{run}", "")
    summaries = [platform.completed(f"graphed-{index}-{run}").value["summary_id"] for index in range(8)]
    platform.follower.wait(f"empty-{run}", "documents.rejected")
    with platform.door("ingest") as door:
        assert door.get("/v1/documents/none").status_code == 404
    with platform.door("feedback") as door:
        address = f"/v1/summaries/{summaries[0]}"
        eventually("it is kept", lambda: door.get(address).status_code == 200)
        for given in ({"rating": "up"}, {"edited_summary": f"The bridge of {run}."}):
            assert door.post(f"{address}/feedback", json=given).status_code == 201


def _filled() -> dict[str, list[str]]:
    """Every panel's queries with Grafana's variables filled in, by dashboard and title."""
    boxes = {
        name: {v["name"]: v["query"] for v in one["templating"]["list"] if v["type"] == "textbox"}
        for name, one in dashboards().items()
    }
    return {
        f"{name}: {panel['title']}": [query.filled(GRAFANA | boxes[name]) for query in queries]
        for name, panel, queries in panels()
    }


def test_every_panel_shows_data(platform: Platform, prometheus: Asking) -> None:
    wanted = _filled()
    missing = dict(wanted)

    def all_there() -> bool:
        for where, exprs in list(missing.items()):
            found = [prometheus.values(expr) for expr in exprs]  # all of them: each must be readable
            if any(found):
                del missing[where]
        return missing.keys() <= EMPTY.keys()

    deadline = time.monotonic() + PATIENCE_SECONDS
    while not all_there():
        assert time.monotonic() < deadline, f"no data: {sorted(missing.keys() - EMPTY.keys())}"
        _traffic(platform)  # Ray exports every ten seconds: a rate needs work before and after
    print(f"\npanels with data: {len(wanted) - len(missing)} of {len(wanted)}; empty: {sorted(missing)}")


def test_annotations_can_be_read(prometheus: Asking) -> None:
    for annotation in annotation_queries():
        prometheus.values(annotation.filled(GRAFANA))


def test_every_rule_is_evaluated_without_an_error(prometheus: Asking) -> None:
    def evaluated() -> bool:
        return all(rule["health"] != "unknown" for rule in prometheus.rules())

    eventually("evaluated", evaluated)
    found = prometheus.rules()
    assert len(found) == len(rules())
    assert [rule["lastError"] for rule in found if rule["health"] != "ok"] == []


def test_what_is_amiss_raises_its_alert_and_nothing_else_does(prometheus: Asking) -> None:
    """MLflow is not there: its alert waits for its three minutes. Nothing fires, but that our traffic may look like drift."""
    pending = 'ALERTS{alertname="BrevityDependencyDown", dependency="mlflow", job="brevity-trainer"}'
    eventually("its alert is pending", lambda: prometheus.values(pending) == [1.0])
    firing = [rule["name"] for rule in prometheus.rules() if rule.get("state") == "firing"]
    assert set(firing) <= {"BrevityDependencyDown", "BrevityDriftDetected"}


def test_every_metric_of_ray_that_is_asked_for_is_exported(prometheus: Asking) -> None:
    asked = set[str]().union(*(query.names() for _, _, queries in panels() for query in queries))
    of_ray = {name for name in asked if name.startswith("ray_")}
    missing = of_ray - prometheus.metrics()
    assert missing == {"ray_node_gpus_utilization", "ray_node_gram_used"}, "only those of GPUs"
