"""The decision: pure, from the pairs and the policy, with everything it stands on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import fmean, median
from typing import Any

from brevity.trainer.gate.bootstrap import Gain, paired_gain
from brevity.trainer.gate.policy import Policy
from brevity.trainer.gate.scores import Pair, Score


@dataclass(frozen=True, slots=True)
class Group:
    """Some of the documents, e.g. those of one language, and how ROUGE-2 moved there."""

    kind: str
    name: str
    champion: float
    candidate: float
    gain: Gain


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the candidate passes, each check with its sentence, and the figures behind them."""

    passes: bool
    reason: str
    checks: Mapping[str, tuple[bool, str]]
    metrics: Mapping[str, float]
    groups: Sequence[Group] = field(default_factory=tuple)

    def evidence(self) -> dict[str, Any]:
        """As JSON, for the registry and the run."""
        return {
            "passes": self.passes,
            "reason": self.reason,
            "checks": {name: {"ok": ok, "why": why} for name, (ok, why) in self.checks.items()},
            "metrics": {name: round(value, 6) for name, value in self.metrics.items()},
            "groups": [_rounded(asdict(group)) for group in self.groups],
        }


def decide(
    pairs: Sequence[Pair],
    policy: Policy,
    *,
    size_bytes: int,
    variant: bool = False,
    parent: Sequence[Pair] = (),
) -> Decision:
    """Hold the pairs against the policy.

    Args:
        pairs: Candidate and champion on every evaluation document.
        size_bytes: Of the candidate's file.
        variant: The candidate is the champion made faster or smaller: it must keep quality instead of gaining.
        parent: Candidate and the version that it makes faster or smaller, in the champion's place, where that is not
            the champion: it must keep the one's quality and gain on the other.
    """
    gain = _gain(pairs, policy)
    ours, theirs = _both(pairs)
    groups = _groups(pairs, policy)
    ratio = _ratio(pairs)
    checks = {
        "documents": (
            len(pairs) >= policy.min_documents,
            f"{len(pairs)} evaluation documents, {policy.min_documents} needed",
        ),
        "quality": _keeps(ours, theirs, policy) if variant else _rises(gain, policy),
        **({"variant": _keeps(*_both(parent), policy)} if parent else {}),
        "groups": _no_fall(groups, policy),
        "faithfulness": (
            ours["faithfulness"] >= theirs["faithfulness"] - policy.max_faithfulness_drop,
            f"faithfulness {ours['faithfulness']:.3f} after {theirs['faithfulness']:.3f}",
        ),
        "speed": (
            ratio <= policy.max_seconds_ratio,
            f"{ratio:.2f} times the champion's time a document, {policy.max_seconds_ratio:g} allowed",
        ),
        "size": (size_bytes <= policy.max_bytes, f"{size_bytes:,} bytes, {policy.max_bytes:,} allowed"),
    }
    failed = [why for ok, why in checks.values() if not ok]
    metrics = {
        "rouge2_gain": gain.mean,
        "rouge2_gain_low": gain.low if pairs else 0.0,
        "seconds_ratio": ratio,
        "model_bytes": float(size_bytes),
        "evaluation_documents": float(len(pairs)),
        **{f"candidate_{name}": value for name, value in ours.items()},
        **{f"champion_{name}": value for name, value in theirs.items()},
    }
    reason = "; ".join(failed) if failed else checks["quality"][1]
    return Decision(not failed, reason, checks, {k: v for k, v in metrics.items() if abs(v) < 1e12}, groups)


def _rises(gain: Gain, policy: Policy) -> tuple[bool, str]:
    return (
        gain.low > policy.min_gain,
        f"ROUGE-2 {gain.mean:+.4f}, at least {gain.low:+.4f} with {policy.confidence:.0%} confidence,"
        f" more than {policy.min_gain:+.4f} needed",
    )


def _keeps(ours: Mapping[str, float], theirs: Mapping[str, float], policy: Policy) -> tuple[bool, str]:
    kept = ours["rouge2"] / theirs["rouge2"] if theirs["rouge2"] else 1.0
    return (
        kept >= policy.variant_keeps,
        f"keeps {kept:.1%} of its parent's ROUGE-2, {policy.variant_keeps:.0%} needed",
    )


def _no_fall(groups: Sequence[Group], policy: Policy) -> tuple[bool, str]:
    """A fall counts where it is larger than allowed and more than chance would make of no change."""
    fallen = [
        group
        for group in groups
        if group.gain.documents >= policy.min_group_documents
        and group.gain.mean < -policy.max_group_drop
        and group.gain.high < 0
    ]
    if not fallen:
        return True, f"no set, language or length falls by more than {policy.max_group_drop:g}"
    return False, "ROUGE-2 falls for " + ", ".join(
        f"{group.kind} {group.name} ({group.gain.mean:+.4f})" for group in fallen
    )


def _groups(pairs: Sequence[Pair], policy: Policy) -> list[Group]:
    kinds: dict[str, Callable[[Pair], str]] = {
        "set": lambda pair: pair.set,
        "language": lambda pair: pair.language,
        "length": lambda pair: pair.bucket,
        "origin": lambda pair: "recent feedback" if pair.recent else "frozen",
    }
    out = []
    for kind, of in kinds.items():
        for name in sorted({of(pair) for pair in pairs}):
            members = [pair for pair in pairs if of(pair) == name]
            out.append(
                Group(
                    kind,
                    name,
                    _means(members, lambda pair: pair.champion)["rouge2"],
                    _means(members, lambda pair: pair.candidate)["rouge2"],
                    _gain(members, policy),
                )
            )
    return out


def _gain(pairs: Sequence[Pair], policy: Policy) -> Gain:
    return paired_gain(
        [pair.candidate.rouge2 - pair.champion.rouge2 for pair in pairs],
        strata=[pair.set for pair in pairs],
        confidence=policy.confidence,
        resamples=policy.resamples,
        seed=policy.seed,
    )


def _both(pairs: Sequence[Pair]) -> tuple[dict[str, float], dict[str, float]]:
    return _means(pairs, lambda pair: pair.candidate), _means(pairs, lambda pair: pair.champion)


def _means(pairs: Sequence[Pair], of: Callable[[Pair], Score]) -> dict[str, float]:
    names = ("rouge1", "rouge2", "faithfulness", "length", "seconds")
    return {name: fmean(getattr(of(pair), name) for pair in pairs) if pairs else 0.0 for name in names}


def _ratio(pairs: Sequence[Pair]) -> float:
    if not pairs:
        return 1.0
    theirs = median(pair.champion.seconds for pair in pairs)
    return median(pair.candidate.seconds for pair in pairs) / max(theirs, 1e-9)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    return (
        round(value, 6)
        if isinstance(value, float) and abs(value) < 1e12
        else str(value)
        if isinstance(value, float)
        else value
    )
