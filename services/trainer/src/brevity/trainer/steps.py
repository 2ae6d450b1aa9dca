"""A job's steps, in order; readable top to bottom."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from brevity.common.errors import Rejected, Unavailable
from brevity.trainer.champions import Champions
from brevity.trainer.data.bucket import Bucket
from brevity.trainer.data.rows import Row, spaced
from brevity.trainer.data.sources import Sources
from brevity.trainer.data.spec import DatasetSpec
from brevity.trainer.data.versions import Versions
from brevity.trainer.gate.decide import Decision, decide
from brevity.trainer.gate.figures import MEASURES
from brevity.trainer.gate.policy import load_policy
from brevity.trainer.gate.port import Summarizer
from brevity.trainer.gate.scores import Pair, compare, summarizer_of
from brevity.trainer.jobs.folders import folder_of, key_of
from brevity.trainer.jobs.model import Job
from brevity.trainer.jobs.report import JobReporter
from brevity.trainer.makers import beginning, make
from brevity.trainer.making import Making
from brevity.trainer.mongo import Store
from brevity.trainer.recipe import recipe_of
from brevity.trainer.registry import CHAMPION, Registry, Version, file_of
from brevity.trainer.settings import TrainerBlock, TrainerSettings
from brevity.trainer.tracking import tracker_of
from brevity.trainer.tracking.curve import Curve
from brevity.trainer.tracking.port import Run
from brevity.trainer.tracking.record import record_comparison, record_curve, record_origin

_SHOWN = tuple(f"candidate_{name}" for name in MEASURES) + tuple(f"champion_{name}" for name in MEASURES)
"""Figures of a decision that every list of versions shows."""


def work(job: Job, settings: TrainerSettings, reporter: JobReporter) -> dict[str, Any]:
    """What the service needs to finish the job: the version, whether it passed, and why.

    Raises:
        BrevityError: The job cannot be done; the message says why.
    """
    block = settings.trainer
    bucket = Bucket(settings.s3)
    versions = Versions(bucket)
    registry = Registry(block.mlflow_url, bucket, Champions(Store(settings.mongo)).of)

    reporter.progress("data", 0.02, "assembling the data")
    parent = _parent(job, registry)
    if parent is not None:
        reporter.checkpoint(parent=parent.name)
    card = _data(job, block, bucket, versions, parent)
    reporter.checkpoint(data_version=card["version"])

    run = tracker_of(block).begin(f"brevity-{job.model}", job.job_id, run_id=job.checkpoint.get("run_id"))
    reporter.checkpoint(run_id=run.run_id)
    reporter.emit("report", {"mlflow_run_id": run.run_id, "run_url": run.url})
    try:
        result = _tracked(job, block, bucket, versions, registry, card, parent, run, reporter)
    except Unavailable:
        raise  # it goes on with this run
    except BaseException:
        with suppress(Unavailable):
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
    parent: Version | None,
    run: Run,
    reporter: JobReporter,
) -> dict[str, Any]:
    recipe = recipe_of(job.engine, job.parameters, variant=parent is not None)
    record_origin(run, job, recipe.model_dump(), card)
    rows = versions.rows(card["version"])
    if parent is not None:
        run.tags({"brevity.variant_of": parent.name})

    def progress(share: float, message: str) -> None:
        reporter.progress("train", 0.1 + 0.5 * share, message)

    curve = Curve(run)
    folder = folder_of(block.work, job.job_id)
    making = Making(
        recipe=recipe,
        rows=rows,
        parent=parent,
        base=block.base(job.engine),
        folder=folder,
        registry=registry,
        progress=progress,
        watch=curve.add,
    )
    name, media_type = file_of(job.engine)
    place = key_of(job.job_id, name)
    file = _trained_before(job, bucket, place, folder / name)
    if file is None:
        made_now = make(making)
        file = made_now.file
        record_curve(run, curve)
        bucket.put_file(place, file, media_type)
        reporter.checkpoint(trained=True)
        reporter.emit("report", {"metrics": {"training_documents": made_now.documents}})
    run.artifact(file)

    champion = registry.aliased(job.model, CHAMPION)
    rival = champion or parent
    reporter.progress("evaluate", 0.62, f"comparing with {rival.name if rival else 'what it began with'}")
    evaluation = _evaluation(job.model, parent, rows, versions, block.evaluation_documents)
    ours = summarizer_of(file, job.engine)
    theirs = _rival(rival, making, job.engine)
    pairs = _compared(ours, theirs, evaluation, reporter, (0.62, 0.85))
    of_rival = parent is not None and rival is not None and parent.name == rival.name
    beside = (
        []
        if parent is None or of_rival
        else _compared(ours, _summarizer(parent, making), evaluation, reporter, (0.85, 0.93))
    )
    decision = decide(
        pairs,
        load_policy(block.policy_file),
        engine=job.engine,
        size_bytes=file.stat().st_size,
        variant=of_rival,
        parent=beside,
    )
    record_comparison(run, decision, pairs)

    reporter.progress("register", 0.95, "registering the version")
    made = registry.register(
        job.model,
        job.engine,
        file,
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
    reporter.emit("report", {"version": made.version, "metrics": dict(decision.metrics)})
    return {
        "version": made.version,
        "passes": decision.passes,
        "reason": decision.reason,
        "metrics": dict(decision.metrics),
        "champion": champion.version if champion else None,
        "evidence": _short(decision),
        "run_url": run.url,
    }


def _trained_before(job: Job, bucket: Bucket, key: str, place: Path) -> Path | None:
    """The model that an earlier attempt has finished."""
    if not job.checkpoint.get("trained"):
        return None
    try:
        bucket.fetch(key, place)
    except Rejected as error:
        if error.code != "object_missing":
            raise
        return None
    return place


def _parent(job: Job, registry: Registry) -> Version | None:
    """The version that this makes smaller or faster; an earlier attempt's, whatever its alias names now."""
    name = job.checkpoint.get("parent") or job.variant_of
    return registry.named(job.model, name) if name else None


def _data(
    job: Job, block: TrainerBlock, bucket: Bucket, versions: Versions, parent: Version | None
) -> dict[str, Any]:
    """The card of the version to train on; an earlier attempt's, if it came so far.

    A conversion learns nothing: unless told otherwise it is judged on what its parent was judged on.
    """
    before = job.checkpoint.get("data_version")
    if before:
        return versions.card(before)
    if job.engine == "ctranslate2" and parent is not None and parent.data_version and not job.dataset:
        return versions.card(parent.data_version)
    key = block.api_key.get_secret_value() if block.api_key else None
    sources = Sources(bucket, folder=block.data_folder, feedback_url=block.feedback_url, feedback_key=key)
    return sources.assemble(DatasetSpec.model_validate(job.dataset), versions, job.model)


def _evaluation(
    model: str, parent: Version | None, rows: list[Row], versions: Versions, most: int
) -> list[Row]:
    """The frozen set and this version's test part, feedback in it included, evenly spaced in each set.

    A variant under another name than its parent's is judged on the parent's frozen set unless it has its own.
    """
    frozen = versions.frozen(model) or (versions.frozen(parent.model) if parent else None)
    held = [row for row in rows if row.part == "test"]
    everything = [*(versions.rows(frozen) if frozen else ()), *held]
    by_set: dict[str, list[Row]] = {}
    for row in everything:
        by_set.setdefault(row.set, []).append(row)
    return [row for name in sorted(by_set) for row in spaced(by_set[name], most)]


def _compared(
    ours: Summarizer, theirs: Summarizer, rows: list[Row], reporter: JobReporter, shares: tuple[float, float]
) -> list[Pair]:
    """The candidate and another model on each row; progress goes from the first share to the second."""
    begin, end = shares
    pairs = []
    for number, pair in enumerate(compare(ours, theirs, rows), 1):
        pairs.append(pair)
        if number % 10 == 0:
            done = begin + (end - begin) * number / len(rows)
            reporter.progress("evaluate", done, f"compared on {number} of {len(rows)} documents")
    return pairs


def _rival(rival: Version | None, making: Making, engine: str) -> Summarizer:
    """The champion; what training begins with when there is none, or it was made for another version of the engine."""
    if rival is not None:
        try:
            return _summarizer(rival, making)
        except Rejected as error:
            if error.code != "bad_model" or rival is making.parent:
                raise
    return summarizer_of(beginning(making), engine)


def _summarizer(version: Version, making: Making) -> Summarizer:
    """A registered version; its file lies in the job's folder until it is loaded."""
    file = making.registry.read(version, making.folder / "registered")
    try:
        return summarizer_of(file, version.engine)
    finally:
        file.unlink()


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
