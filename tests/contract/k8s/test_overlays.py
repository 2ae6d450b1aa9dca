"""What no schema knows, over every overlay: settings, doors, names, pods, rights, scaling, flows, the engine."""

from __future__ import annotations

import re

import pytest
from starlette.routing import Route
from tools import manifests

from brevity.common.http.app import create_app
from brevity.common.settings import AuthSettings, HttpSettings
from tests.contract.k8s.checks import flows, kafka, pods, references, scaling, serving, settings
from tests.contract.k8s.rendering import OVERLAYS, Object, rendered
from tests.contract.k8s.workloads import find, workloads

RELEASED = [name for name in OVERLAYS if name != "local"]


def door_paths() -> frozenset[str]:
    app = create_app("probe", title="Probe", mode="local", http=HttpSettings(), auth=AuthSettings())
    return frozenset(route.path for route in app.routes if isinstance(route, Route))


def test_there_are_overlays() -> None:
    assert OVERLAYS == ["aws", "aws-gpu", "local", "production"]


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize(
    "check",
    [
        settings.problems,
        references.problems,
        pods.problems,
        kafka.topic_problems,
        kafka.right_problems,
        scaling.problems,
        flows.problems,
        serving.problems,
    ],
    ids=lambda check: f"{check.__module__.rpartition('.')[2]}-{check.__name__}",
)
def test_an_overlay_holds(overlay: str, check: object) -> None:
    assert callable(check)
    assert check(rendered(overlay)) == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_doors_are_where_the_manifests_look(overlay: str) -> None:
    paths = door_paths()
    objects = rendered(overlay)
    assert settings.door_problems(objects, paths) == []
    for monitor in find(objects, "ServiceMonitor"):
        assert {endpoint["path"] for endpoint in monitor["spec"]["endpoints"]} <= paths


@pytest.mark.parametrize("overlay", RELEASED)
def test_what_is_released_is_named_by_digest_and_guarded(overlay: str) -> None:
    objects = rendered(overlay)
    images = {workload.container["image"] for workload in workloads(objects)}
    assert images
    assert [image for image in images if not re.search(r"@sha256:[0-9a-f]{64}$", image)] == []
    assert len(find(objects, "ValidatingAdmissionPolicyBinding")) == 1
    assert find(objects, "Secret") == []


@pytest.mark.parametrize("overlay", RELEASED)
def test_every_process_is_watched_under_the_name_that_rules_use(overlay: str) -> None:
    objects = rendered(overlay)
    watched = {
        relabeling["replacement"]
        for kind, endpoints in (("ServiceMonitor", "endpoints"), ("PodMonitor", "podMetricsEndpoints"))
        for monitor in find(objects, kind)
        for endpoint in monitor["spec"][endpoints]
        for relabeling in endpoint["relabelings"]
    }
    assert watched == {
        "kafka",
        "brevity-ingest",
        "brevity-stage",
        "brevity-serve",
        "brevity-feedback",
        "brevity-trainer",
    }


def test_generated_manifests_are_up_to_date() -> None:
    """Topics, users, rules and dashboards; the sources are the code, deploy/prometheus and deploy/grafana."""
    assert manifests.stale() == []


def test_the_rules_reach_the_cluster_as_they_are(tmp_path_factory: pytest.TempPathFactory) -> None:
    [rule] = find(rendered("production"), "PrometheusRule")
    source: list[Object] = manifests.rules(manifests.ROOT / "deploy/prometheus")[0]["spec"]["groups"]
    assert rule["spec"]["groups"] == source
    assert source


def test_every_dashboard_reaches_grafana() -> None:
    there = {
        name
        for one in find(rendered("production"), "ConfigMap")
        if one["metadata"].get("labels", {}).get("grafana_dashboard")
        for name in one["data"]
    }
    assert there == {path.name for path in (manifests.ROOT / "deploy/grafana/dashboards").glob("*.json")}
    assert there
