"""What the models page calls things, and how it writes their figures."""

from __future__ import annotations

from collections.abc import Mapping

from brevity.common.contracts.vocabulary import Decision, GateCheck
from brevity.feedback.registry.versions import Check

CHECKS: Mapping[str, str] = {
    GateCheck.DOCUMENTS: "Enough documents",
    GateCheck.QUALITY: "Quality",
    GateCheck.VARIANT: "Keeps its parent's quality",
    GateCheck.LENGTH: "Keeps its parent's length",
    GateCheck.GROUPS: "No group falls",
    GateCheck.FAITHFULNESS: "Faithfulness",
    GateCheck.SPEED: "Speed",
    GateCheck.SIZE: "Size",
}
DECISIONS: Mapping[str, str] = {
    Decision.PROMOTED: "Promoted",
    Decision.REFUSED: "Refused",
    Decision.WAITING: "Waits for approval",
    Decision.ROLLED_BACK: "Rolled back",
}
MEASURES: Mapping[str, str] = {
    "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2",
    "rouge_l": "ROUGE-L",
    "faithfulness": "Faithfulness",
    "length": "Length ratio",
    "seconds": "Seconds",
}
STATES: Mapping[str, str] = {
    "announced": "No process has taken it up",
    "refused": "Refused by the processes",
    "in_service": "Was in service",
}
_RELATIONS: Mapping[str, str] = {">=": "at least", ">": "more than", "<=": "at most"}


def size(count: int) -> str:
    """Bytes as people say them, in powers of ten."""
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= unit:
            return f"{count / unit:,.1f} {name}"
    return f"{count} B"


def value(name: str, number: float | None) -> str:
    """A rule's value or bound in its own unit."""
    if number is None:
        return ""
    match name:
        case "documents":
            return f"{number:,.0f}"
        case "size":
            return size(round(number))
        case "speed":
            return f"{number:.2f} ×"
        case "variant":
            return f"{number:.1%}"
        case "faithfulness":
            return f"{number:.3f}"
        case "quality" if number > 0.5:  # a variant's share of the champion's, not a gain
            return f"{number:.1%}"
        case _:
            return f"{number:+.4f}"


def bound(name: str, check: Check) -> str:
    """What is asked for, in words."""
    if check.relation is None or check.bound is None:
        return ""
    return f"{_RELATIONS[check.relation]} {value(name, check.bound)}"


def measure(name: str, number: float) -> str:
    """A mean of an evaluation."""
    return f"{number:.2f}" if name == "length" else f"{number:.4f}" if name != "seconds" else f"{number:.3f}"
