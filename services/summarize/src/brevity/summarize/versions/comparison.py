"""How a shadow's summaries differ from the champion's, counted up. No IO."""

from __future__ import annotations

from dataclasses import dataclass

from brevity.nlp.rouge import rouge_n, tokens
from brevity.summarize.engines.port import Summary
from brevity.summarize.serving.wire import Answer


@dataclass
class Comparison:
    """Sums over documents; `metrics` gives means."""

    documents: int = 0
    failed: int = 0
    dropped: int = 0
    identical: int = 0
    overlap: float = 0.0
    champion_words: int = 0
    shadow_words: int = 0
    champion_warnings: int = 0
    shadow_warnings: int = 0
    shadow_seconds: float = 0.0

    def add(self, champion: Summary, shadow: Answer, seconds: float) -> None:
        """Count one document that the champion has summarized, and what the shadow made of it in `seconds`."""
        self.documents += 1
        self.shadow_seconds += seconds
        if not isinstance(shadow, Summary):
            self.failed += 1
            return
        self.identical += champion.text == shadow.text
        self.overlap += 1.0 if champion.text == shadow.text else _overlap(champion.text, shadow.text)
        self.champion_words += champion.summary_words
        self.shadow_words += shadow.summary_words
        self.champion_warnings += len(champion.warnings)
        self.shadow_warnings += len(shadow.warnings)

    def metrics(self) -> dict[str, float]:
        """Documents compared, failed and left out, and means over those compared: shares lie in [0, 1]."""
        compared = max(1, self.documents - self.failed)
        return {
            "documents": self.documents,
            "failed": self.failed,
            "dropped": self.dropped,
            "identical_share": self.identical / compared,
            "overlap_mean": self.overlap / compared,
            "champion_words_mean": self.champion_words / compared,
            "shadow_words_mean": self.shadow_words / compared,
            "champion_warnings_mean": self.champion_warnings / compared,
            "shadow_warnings_mean": self.shadow_warnings / compared,
            "shadow_seconds_mean": self.shadow_seconds / max(1, self.documents),
        }


def _overlap(one: str, other: str) -> float:
    """F1 of the words that two summaries share."""
    return rouge_n(tokens(one), tokens(other), 1)
