"""What dashboards and rules ask for, read off their files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
DASHBOARDS = ROOT / "deploy" / "grafana" / "dashboards"
RULES = ROOT / "deploy" / "prometheus" / "brevity.rules.yml"

_NAME = re.compile(r"(?<![\w:.$\"{])((?:brevity|ray|process|kubelet)[_:][\w:]*|up|ALERTS)(?=[\s{\[)]|$)")
_PATTERN = re.compile(r'__name__=~"([^"]+)"')


@dataclass(frozen=True, slots=True)
class Asked:
    """One expression and where it stands."""

    where: str
    expr: str

    def filled(self, values: Mapping[str, str]) -> str:
        """With Grafana's variables filled in."""
        return re.sub(r"\$\{?(\w+)\}?", lambda found: values[found.group(1)], self.expr)

    def names(self) -> set[str]:
        """Metrics that it names."""
        return set(_NAME.findall(self.expr))

    def patterns(self) -> set[str]:
        """Regular expressions by which it names metrics."""
        return set(_PATTERN.findall(self.expr))


def dashboards() -> dict[str, dict[str, Any]]:
    """Every dashboard, by its file's name."""
    return {path.name: json.loads(path.read_text("utf-8")) for path in sorted(DASHBOARDS.glob("*.json"))}


def panels() -> Iterator[tuple[str, dict[str, Any], list[Asked]]]:
    """Every panel but rows, with its dashboard's file and its queries."""
    for name, dashboard in dashboards().items():
        for panel in dashboard["panels"]:
            if panel["type"] != "row":
                where = f"{name}: {panel['title']}"
                yield name, panel, [Asked(where, target["expr"]) for target in panel["targets"]]


def annotation_queries() -> Iterator[Asked]:
    for name, dashboard in dashboards().items():
        for annotation in dashboard["annotations"]["list"]:
            yield Asked(f"{name}: {annotation['name']}", annotation["expr"])


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"] for rule in group["rules"]]


def everything() -> list[Asked]:
    """Every expression of every dashboard and rule."""
    asked = [query for _, _, queries in panels() for query in queries]
    return [
        *asked,
        *annotation_queries(),
        *(Asked(rule.get("alert") or rule["record"], rule["expr"]) for rule in rules()),
    ]
