"""The decision: pure, from the pairs and the policy, with everything it stands on."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal

from brevity.common.contracts.vocabulary import GateCheck
from brevity.trainer.gate.bootstrap import Gain, paired_gain
from brevity.trainer.gate.figures import both, grouped
from brevity.trainer.gate.policy import Policy
from brevity.trainer.gate.scores import Pair


@dataclass(frozen=True, slots=True)
class Group:
    """Some of the documents, e.g. those of one language, and how ROUGE-2 moved there.

    Attributes:
        champion, candidate: Mean ROUGE-2.
        means: Candidate's and champion's mean of every measure.
    """

    kind: str
    name: str
    champion: float
    candidate: float
    gain: Gain
    means: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Check:
    """One rule: whether it holds, the sentence that says so, and the value held against its bound.

    Attributes:
        relation: How the value must stand to the bound.
    """

    ok: bool
    why: str
    value: float
    relation: Literal[">=", ">", "<="]
    bound: float


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the candidate passes, each check with its sentence, and the figures behind them."""

    passes: bool
    reason: str
    checks: Mapping[str, Check]
    metrics: Mapping[str, float]
    groups: Sequence[Group]
    gain: Gain
    confidence: float

    def evidence(self) -> dict[str, Any]:
        """As JSON, for the registry and the run."""
        return {
            "passes": self.passes,
            "reason": self.reason,
            "checks": {str(name): _rounded(asdict(check)) for name, check in self.checks.items()},
            "metrics": {name: round(value, 6) for name, value in self.metrics.items()},
            "gain": _rounded(asdict(self.gain)),
            "confidence": self.confidence,
            "groups": [_rounded(asdict(group)) for group in self.groups],
        }


def decide(
    pairs: Sequence[Pair],
    policy: Policy,
    *,
    size_bytes: int,
    engine: str = "extractive",
    variant: bool = False,
    parent: Sequence[Pair] = (),
) -> Decision:
    """Hold the pairs against the policy.

    Args:
        pairs: Candidate and champion on every evaluation document.
        size_bytes: Of the candidate's file.
        engine: That serves the candidate.
        variant: The candidate is the champion made faster or smaller: it must keep quality instead of gaining.
        parent: Candidate and the version that it makes faster or smaller, in the champion's place, where that is not
            the champion: it must keep the one's quality and gain on the other.
    """
    gain = _gain(pairs, policy)
    ours, theirs = both(pairs)
    groups = _groups(pairs, policy)
    ratio = _ratio(pairs)
    faithful = theirs["faithfulness"] - policy.max_faithfulness_drop
    most = policy.bytes_of(engine)
    checks: dict[str, Check] = {
        GateCheck.DOCUMENTS: _check(
            len(pairs),
            ">=",
            policy.min_documents,
            f"{len(pairs)} evaluation documents, {policy.min_documents} needed",
        ),
        GateCheck.QUALITY: _keeps(ours, theirs, policy) if variant else _rises(gain, policy),
        **({GateCheck.VARIANT: _keeps(*both(parent), policy)} if parent else {}),
        **_keeps_length(both(parent) if parent else (ours, theirs), policy, engine, variant or bool(parent)),
        GateCheck.GROUPS: _no_fall(groups, policy),
        GateCheck.FAITHFULNESS: _check(
            ours["faithfulness"],
            ">=",
            faithful,
            f"faithfulness {ours['faithfulness']:.3f} after {theirs['faithfulness']:.3f}",
        ),
        GateCheck.SPEED: _check(
            ratio,
            "<=",
            policy.max_seconds_ratio,
            f"{ratio:.2f} times the champion's time a document, {policy.max_seconds_ratio:g} allowed",
        ),
        GateCheck.SIZE: _check(size_bytes, "<=", most, f"{size_bytes:,} bytes, {most:,} allowed"),
    }
    failed = [check.why for check in checks.values() if not check.ok]
    metrics = {
        "rouge2_gain": gain.mean,
        "rouge2_gain_low": gain.low if pairs else 0.0,
        "seconds_ratio": ratio,
        "model_bytes": float(size_bytes),
        "evaluation_documents": float(len(pairs)),
        **{f"candidate_{name}": value for name, value in ours.items()},
        **{f"champion_{name}": value for name, value in theirs.items()},
    }
    reason = "; ".join(failed) if failed else checks[GateCheck.QUALITY].why
    finite = {name: value for name, value in metrics.items() if abs(value) < 1e12}
    return Decision(not failed, reason, checks, finite, groups, gain, policy.confidence)


def _check(value: float, relation: Literal[">=", ">", "<="], bound: float, why: str) -> Check:
    ok = {">=": operator.ge, ">": operator.gt, "<=": operator.le}[relation](value, bound)
    return Check(bool(ok), why, float(value), relation, float(bound))


def _rises(gain: Gain, policy: Policy) -> Check:
    why = (
        f"ROUGE-2 {gain.mean:+.4f}, at least {gain.low:+.4f} with {policy.confidence:.0%} confidence,"
        f" more than {policy.min_gain:+.4f} needed"
    )
    return _check(gain.low, ">", policy.min_gain, why)


def _keeps(ours: Mapping[str, float], theirs: Mapping[str, float], policy: Policy) -> Check:
    kept = ours["rouge2"] / theirs["rouge2"] if theirs["rouge2"] else 1.0
    why = f"keeps {kept:.1%} of its parent's ROUGE-2, {policy.variant_keeps:.0%} needed"
    return _check(kept, ">=", policy.variant_keeps, why)


def _keeps_length(
    both: tuple[Mapping[str, float], Mapping[str, float]], policy: Policy, engine: str, variant: bool
) -> dict[str, Check]:
    """A variant that writes must not buy its speed with shorter summaries, nor ROUGE with longer ones.

    The extractive engine always fills the length that was asked for.
    """
    if not variant or engine == "extractive":
        return {}
    ours, theirs = both
    kept = ours["length"] / theirs["length"] if theirs["length"] else 1.0
    changed = abs(kept - 1)
    why = f"summaries have {kept:.1%} of its parent's length, {policy.variant_keeps:.0%} needed"
    return {GateCheck.LENGTH: _check(changed, "<=", round(1 - policy.variant_keeps, 9), why)}


def _no_fall(groups: Sequence[Group], policy: Policy) -> Check:
    """A fall counts where it is larger than allowed and more than chance would make of no change."""
    falls = [
        group
        for group in groups
        if group.gain.documents >= policy.min_group_documents and group.gain.high < 0
    ]
    fallen = [group for group in falls if group.gain.mean < -policy.max_group_drop]
    why = (
        "ROUGE-2 falls for "
        + ", ".join(f"{group.kind} {group.name} ({group.gain.mean:+.4f})" for group in fallen)
        if fallen
        else f"no set, language or length falls by more than {policy.max_group_drop:g}"
    )
    worst = min((group.gain.mean for group in falls), default=0.0)
    return _check(worst, ">=", -policy.max_group_drop, why)


def _groups(pairs: Sequence[Pair], policy: Policy) -> list[Group]:
    out = []
    for kind, name, members in grouped(pairs):
        ours, theirs = both(members)
        means = {measure: (ours[measure], theirs[measure]) for measure in ours}
        out.append(Group(kind, name, theirs["rouge2"], ours["rouge2"], _gain(members, policy), means))
    return out


def _gain(pairs: Sequence[Pair], policy: Policy) -> Gain:
    return paired_gain(
        [pair.candidate.rouge2 - pair.champion.rouge2 for pair in pairs],
        strata=[pair.set for pair in pairs],
        confidence=policy.confidence,
        resamples=policy.resamples,
        seed=policy.seed,
    )


def _ratio(pairs: Sequence[Pair]) -> float:
    if not pairs:
        return 1.0
    theirs = median(pair.champion.seconds for pair in pairs)
    return median(pair.candidate.seconds for pair in pairs) / max(theirs, 1e-9)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return [_rounded(item) for item in value]
    return (
        round(value, 6)
        if isinstance(value, float) and abs(value) < 1e12
        else str(value)
        if isinstance(value, float)
        else value
    )
