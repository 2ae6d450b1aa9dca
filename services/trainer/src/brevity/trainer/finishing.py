"""What follows from a job's result: the decision is written onto the version, and what passes is promoted or waits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brevity.common.contracts.vocabulary import Decision
from brevity.common.errors import Unavailable
from brevity.trainer.gate.policy import Policy
from brevity.trainer.jobs.model import Job
from brevity.trainer.promotion import Promotions
from brevity.trainer.registry import Registry


class Finisher:
    """Every call may be repeated: a job promotes its version once."""

    def __init__(self, registry: Registry, promotions: Promotions, policy: Policy) -> None:
        self._registry = registry
        self._promotions = promotions
        self._policy = policy

    def finish(self, job: Job, result: Mapping[str, Any]) -> Mapping[str, Any]:
        """Fields with which the job ends.

        Raises:
            Unavailable: Something is away, or the champion is no longer the one that was compared with.
        """
        version = self._registry.version(job.model, str(result["version"]))
        champion = self._promotions.champion(job.model)
        now = champion.version if champion else None
        if now not in (result["champion"], version.version):
            raise Unavailable(
                f"version {now} became the champion while the candidate was compared with {result['champion']}",
                code="champion_changed",
            )
        reason = str(result["reason"])
        common = {"version": version.version, "step": None}
        if not result["passes"]:
            self._registry.decide(version, Decision.REFUSED, reason, result["evidence"])
            return {**common, "outcome": "refused", "message": f"refused by the gate: {reason}"}
        if self._policy.approval == "person":
            self._registry.decide(version, Decision.WAITING, reason, result["evidence"])
            message = f"version {version.version} passed and waits for approval: {reason}"
            return {**common, "outcome": "waiting", "message": message}
        self._registry.decide(version, Decision.PROMOTED, reason, result["evidence"])
        self._promotions.promote(
            version,
            reason=reason,
            decided_by="gate",
            metrics=result["metrics"],
            evidence=result["run_url"],
            once=f"job:{job.job_id}:{version.version}",
        )
        message = f"version {version.version} is promoted: {reason}"
        return {**common, "outcome": "promoted", "message": message}
