"""Dashboards are whole, say what they show, and ask for metrics that somebody declares."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations
from typing import Any

import pytest
import yaml
from deploy.grafana import build
from prometheus_client import CollectorRegistry

from brevity.common.http.edge import request_seconds
from brevity.common.kafka.metrics import ConsumerMetrics, StageMetrics
from brevity.common.observability.metrics import build_info, dependency_up
from brevity.feedback.ledger.consumer import LedgerMetrics
from brevity.feedback.metrics import FeedbackMetrics
from brevity.feedback.monitoring.metrics import DriftMetrics
from brevity.ingest.metrics import IngestMetrics
from brevity.summarize.metrics import SummarizeMetrics
from brevity.summarize.serving.policy import GAUGES
from brevity.trainer.metrics import TrainerMetrics
from tests.support.promql import ROOT, Asked, dashboards, everything, panels, rules

SERVICES = ("ingest", "summarize", "feedback", "trainer")

# What others declare: Prometheus itself, prometheus_client, the kubelet, and Ray 2.60 (those it exports on any machine are
# looked for in tests/e2e; the two of GPUs are only there on machines that have one).
OTHERS = {
    "up",
    "ALERTS",
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "kubelet_volume_stats_available_bytes",
    "kubelet_volume_stats_capacity_bytes",
    "ray_component_rss_bytes",
    "ray_node_cpu_utilization",
    "ray_node_disk_utilization_percentage",
    "ray_node_gpus_utilization",
    "ray_node_gram_used",
    "ray_node_mem_total",
    "ray_node_mem_used",
    "ray_resources",
    "ray_serve_autoscaling_target_replicas",
    "ray_serve_deployment_processing_latency_ms_bucket",
    "ray_serve_deployment_queued_queries",
    "ray_serve_deployment_replica_healthy",
    "ray_serve_num_http_requests_total",
    "ray_serve_replica_processing_queries",
    "ray_serve_replica_utilization_percent",
}

SUFFIXES = {
    "counter": ["_total"],
    "histogram": ["_bucket", "_sum", "_count"],
    "info": ["_info"],
    "gauge": [""],
}


def declared() -> set[str]:
    """Names of all series that the services can expose, and of all that the rules record."""
    registry = CollectorRegistry()
    for service in SERVICES:
        request_seconds(service, registry)
        dependency_up(service, registry)
        build_info(service, registry)
    for stage in ("ingest", "summarize"):
        StageMetrics(stage, registry)
    for metrics in (
        IngestMetrics,
        SummarizeMetrics,
        FeedbackMetrics,
        DriftMetrics,
        LedgerMetrics,
        TrainerMetrics,
    ):
        metrics(registry)
    ConsumerMetrics("trainer_ratings", registry)
    families = registry.collect()
    names = {family.name + suffix for family in families for suffix in SUFFIXES[family.type]}
    names |= {f"ray_{gauge}" for gauge in GAUGES}
    return names | {rule["record"] for rule in rules() if "record" in rule}


def test_the_files_are_what_the_code_writes() -> None:
    assert build.stale() == []


def test_stale_dashboards_are_noticed_and_mended(tmp_path: Any) -> None:
    build.write(tmp_path)
    (tmp_path / "overview.json").write_text("{}")
    (tmp_path / "forgotten.json").write_text("{}")
    assert build.stale(tmp_path) == ["forgotten.json", "overview.json"]
    build.write(tmp_path)
    assert build.stale(tmp_path) == []


def test_uids_titles_and_numbers_are_unique() -> None:
    found = dashboards().values()
    for what in ("uid", "title"):
        assert max(Counter(one[what] for one in found).values()) == 1
    for one in found:
        assert max(Counter(panel["id"] for panel in one["panels"]).values()) == 1
        titles = Counter(panel["title"] for panel in one["panels"] if panel["type"] != "row")
        assert max(titles.values()) == 1, titles


@pytest.mark.parametrize("name", dashboards())
def test_panels_lie_within_the_grid_and_beside_each_other(name: str) -> None:
    places = [(panel["title"], panel["gridPos"]) for panel in dashboards()[name]["panels"]]
    for title, place in places:
        assert place["x"] >= 0, title
        assert place["x"] + place["w"] <= 24, title
    for (one, a), (other, b) in combinations(places, 2):
        apart = (
            a["x"] + a["w"] <= b["x"]
            or b["x"] + b["w"] <= a["x"]
            or a["y"] + a["h"] <= b["y"]
            or b["y"] + b["h"] <= a["y"]
        )
        assert apart, f"{one} lies over {other}"


@pytest.mark.parametrize(("name", "panel", "queries"), list(panels()))
def test_a_panel_says_what_it_shows(name: str, panel: dict[str, Any], queries: list[Asked]) -> None:
    assert panel["title"]
    assert panel["description"].endswith(".")
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["unit"]
    values = [step["value"] for step in defaults["thresholds"]["steps"]]
    assert values[0] is None
    assert values[1:] == sorted(values[1:])
    legends = [target["legendFormat"] for target in panel["targets"]]
    assert len(set(legends)) == len(legends) or all("{{" in legend for legend in legends), legends
    for part in (panel, *panel["targets"]):
        assert part["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    known = {variable["name"] for variable in dashboards()[name]["templating"]["list"]}
    for query in queries:
        used = set(re.findall(r"\$\{?(\w+)\}?", query.expr))
        assert used <= known | {"__rate_interval", "__range", "__range_s"}, query
        rates = re.findall(r"\brate\([^\[]*\[([^\]]+)\]", query.expr)
        assert set(rates) <= {"$__rate_interval"}, query


def test_what_is_asked_for_is_declared() -> None:
    known = declared() | OTHERS
    for query in everything():
        assert query.names() or query.patterns(), query
        assert query.names() <= known, f"{query.where}: {query.names() - known}"
        for pattern in query.patterns():
            assert any(re.fullmatch(pattern, name) for name in known), f"{query.where}: {pattern}"


def test_what_others_declare_is_asked_for() -> None:
    assert set().union(*(query.names() for query in everything())) >= OTHERS


def test_what_is_provisioned_is_where_it_is_looked_for() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    pairs = [mount.removesuffix(":ro").split(":") for mount in compose["services"]["grafana"]["volumes"]]
    mounts = {inside: outside for outside, inside in pairs}
    provisioning = ROOT / "deploy" / "grafana" / "provisioning"
    [provider] = yaml.safe_load((provisioning / "dashboards" / "brevity.yml").read_text("utf-8"))["providers"]
    assert (ROOT / mounts[provider["options"]["path"]]).resolve() == build.FOLDER
    assert (ROOT / mounts["/etc/grafana/provisioning"]).resolve() == provisioning
    home = compose["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (build.FOLDER / home.removeprefix(provider["options"]["path"] + "/")).is_file()
    sources = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text("utf-8"))
    uids = {source["uid"] for source in sources["datasources"]}
    for one in dashboards().values():
        [chosen] = [v for v in one["templating"]["list"] if v["type"] == "datasource"]
        assert chosen["current"]["value"] in uids
