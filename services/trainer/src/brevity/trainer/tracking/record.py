"""What a training leaves in its run: where it came from, how it learned, and how it compares."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from brevity.trainer.gate.decide import Decision
from brevity.trainer.gate.figures import metrics_by_group
from brevity.trainer.gate.scores import Pair
from brevity.trainer.jobs.model import Job
from brevity.trainer.tracking import environment, plots
from brevity.trainer.tracking.curve import Curve
from brevity.trainer.tracking.port import Run


def record_origin(run: Run, job: Job, recipe: Mapping[str, Any], card: Mapping[str, Any]) -> None:
    """Recipe, data version with its card, job, code and environment."""
    found = environment.environment()
    run.parameters({"recipe": recipe, "engine": job.engine, "data_version": card["version"]})
    run.tags({"brevity.job_id": job.job_id, "brevity.reason": job.reason, **environment.tags(found)})
    run.file("recipe.json", json.dumps(recipe, indent=1).encode())
    run.file("data_card.json", json.dumps(card, indent=1).encode())
    for name, data in environment.files(found).items():
        run.file(name, data)


def record_curve(run: Run, curve: Curve) -> None:
    """The rest of the curve, and its drawing."""
    curve.send()
    if curve.series:
        run.file("plots/learning_curve.svg", plots.learning_curve(curve.series).encode())


def record_comparison(run: Run, decision: Decision, pairs: Sequence[Pair]) -> None:
    """Every measure over all documents and by set, language, length and origin; the pairs themselves; drawings."""
    run.metrics(decision.metrics)
    run.metrics({_name(name): value for name, value in metrics_by_group(pairs).items()})
    run.file("evaluation/decision.json", json.dumps(decision.evidence(), indent=1).encode())
    run.file("evaluation/pairs.jsonl", "".join(json.dumps(p.to_json()) + "\n" for p in pairs).encode())
    if pairs:
        run.file("plots/rouge_by_set.svg", plots.rouge_by_set(pairs).encode())
        run.file("plots/gain.svg", plots.gains(decision.groups).encode())
        run.file("plots/length.svg", plots.lengths(pairs).encode())


def _name(metric: str) -> str:
    """In the characters that MLflow takes."""
    return re.sub(r"[^\w.\-/ ]", "_", metric).replace(" ", "_")
