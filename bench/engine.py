"""How good and how fast the extractive engine is, beside LexRank, TextRank, Luhn and the lead of the document.

All systems get the same sentences (of validation splits, which training never sees) and the reference's number of
words as their budget. Two rules make a summary of a system's ranking, the same for every system:

- equal length: sentences are taken best first until the budget is spent, and the last is cut where it is. Every
  summary has exactly as many words as the reference. The ratios come from this rule.
- whole sentences: the best that still fits is taken until none fits; only a first sentence that is too long is cut.
  The engine is measured by what it really returns, speakers' names included.

QUICK=1 takes fewer documents, and of the long ones the shortest. Times are
processor time, so that other work on the machine changes nothing. `python -m bench.engine`; DATA_DIR names the data.
"""

from __future__ import annotations

import re
import statistics
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

from rouge_score.rouge_scorer import RougeScorer
from sumy.models.dom import ObjectDocumentModel, Paragraph
from sumy.models.dom import Sentence as SumySentence
from sumy.summarizers.lex_rank import LexRankSummarizer
from sumy.summarizers.luhn import LuhnSummarizer
from sumy.summarizers.text_rank import TextRankSummarizer

from bench.corpus import rows
from bench.report import QUICK, finish, show
from brevity.nlp.extractive import ExtractiveSummarizer
from brevity.nlp.rouge import tokens
from brevity.nlp.transcript import read_sentences
from brevity.nlp.words import count_words, first_words

LONG_SETS = {"meetings": 5, "stories": 6, "biomedical": 20, "encyclopedia-german": 20}
SHORT_SETS = {"meeting-passages": 50, "science-tldr": 300, "clinic-dialogue": 80, "news-norwegian": 80}
"""Documents taken of each set's validation split. French debates have none: they are only trained on."""
QUICK_DOCUMENTS = {"meeting-passages": 12, "science-tldr": 120, "clinic-dialogue": 40}
PEERS = {"LexRank": LexRankSummarizer, "TextRank": TextRankSummarizer, "Luhn": LuhnSummarizer}
METRICS = ("rouge1", "rouge2", "rougeLsum")
EQUAL, WHOLE = "equal length", "whole sentences"
LONG_WORDS = 2_000

Row = dict[str, str]
Ranking = list[tuple[int, str]]
"""Sentences best first, each with its place in the document."""


class Tokens:
    """One tokenizer for every scored text and for the peers."""

    def tokenize(self, text: str) -> list[str]:
        return tokens(text)

    def to_words(self, text: str) -> list[str]:
        return tokens(text)


SCORER = RougeScorer(list(METRICS), tokenizer=Tokens())
ENGINE = ExtractiveSummarizer.load()


def shown(text: str, start: int, end: int) -> str:
    return " ".join(text[start:end].split())


def sentences_of(row: Row) -> list[str]:
    return [shown(row["text"], *s.span) for s in read_sentences(row["text"], row["language"])]


def lead(row: Row) -> Ranking:
    return list(enumerate(sentences_of(row)))


def peer(name: str) -> Callable[[Row], Ranking]:
    def run(row: Row) -> Ranking:
        found = [SumySentence(s, Tokens()) for s in sentences_of(row) if tokens(s)]
        ranked: Ranking = []

        def note(infos: Sequence[object]) -> Sequence[object]:
            ranked.extend((info.order, str(info.sentence)) for info in infos)  # pyright: ignore[reportAttributeAccessIssue]
            return infos

        PEERS[name]()(ObjectDocumentModel([Paragraph(found)]), note)
        return ranked

    return run


RANKINGS: dict[str, Callable[[Row], Ranking]] = {"Lead": lead, **{name: peer(name) for name in PEERS}}
SYSTEMS = ("Brevity", *RANKINGS)


def cut_to(ranking: Ranking, budget: int) -> str:
    """The rule of equal length."""
    taken: Ranking = []
    for place, sentence in ranking:
        kept = sentence[: first_words(sentence, budget)]
        taken.append((place, kept))
        budget -= count_words(kept)
        if budget <= 0:
            break
    return "\n".join(sentence for _, sentence in sorted(taken))


def whole_in(ranking: Ranking, budget: int, *, in_order: bool) -> str:
    """The rule of whole sentences; `in_order` stops at the first that does not fit, as a lead does."""
    taken: Ranking = []
    for place, sentence in ranking:
        words = count_words(sentence)
        if words <= budget:
            taken.append((place, sentence))
            budget -= words
        elif in_order:
            break
    if not taken:
        return cut_to(ranking, budget)
    return "\n".join(sentence for _, sentence in sorted(taken))


def brevity(row: Row, budget: int) -> tuple[dict[str, str], float]:
    """A summary by each rule, and the seconds that the one returned to users took."""
    began = time.process_time()
    extract = ENGINE.summarize(row["text"], language=row["language"], words=budget, style="paragraph")
    spent = time.process_time() - began
    spans = ENGINE.rank(row["text"], language=row["language"], words=budget)
    ranking = [(span.start, shown(row["text"], *span)) for span in spans]
    return {EQUAL: cut_to(ranking, budget), WHOLE: "\n".join(s.text for s in extract.sentences)}, spent


def other(system: str, row: Row, budget: int) -> tuple[dict[str, str], float]:
    began = time.process_time()
    ranking = RANKINGS[system](row)
    spent = time.process_time() - began
    whole = whole_in(ranking, budget, in_order=system == "Lead")
    return {EQUAL: cut_to(ranking, budget), WHOLE: whole}, spent


def sample(name: str, wanted: int) -> list[Row]:
    found = rows(name, "validation")
    if QUICK and name in LONG_SETS:
        return sorted(found, key=lambda row: len(row["text"]))[:3]
    if QUICK:
        wanted = min(wanted, QUICK_DOCUMENTS.get(name, wanted))
    return found[:: max(1, len(found) // wanted)][:wanted]


class Measured(NamedTuple):
    """Mean ROUGE-2 by rule, set and system; seconds by system on the long documents."""

    means: dict[str, dict[str, dict[str, float]]]
    seconds: dict[str, float]


def quality() -> Measured:
    means: dict[str, dict[str, dict[str, float]]] = {EQUAL: {}, WHOLE: {}}
    seconds = dict.fromkeys(SYSTEMS, 0.0)
    tables: dict[str, list[list[object]]] = {EQUAL: [], WHOLE: []}
    for name, wanted in (LONG_SETS | SHORT_SETS).items():
        picked = sample(name, wanted)
        if not picked:
            continue
        for system in SYSTEMS:
            scores: dict[str, dict[str, list[float]]] = {rule: defaultdict(list) for rule in means}
            total = 0.0
            for row in picked:
                budget = max(1, count_words(row["summary"]))
                made, spent = brevity(row, budget) if system == "Brevity" else other(system, row, budget)
                total += spent
                if len(row["text"].split()) > LONG_WORDS:
                    seconds[system] += spent
                for rule, summary in made.items():
                    for metric, score in SCORER.score(row["summary"], summary).items():
                        scores[rule][metric].append(score.fmeasure)
            for rule, table in tables.items():
                found = [statistics.fmean(scores[rule][metric]) for metric in METRICS]
                means[rule].setdefault(name, {})[system] = found[1]
                table.append([name, len(picked), system, *(100 * f for f in found), len(picked) / total])
    columns = ["set", "documents", "system", "ROUGE-1", "ROUGE-2", "ROUGE-Lsum", "documents/s"]
    for rule, table in tables.items():
        show(f"Quality (F, %), {rule}", columns, table)
    return Measured(means, seconds)


def scaling() -> float:
    """Time for each word of a 200,000-word text relative to a 1,000-word text."""
    text = "\n".join(row["text"] for name in LONG_SETS | SHORT_SETS for row in rows(name, "validation")[:25])
    words = re.findall(r"\S+\s*", text)
    while len(words) < 200_000:
        words += words
    table, each = [], {}
    for count in (1_000, 10_000, 50_000, 200_000):
        part = "".join(words[:count])
        spent = []
        for _ in range(7 if count < 20_000 else 2):
            began = time.process_time()
            ENGINE.summarize(part, language="en", words=200, style="paragraph")
            spent.append(time.process_time() - began)
        each[count] = min(spent) / count
        table.append([count, min(spent), each[count] * 1e6])
    show("Time", ["words", "seconds", "microseconds a word"], table)
    return each[200_000] / each[1_000]


def over_best_peer(means: dict[str, dict[str, float]]) -> tuple[dict[str, float], float]:
    """Each system's mean over the sets, and the engine's relative to the best of the others."""
    overall = {system: statistics.fmean(m[system] for m in means.values()) for system in SYSTEMS}
    return overall, overall["Brevity"] / max(overall[name] for name in RANKINGS)


def main() -> int:
    warnings.simplefilter("ignore")
    means, seconds = quality()
    if not means[EQUAL]:
        print("No data sets found; set DATA_DIR to the folder of the data.", file=sys.stderr)
        return 2
    equal, equal_ratio = over_best_peer(means[EQUAL])
    whole, whole_ratio = over_best_peer(means[WHOLE])
    show(
        "Mean over sets, and long documents",
        [
            "system", f"ROUGE-2 %, {EQUAL}", f"ROUGE-2 %, {WHOLE}", f"seconds on documents over {LONG_WORDS} words",
        ],
        [[system, 100 * equal[system], 100 * whole[system], seconds[system]] for system in SYSTEMS],
    )  # fmt: skip
    finish(
        "engine",
        {
            "rouge2_vs_best_peer": equal_ratio,
            "worst_set_vs_lead": min(m["Brevity"] / m["Lead"] for m in means[EQUAL].values()),
            "rouge2_vs_best_peer_whole_sentences": whole_ratio,
            "worst_set_vs_lead_whole_sentences": min(m["Brevity"] / m["Lead"] for m in means[WHOLE].values()),
            "speed_vs_lexrank": seconds["LexRank"] / seconds["Brevity"],
            "time_per_word_200k_vs_1k": scaling(),
        },
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
