"""From a promotion to what is to be served: which models, and who writes which summaries. No IO."""

from __future__ import annotations

from dataclasses import dataclass

from brevity.common.errors import Fatal
from brevity.common.events import ModelPromoted, ObjectRef, Rollout

OWN = "own"
"""The version of the model that an engine comes with."""


@dataclass(frozen=True, slots=True)
class Source:
    """A model version and where its bytes lie; without `artifact` the model the engine is configured with."""

    version: str
    artifact: ObjectRef | None = None

    @property
    def identity(self) -> str:
        """Equal for equal bytes: two names of one model are loaded once."""
        if self.artifact is None:
            return OWN
        return self.artifact.sha256 or self.artifact.uri


OWN_MODEL = Source(OWN)


@dataclass(frozen=True, slots=True)
class Plan:
    """`champion` writes summaries; `challenger` those of a share of the documents, or is compared on them."""

    champion: Source
    challenger: Source | None = None
    rollout: Rollout = Rollout()  # noqa: RUF009 - frozen

    @property
    def newcomer(self) -> Source:
        """The version that the promotion is about."""
        return self.challenger or self.champion


def plan_of(promotion: ModelPromoted | None) -> Plan:
    """What `promotion` asks for; None is the engine's own model.

    Raises:
        Fatal: `model_unverified` when an artifact comes without its SHA-256.
    """
    if promotion is None:
        return Plan(OWN_MODEL)
    new = _source(promotion.version, promotion.artifact)
    if promotion.rollout.mode == "full":
        return Plan(new)
    old = previous(promotion)
    return Plan(old, new, promotion.rollout)


def previous(promotion: ModelPromoted) -> Source:
    """What was in service before: the fallback of a process that starts when the new version cannot be used."""
    if promotion.previous_artifact is None:
        return OWN_MODEL
    return _source(promotion.previous_version or OWN, promotion.previous_artifact)


def _source(version: str, artifact: ObjectRef | None) -> Source:
    if artifact is not None and artifact.sha256 is None:
        raise Fatal(
            f"version {version} was promoted without the SHA-256 of its bytes",
            code="model_unverified",
            remedy="Promote it with `artifact.sha256`.",
        )
    return Source(version, artifact)
