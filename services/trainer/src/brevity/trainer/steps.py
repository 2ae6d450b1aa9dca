"""A job's steps for the extractive ranker, in order; readable top to bottom."""

from __future__ import annotations

from typing import Any

from brevity.common.errors import Rejected
from brevity.nlp.extractive import DEFAULT_MODEL
from brevity.trainer.data.bucket import Bucket
from brevity.trainer.data.rows import Row, spaced
from brevity.trainer.data.sources import Sources
from brevity.trainer.data.spec import DatasetSpec
from brevity.trainer.data.versions import Versions
from brevity.trainer.gate.decide import Decision, decide
from brevity.trainer.gate.figures import MEASURES
from brevity.trainer.gate.policy import load_policy
from brevity.trainer.gate.scores import Pair, compare, summarizer_of
from brevity.trainer.jobs.model import Job
from brevity.trainer.recipe import recipe_of
from brevity.trainer.registry import CHAMPION, Registry, Version
from brevity.trainer.settings import TrainerBlock, TrainerSettings
from brevity.trainer.tracking import tracker_of
from brevity.trainer.tracking.curve import Curve
from brevity.trainer.tracking.port import Run
from brevity.trainer.tracking.record import record_comparison, record_curve, record_origin
from brevity.trainer.training import train_ranker
from brevity.trainer.worker import Voice


_SHOWN = tuple(f"candidate_{name}" for name in MEASURES) + tuple(f"champion_{name}" for name in MEASURES)
"""Figures of a decision that every list of versions shows."""


def work(job: Job, settings: TrainerSettings, voice: Voice) -> dict[str, Any]:
    """What the service needs to finish the job: the version, whether it passed, and why.

    Raises:
        BrevityError: The job cannot be done; the message says why.
    """
    block = settings.trainer
    bucket = Bucket(settings.s3)
    versions = Versions(bucket)
    registry = Registry(block.mlflow_url, bucket)

    voice.progress("data", 0.02, "assembling the data")
    card = _data(job, block, bucket, versions)
    voice.checkpoint(data_version=card["version"])

    run = tracker_of(block).begin(f"brevity-{job.model}", job.job_id, run_id=job.checkpoint.get("run_id"))
    voice.checkpoint(run_id=run.run_id)
    voice.say("report", {"mlflow_run_id": run.run_id, "run_url": run.url})
    try:
        result = _tracked(job, block, bucket, versions, registry, card, run, voice)
    except BaseException:
        run.finish(succeeded=False)
        raise
    run.finish(succeeded=True)
    return result


def _tracked(
    job: Job,
    block: TrainerBlock,
    bucket: Bucket,
    versions: Versions,
    registry: Registry,
    card: dict[str, Any],
    run: Run,
    voice: Voice,
) -> dict[str, Any]:
    recipe = recipe_of(job.engine, job.parameters)
    record_origin(run, job, recipe.model_dump(), card)
    rows = versions.rows(card["version"])
    parent = _parent(job, registry)
    if parent is not None:
        voice.checkpoint(parent=parent.name)
        run.tags({"brevity.variant_of": parent.name})

    def progress(share: float, message: str) -> None:
        voice.progress("train", 0.1 + 0.5 * share, message)

    place = f"training/jobs/{job.job_id}/model.json"
    data = bucket.find(place) if job.checkpoint.get("trained") else None
    if data is None:
        curve = Curve(run)
        data, documents = train_ranker(rows, recipe, progress, curve.add)
        record_curve(run, curve)
        bucket.put(place, data, "application/json")
        voice.checkpoint(trained=True)
        voice.say("report", {"metrics": {"training_documents": documents}})
    run.file("model.json", data)

    voice.progress("evaluate", 0.62, "comparing with the champion")
    champion = registry.aliased(job.model, CHAMPION)
    evaluation = _evaluation(job.model, rows, versions, block.evaluation_documents)
    pairs = _compared(data, _champion_bytes(champion, registry), evaluation, voice, (0.62, 0.85))
    of_champion = parent is not None and champion is not None and parent.name == champion.name
    beside = (
        []
        if parent is None or of_champion
        else _compared(data, registry.read(parent), evaluation, voice, (0.85, 0.93))
    )
    decision = decide(
        pairs, load_policy(block.policy_file), size_bytes=len(data), variant=of_champion, parent=beside
    )
    record_comparison(run, decision, pairs)

    voice.progress("register", 0.95, "registering the version")
    made = registry.register(
        job.model,
        job.engine,
        data,
        run_id=run.run_id if block.tracker == "mlflow" else None,  # the registry knows only its own runs
        job_id=job.job_id,
        data_version=card["version"],
        parent=parent,
    )
    registry.explain(
        made,
        {
            **decision.evidence(),
            "champion": champion.name if champion else None,
            "parent": parent.name if parent else None,
            "run_url": run.url,
        },
    )
    registry.challenge(made)
    run.tags({"brevity.version": made.version, "brevity.model_version": made.model_version})
    voice.say("report", {"version": made.version, "metrics": dict(decision.metrics)})
    return {
        "version": made.version,
        "passes": decision.passes,
        "reason": decision.reason,
        "metrics": dict(decision.metrics),
        "champion": champion.version if champion else None,
        "evidence": _short(decision),
        "run_url": run.url,
    }


def _parent(job: Job, registry: Registry) -> Version | None:
    """The version that this makes smaller or faster; an earlier attempt's, whatever its alias names now."""
    name = job.checkpoint.get("parent") or job.variant_of
    return registry.named(job.model, name) if name else None


def _data(job: Job, block: TrainerBlock, bucket: Bucket, versions: Versions) -> dict[str, Any]:
    """The card of the version to train on; an earlier attempt's, if it came so far."""
    before = job.checkpoint.get("data_version")
    if before:
        return versions.card(before)
    key = block.api_key.get_secret_value() if block.api_key else None
    sources = Sources(bucket, folder=block.data_folder, feedback_url=block.feedback_url, feedback_key=key)
    return sources.assemble(DatasetSpec.model_validate(job.dataset), versions, job.model)


def _evaluation(model: str, rows: list[Row], versions: Versions, most: int) -> list[Row]:
    """The frozen set and this version's test part, feedback in it included, evenly spaced in each set."""
    frozen = versions.frozen(model)
    held = [row for row in rows if row.part == "test"]
    everything = [*(versions.rows(frozen) if frozen else ()), *held]
    by_set: dict[str, list[Row]] = {}
    for row in everything:
        by_set.setdefault(row.set, []).append(row)
    return [row for name in sorted(by_set) for row in spaced(by_set[name], most)]


def _compared(
    data: bytes, other: bytes, rows: list[Row], voice: Voice, shares: tuple[float, float]
) -> list[Pair]:
    """The candidate and another model on each row; progress goes from the first share to the second."""
    ours, theirs = summarizer_of(data), summarizer_of(other)
    begin, end = shares
    pairs = []
    for number, pair in enumerate(compare(ours, theirs, rows), 1):
        pairs.append(pair)
        if number % 10 == 0:
            done = begin + (end - begin) * number / len(rows)
            voice.progress("evaluate", done, f"compared on {number} of {len(rows)} documents")
    return pairs


def _champion_bytes(champion: Version | None, registry: Registry) -> bytes:
    """The champion's file; the engine's own when there is none, or it was made for another version of the engine."""
    if champion is not None:
        data = registry.read(champion)
        try:
            summarizer_of(data)
        except Rejected:
            return DEFAULT_MODEL.read_bytes()
        return data
    return DEFAULT_MODEL.read_bytes()


def _short(decision: Decision) -> dict[str, Any]:
    """The checks and what moved, small enough for a tag of the registry; the whole is with the run."""
    moved = {f"{g.kind} {g.name}": [round(g.gain.mean, 4), g.gain.documents] for g in decision.groups}
    checks = {
        name: {**check, "why": check["why"][:400]} for name, check in decision.evidence()["checks"].items()
    }
    return {
        "metrics": {name: round(decision.metrics[name], 4) for name in _SHOWN},
        "checks": checks,
        "groups": dict(list(moved.items())[:40]),
    }
