"""Writes the dashboards' JSON files, or says which are stale; `make docs` and `make check` call it."""

from __future__ import annotations

import json
from pathlib import Path

from deploy.grafana.cost import COST
from deploy.grafana.overview import OVERVIEW
from deploy.grafana.pipeline import PIPELINE
from deploy.grafana.quality import QUALITY
from deploy.grafana.serving import SERVING
from deploy.grafana.training import TRAINING

FOLDER = Path(__file__).with_name("dashboards")
DASHBOARDS = (OVERVIEW, PIPELINE, SERVING, QUALITY, TRAINING, COST)


def generated() -> dict[str, str]:
    """Every file of the folder, by its name."""
    return {
        f"{one.uid.removeprefix('brevity-')}.json": json.dumps(one.to_json(), indent=1, ensure_ascii=False)
        + "\n"
        for one in DASHBOARDS
    }


def stale(folder: Path = FOLDER) -> list[str]:
    """Names of files that are missing, differ, or are no longer generated."""
    wanted = generated()
    found = {path.name: path.read_text("utf-8") for path in folder.glob("*.json")}
    return sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name))


def write(folder: Path = FOLDER) -> None:
    """Make `folder` hold the generated files and no other dashboard."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = generated()
    for name in stale(folder):
        if name in wanted:
            (folder / name).write_text(wanted[name], "utf-8")
        else:
            (folder / name).unlink()
