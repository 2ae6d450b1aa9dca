"""Promotions: recorded first, then carried out step by step, so that a crash leaves nothing half done.

A record in the store says what was decided. Carrying it out sets the registry's aliases, publishes `models.promoted`
and marks the record finished; each step may be repeated, and every start finishes what is not. The store allows one
unfinished record a model, and a new one waits for it: so events leave in the order of the decisions.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.errors import DuplicateKeyError

from brevity.common.errors import Rejected, Unavailable
from brevity.common.events import ModelPromoted, Rollout, encode
from brevity.common.kafka.producer import AcknowledgedProducer
from brevity.common.observability.logging import get_logger
from brevity.common.storage.mongo import translated
from brevity.trainer.metrics import TrainerMetrics
from brevity.trainer.mongo import Document, Store
from brevity.trainer.registry import CHAMPION, Registry, Version

log = get_logger(__name__)

BUNDLED = "bundled"
_KEPT = ("rouge2_gain", "rouge2_gain_low", "candidate_rouge2", "champion_rouge2", "evaluation_documents")

_REPLACED = ("previous_version", "previous_model_version", "previous_artifact")


class Promotions:
    """Calls block; safe to share between threads and between instances."""

    def __init__(
        self, store: Store, registry: Registry, producer: AcknowledgedProducer, metrics: TrainerMetrics
    ) -> None:
        self._records = store.promotions
        self._registry = registry
        self._producer = producer
        self._metrics = metrics

    def promote(
        self,
        version: Version,
        *,
        reason: str,
        decided_by: str,
        vouched_by: str | None = None,
        rollout: Rollout | None = None,
        metrics: Mapping[str, float] | None = None,
        evidence: str | None = None,
        once: str | None = None,
    ) -> ModelPromoted:
        """Bring a version into service; returns the event that says so.

        Args:
            vouched_by: The caller whose word it is that `decided_by` did, where that was passed on.
            once: A name for this decision: the same name decides only once, however often it is called.

        Raises:
            Unavailable: Something is away. Once the decision is recorded it is carried out later by itself.
        """
        self.finish()
        made = self._made(once)
        if made is not None:
            return made
        last = self._last(version.model)
        event = self._event(version, reason, decided_by, rollout, metrics or {}, evidence, last)
        event = event.model_copy(update={"vouched_by": vouched_by})
        record: Document = {
            "_id": once or event.promotion_id,
            "model": version.model,
            "sequence": int(last["sequence"]) + 1 if last else 1,
            "event": event.model_dump(mode="json", exclude_none=True),
            "finished": False,
            "slot": version.model,
        }
        try:
            with translated(passing=(DuplicateKeyError,)):
                self._records.insert_one(record)
        except DuplicateKeyError:
            made = self._made(once)  # by another instance, in the same moment
            if made is not None:
                return made
            raise Unavailable(
                f"another promotion of {version.model} is being carried out", code="promotion_in_work"
            ) from None
        self.finish()
        return event

    def finish(self) -> None:
        """Carry out what is recorded and not finished. Raises Unavailable; to be called again then."""
        with translated():
            left = list(self._records.find({"finished": False}).sort("sequence", ASCENDING))
        for record in left:
            event = ModelPromoted.model_validate(record["event"])
            version = self._registry.version(event.model, event.version)
            previous = (
                self._registry.version(event.model, event.previous_version)
                if event.previous_version
                else None
            )
            self._registry.crown(version, previous)
            self._producer.send([encode(event, source="trainer", time=event.promoted_at)])
            with translated():
                self._records.update_one(
                    {"_id": record["_id"]}, {"$set": {"finished": True}, "$unset": {"slot": ""}}
                )
            self._metrics.promotions.labels((event.decided_by or "unknown").partition(":")[0]).inc()
            log.info("promoted", model=event.model, version=event.version, reason=event.reason)

    def champion(self, model: str) -> Version | None:
        """The version in service: the one promoted last, or without any promotion the registry's alias.

        None when there is none, or it was deleted from the registry.
        """
        last = self._last(model)
        if last is None:
            return self._registry.aliased(model, CHAMPION)
        number = str(last["event"]["version"])
        return next((v for v in self._registry.versions(model) if v.version == number), None)

    def restore(self) -> None:
        """Set the registry's alias back to the champion where somebody has moved or deleted it. Raises Unavailable.

        An alias moved by hand is no promotion: nobody was told of it, and no replica serves what it names.
        """
        for model in self._registry.models():
            last = self._last(model)
            if last is None or not last["finished"]:
                continue
            found, version = self._registry.alias(model, CHAMPION), str(last["event"]["version"])
            if found == version:
                continue
            try:
                champion = self._registry.version(model, version)
            except Rejected as error:
                log.error(
                    "the champion is not in the registry", model=model, version=version, code=error.code
                )
                continue
            self._registry.crown(champion, None)
            log.warning(
                "the alias champion was changed by hand and is set back; `brevity models promote` promotes",
                model=model,
                found=found,
                champion=version,
            )

    def history(self, model: str, limit: int = 50) -> list[ModelPromoted]:
        """Promotions of `model`, newest first."""
        with translated():
            found = self._records.find({"model": model}).sort("sequence", DESCENDING).limit(limit)
            return [ModelPromoted.model_validate(record["event"]) for record in found]

    def before(self, model: str) -> Version:
        """The version that was in service before the one that is. Raises Rejected `nothing_before`."""
        now = self.champion(model)
        for event in self.history(model, 200):
            if now is not None and event.version == now.version and event.previous_version:
                return self._registry.version(model, event.previous_version)
        raise Rejected(
            f"no version of {model} was in service before",
            code="nothing_before",
            remedy="Name the version to promote: `brevity models promote`.",
        )

    def _made(self, once: str | None) -> ModelPromoted | None:
        if once is None:
            return None
        with translated():
            found = self._records.find_one({"_id": once})
        return ModelPromoted.model_validate(found["event"]) if found else None

    def _last(self, model: str) -> Document | None:
        with translated():
            return next(
                iter(self._records.find({"model": model}).sort("sequence", DESCENDING).limit(1)), None
            )

    def _event(
        self,
        version: Version,
        reason: str,
        decided_by: str,
        rollout: Rollout | None,
        metrics: Mapping[str, float],
        evidence: str | None,
        last: Document | None,
    ) -> ModelPromoted:
        previous = self.champion(version.model)
        now = datetime.now(UTC)
        if last is not None:  # readers leave out what is not later: clocks of instances may differ
            before = ModelPromoted.model_validate(last["event"]).promoted_at
            now = max(now, before + timedelta(milliseconds=1))
        fields: dict[str, Any] = {}
        if previous is not None and previous.version != version.version:
            fields = {
                "previous_version": previous.version,
                "previous_model_version": previous.model_version,
                "previous_artifact": previous.artifact,
            }
        elif last is not None and last["event"]["version"] == version.version:
            # Another rollout of the same version, say a larger share: what it replaces stays what it was.
            fields = {name: last["event"][name] for name in _REPLACED if name in last["event"]}
        return ModelPromoted(
            engine=version.engine,
            model=version.model,
            version=version.version,
            uri=version.uri,
            reason=reason,
            metrics={name: metrics[name] for name in _KEPT if name in metrics},
            promoted_at=now,
            artifact=version.artifact,
            model_version=version.model_version,
            rollout=rollout or Rollout(),
            evidence=evidence,
            decided_by=decided_by,
            **fields,
        )


def ensure_first(registry: Registry, promotions: Promotions, model: str, engine: str, file: Path) -> None:
    """Register the engine's own model as version 1 and make it the champion, if the model has none."""
    if promotions.champion(model) is None:
        first = registry.register(model, engine, file, run_id=None, job_id=f"{BUNDLED}-{model}")
        promotions.promote(
            first,
            reason="the model that the engine comes with",
            decided_by=BUNDLED,
            once=f"{BUNDLED}-{model}-{first.model_version}",
        )
