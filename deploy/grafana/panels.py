"""Panels and dashboards as plain values, and their JSON as Grafana reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

COLUMNS = 24
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
SCHEMA_VERSION = 41  # of Grafana 12

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Query:
    """PromQL, and what its series are called (`{{label}}` fills in a label)."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One question answered.

    Attributes:
        unit: As Grafana names it: `s`, `percentunit`, `reqps`, `bytes`, `short` ...
        thresholds: Where green ends: (value, colour), ascending.
        kind: A number now, or its course.
    """

    title: str
    description: str
    unit: str
    queries: Sequence[Query]
    thresholds: Sequence[tuple[float, str]] = ()
    kind: Literal["stat", "timeseries"] = "timeseries"
    width: int = 8
    low: float | None = 0
    high: float | None = None
    decimals: int | None = None
    stacked: bool = False
    base: str = "green"

    @property
    def height(self) -> int:
        return 4 if self.kind == "stat" else 8


@dataclass(frozen=True, slots=True)
class Row:
    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class Price:
    """A number that the reader may change on the dashboard, e.g. what an hour of a GPU costs."""

    name: str
    label: str
    usual: str


@dataclass(frozen=True, slots=True)
class Dashboard:
    uid: str
    title: str
    description: str
    rows: Sequence[Row]
    prices: Sequence[Price] = ()
    span: str = "now-6h"

    def to_json(self) -> Json:
        """The dashboard, its panels set row by row from the left."""
        panels: list[Json] = []
        top = 0
        for row in self.rows:
            panels.append(_row(row.title, len(panels) + 1, top))
            top += 1
            left = tallest = 0
            for panel in row.panels:
                if left + panel.width > COLUMNS:
                    left, top, tallest = 0, top + tallest, 0
                place = {"x": left, "y": top, "w": panel.width, "h": panel.height}
                panels.append(_panel(panel, len(panels) + 1, place))
                left, tallest = left + panel.width, max(tallest, panel.height)
            top += tallest
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": ["brevity"],
            "schemaVersion": SCHEMA_VERSION,
            "editable": False,
            "graphTooltip": 1,
            "timezone": "browser",
            "refresh": "30s",
            "time": {"from": self.span, "to": "now"},
            "templating": {"list": [_datasource(), *map(_textbox, self.prices)]},
            "annotations": {"list": [_promotions()]},
            "links": [
                {
                    "type": "dashboards",
                    "title": "Brevity",
                    "tags": ["brevity"],
                    "asDropdown": True,
                    "includeVars": True,
                    "keepTime": True,
                }
            ],
            "panels": panels,
        }


def _row(title: str, number: int, top: int) -> Json:
    return {
        "id": number,
        "type": "row",
        "title": title,
        "collapsed": False,
        "gridPos": {"x": 0, "y": top, "w": COLUMNS, "h": 1},
        "panels": [],
    }


def _panel(panel: Panel, number: int, place: Json) -> Json:
    steps = [{"color": panel.base, "value": None}]
    steps += [{"color": colour, "value": value} for value, colour in panel.thresholds]
    defaults: Json = {
        "unit": panel.unit,
        "thresholds": {"mode": "absolute", "steps": steps},
        "color": {"mode": "thresholds" if panel.kind == "stat" else "palette-classic"},
    }
    for name, value in (("min", panel.low), ("max", panel.high), ("decimals", panel.decimals)):
        if value is not None:
            defaults[name] = value
    if panel.kind == "timeseries":
        defaults["custom"] = {
            "lineWidth": 1,
            "fillOpacity": 40 if panel.stacked else 8,
            "showPoints": "never",
            "spanNulls": False,
            "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
            "thresholdsStyle": {"mode": "line" if panel.thresholds else "off"},
        }
        options: Json = {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    else:
        options = {
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "colorMode": "value",
            "graphMode": "area",
            "textMode": "auto",
            "justifyMode": "auto",
        }
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": DATASOURCE,
                "editorMode": "code",
                "expr": query.expr,
                "legendFormat": query.legend or "__auto",
                "range": True,
            }
            for index, query in enumerate(panel.queries)
        ],
    }


def _datasource() -> Json:
    return {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "current": {"text": "Prometheus", "value": "prometheus"},
        "hide": 0,
        "refresh": 1,
    }


def _textbox(price: Price) -> Json:
    return {
        "name": price.name,
        "label": price.label,
        "type": "textbox",
        "query": price.usual,
        "current": {"text": price.usual, "value": price.usual},
        "hide": 0,
    }


def _promotions() -> Json:
    """A line through every graph where a model version took over."""
    return {
        "name": "Promotions and rollbacks",
        "datasource": DATASOURCE,
        "enable": True,
        "iconColor": "purple",
        "expr": "sum by (decided_by) (increase(brevity_trainer_promotions_total[$__rate_interval])) > 0",
        "titleFormat": "model promoted by {{decided_by}}",
        "step": "60s",
    }
