"""The drawings of a run: well-formed, with everything in its place; and what else a run is told of itself."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from brevity.trainer.gate.decide import decide
from brevity.trainer.gate.figures import metrics_by_group
from brevity.trainer.gate.policy import Policy
from brevity.trainer.gate.scores import Pair, Score
from brevity.trainer.tracking import environment, plots
from brevity.trainer.tracking.curve import Curve

SVG = "{http://www.w3.org/2000/svg}"


def pairs(count: int = 60) -> list[Pair]:
    rng = np.random.default_rng(1)

    def one(base: float) -> Score:
        r1, r2, rl = map(float, rng.normal(base, 0.05, 3))
        return Score(r1, r2, rl, 0.97, float(rng.normal(1, 0.2)), 0.01)

    return [
        Pair(f"d{i}", f"set <{i % 3}>", i % 4 == 0, ("en", "fr")[i % 2], "short", one(0.34), one(0.3))
        for i in range(count)
    ]


def drawn(svg: str) -> ElementTree.Element:
    """Parsed, once it is sure that everything lies inside the drawing."""
    root = ElementTree.fromstring(svg)  # noqa: S314 - drawn just now
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for item in root.iter():
        for names, most in ((("x", "x1", "x2", "cx"), width), (("y", "y1", "y2", "cy"), height)):
            assert all(0 <= float(item.attrib[name]) <= most for name in names if name in item.attrib)
    assert root.find(f"{SVG}title") is not None
    return root


def texts(root: ElementTree.Element) -> set[str]:
    return {item.text or "" for item in root.iter(f"{SVG}text")}


def test_the_learning_curve_has_a_line_for_each_metric_and_its_last_value() -> None:
    series = {"train_loss": [(1, 0.5), (2, 0.4), (3, 0.2)], "held_out_loss": [(1, 0.6), (3, float("nan"))]}
    root = drawn(plots.learning_curve(series))
    lines = [item.attrib["points"].split() for item in root.iter(f"{SVG}polyline")]
    assert [len(points) for points in lines] == [3, 1]
    heights = [float(point.partition(",")[2]) for point in lines[0]]
    assert heights == sorted(heights)  # a falling loss falls
    assert {"train_loss: 0.2", "held_out_loss: 0.6"} <= texts(root)


def test_models_are_drawn_beside_each_other_in_every_set_with_intervals() -> None:
    root = drawn(plots.rouge_by_set(pairs()))
    assert {f"set <{n}>" for n in range(3)} | {"ROUGE-1", "ROUGE-2", "ROUGE-L", "20 documents"} <= texts(root)
    ours = [float(item.attrib["cx"]) for item in root.iter(f"{SVG}circle")][1:]  # the first is the legend's
    theirs = [
        float(i.attrib["x"]) + 4 for i in root.iter(f"{SVG}rect") if i.attrib["width"] == i.attrib["height"]
    ][1:]
    assert len(ours) == len(theirs) == 9
    assert all(one > other for one, other in zip(ours, theirs, strict=True))


def test_gains_and_lengths_are_drawn_for_real_decisions() -> None:
    found = pairs()
    groups = decide(found, Policy(resamples=500), size_bytes=1).groups
    root = drawn(plots.gains(groups))
    assert len(list(root.iter(f"{SVG}circle"))) == len(groups) == 3 + 2 + 1 + 2
    assert "language fr (30)" in texts(root)
    root = drawn(plots.lengths(found))
    assert "words for each word of the reference" in texts(root)
    nothing = pairs(1)
    drawn(plots.rouge_by_set(nothing))
    drawn(plots.gains(decide(nothing, Policy(resamples=500), size_bytes=1).groups))


def test_every_measure_of_both_models_is_told_by_set_and_language() -> None:
    found = metrics_by_group(pairs())
    for group in ("set.set <0>", "language.en", "length.short", "origin.frozen"):
        for measure in ("rouge1", "rouge2", "rouge_l", "faithfulness", "length", "seconds"):
            assert {f"{group}.{measure}", f"{group}.{measure}_champion"} <= found.keys()


class Noted:
    def __init__(self) -> None:
        self.run_id = "r"
        self.url: str | None = None
        self.sent: list[Any] = []

    def series(self, points: Sequence[tuple[int, Mapping[str, float]]]) -> None:
        self.sent.append(list(points))

    def parameters(self, values: Mapping[str, Any]) -> None: ...
    def metrics(self, values: Mapping[str, float], step: int = 0) -> None: ...
    def tags(self, values: Mapping[str, str]) -> None: ...
    def file(self, name: str, data: bytes) -> None: ...
    def artifact(self, path: Path) -> None: ...
    def finish(self, *, succeeded: bool) -> None: ...


def test_steps_are_sent_many_at_a_time_and_none_is_lost() -> None:
    run = Noted()
    curve = Curve(run)
    for step in range(450):
        curve.add(step, {"loss": 1.0 / (1 + step)})
    curve.send()
    curve.send()
    assert [len(points) for points in run.sent] == [200, 200, 50]
    assert [step for step, _ in curve.series["loss"]] == list(range(450))


def test_the_environment_names_the_commit_the_packages_and_the_machine() -> None:
    found = environment.environment()
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    if head.returncode == 0:
        assert found["git"]["commit"] == head.stdout.strip()
        assert environment.tags(found)["git.dirty"] in {"true", "false"}
    assert found["cpu"]["cores"] >= 1
    pins = environment.files(found)["environment/requirements.txt"].decode()
    assert re.search(rf"^numpy=={re.escape(np.__version__)}$", pins, re.M)
