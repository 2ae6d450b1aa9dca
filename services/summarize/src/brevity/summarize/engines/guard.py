"""Acts on warnings: a summary that states what its source does not hold is written again, or replaced by an extract.

The check is `brevity.nlp.faithfulness`. Whatever is done is said on the summary, and the model's own warnings stay when
nothing better was found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, Protocol

from brevity.common.contracts.vocabulary import Severity, WarningCode
from brevity.common.errors import BrevityError
from brevity.summarize.engines.neural import with_tokens
from brevity.summarize.engines.port import Flag, Job, Summary, SummaryEngine

Action = Literal["keep", "regenerate", "fall_back"]

_FACTS = frozenset(code for code in WarningCode if code.severity is Severity.FACT)
UNFAITHFUL = frozenset(code for code in WarningCode if code.severity is not Severity.NOTICE)
"""Warnings that count."""
_LONGEST_EXPRESSION = 100


class Rewriter(SummaryEngine, Protocol):
    """An engine that can be told what to leave out."""

    def rewrite(
        self, jobs: Sequence[Job], avoid: Sequence[tuple[str, ...]]
    ) -> list[Summary | BrevityError]: ...


class GuardedEngine:
    """A SummaryEngine around another.

    Args:
        action: `regenerate` asks up to `tries` times for another summary without the expressions that were flagged, and
            keeps the one with the fewest warnings; `fall_back` does so too, then takes the extract where that one
            still has more than `most` warnings.
        most: Warnings that are let pass.
        extract: The engine to fall back on. It takes sentences word for word, so it has nothing to warn of.
    """

    def __init__(
        self, engine: Rewriter, extract: SummaryEngine, *, action: Action, most: int, tries: int
    ) -> None:
        self._engine = engine
        self._extract = extract
        self._action = action
        self._most = most
        self._tries = tries
        self.name, self.model_version = engine.name, engine.model_version

    def speaks(self, language: str, output_language: str | None) -> bool:
        """As the engine inside."""
        speaks = getattr(self._engine, "speaks", None)
        return speaks is None or speaks(language, output_language)

    def summarize(self, jobs: Sequence[Job]) -> list[Summary | BrevityError]:
        """One answer for each job, in order."""
        answers = self._engine.summarize(jobs)
        if self._action == "keep":
            return answers
        answers = self._regenerated(jobs, answers)
        return self._replaced(jobs, answers) if self._action == "fall_back" else answers

    def _regenerated(
        self, jobs: Sequence[Job], first: Sequence[Summary | BrevityError]
    ) -> list[Summary | BrevityError]:
        best = {
            n: answer for n, answer in enumerate(first) if isinstance(answer, Summary) and self._bad(answer)
        }
        latest = dict(best)
        written: dict[int, list[Summary]] = {n: [summary] for n, summary in best.items()}
        avoid: dict[int, tuple[str, ...]] = dict.fromkeys(best, ())
        for _ in range(self._tries):
            open_ = [n for n in best if self._bad(best[n])]
            # What was to be avoided stays so: else two wrong numbers would take turns.
            avoid |= {n: tuple(dict.fromkeys((*avoid[n], *_expressions(latest[n])))) for n in open_}
            again = self._engine.rewrite([jobs[n] for n in open_], [avoid[n] for n in open_]) if open_ else []
            for number, answer in zip(open_, again, strict=True):
                if not isinstance(answer, Summary):
                    continue
                latest[number] = answer
                written[number].append(answer)
                if _count(answer) < _count(best[number]):
                    best[number] = answer
        return [
            self._told(first[n], best[n], written[n]) if n in best else answer
            for n, answer in enumerate(first)
        ]

    def _told(self, first: Summary | BrevityError, best: Summary, written: Sequence[Summary]) -> Summary:
        others = [summary for summary in written if summary is not best]
        summed = with_tokens(best, *others)
        if best is first or not isinstance(first, Summary):
            return summed
        message = (
            f"The first summary had {_count(first)} warnings; this one, written without what they named, has"
            f" {_count(best)}."
        )
        return replace(summed, warnings=(Flag("regenerated", message), *best.warnings))

    def _replaced(
        self, jobs: Sequence[Job], answers: Sequence[Summary | BrevityError]
    ) -> list[Summary | BrevityError]:
        bad = [n for n, answer in enumerate(answers) if isinstance(answer, Summary) and self._bad(answer)]
        extracts = self._extract.summarize([jobs[n] for n in bad]) if bad else []
        replaced = list(answers)
        for number, extract in zip(bad, extracts, strict=True):
            before = answers[number]
            # An extract in another language than the one wanted is none: then the warnings have to do.
            if isinstance(extract, Summary) and isinstance(before, Summary):
                message = (
                    f"{self.name} ({self.model_version}) wrote a summary with {_count(before)} warnings; these are"
                    " the document's own sentences instead."
                )
                kept = replace(extract, warnings=(Flag("fell_back", message), *extract.warnings))
                replaced[number] = with_tokens(kept, before)
        return replaced

    def _bad(self, summary: Summary) -> bool:
        return _count(summary) > self._most


def _count(summary: Summary) -> int:
    return sum(flag.code in UNFAITHFUL for flag in summary.warnings)


def _expressions(summary: Summary) -> tuple[str, ...]:
    """What the flags point at."""
    found = (
        summary.text[flag.start : flag.end].strip()
        for flag in summary.warnings
        if flag.code in _FACTS and flag.start is not None
    )
    return tuple(text for text in found if 0 < len(text) <= _LONGEST_EXPRESSION)
