"""How good and how fast the extractive engine is, beside LexRank, TextRank, Luhn and the lead of the document.

All systems read the same sentences and get the words of the reference as their budget. QUICK=1 takes fewer
documents. `python -m bench.engine`; DATA_DIR names the data.
"""

from __future__ import annotations

import re
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Sequence

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
from brevity.nlp.words import count_words

SETS = (
    "meetings", "meeting-passages", "science-tldr", "biomedical",
    "clinic-dialogue", "stories", "news-norwegian", "encyclopedia-german",
)  # fmt: skip
PEERS = {"LexRank": LexRankSummarizer, "TextRank": TextRankSummarizer, "Luhn": LuhnSummarizer}
METRICS = ("rouge1", "rouge2", "rougeLsum")
LONG_WORDS = 2_000

Row = dict[str, str]


class Tokens:
    """One tokenizer for every scored text and for the peers."""

    def tokenize(self, text: str) -> list[str]:
        return tokens(text)

    def to_words(self, text: str) -> list[str]:
        return tokens(text)


SCORER = RougeScorer(list(METRICS), tokenizer=Tokens())
ENGINE = ExtractiveSummarizer.load()


def sentences_of(row: Row) -> list[str]:
    return [
        " ".join(row["text"][s.span.start : s.span.end].split())
        for s in read_sentences(row["text"], row["language"])
    ]


def within(budget: int) -> Callable[[Sequence[object]], list[object]]:
    """Take ranked sentences that fit the budget, as the engine does: one sentence at least."""

    def take(ranked: Sequence[object]) -> list[object]:
        taken, left = [], budget
        for item in ranked:
            words = count_words(str(getattr(item, "sentence", item)))
            if words and (words <= left or not taken):
                taken.append(item)
                left -= words
        return taken

    return take


def engine(row: Row, budget: int) -> str:
    extract = ENGINE.summarize(row["text"], language=row["language"], words=budget, style="paragraph")
    return "\n".join(s.text for s in extract.sentences)


def lead(row: Row, budget: int) -> str:
    taken, left = [], budget
    for sentence in sentences_of(row):
        if taken and count_words(sentence) > left:
            break
        taken.append(sentence)
        left -= count_words(sentence)
    return "\n".join(taken)


def peer(name: str) -> Callable[[Row, int], str]:
    summarizer = PEERS[name]()

    def run(row: Row, budget: int) -> str:
        found = [SumySentence(s, Tokens()) for s in sentences_of(row) if tokens(s)]
        return "\n".join(map(str, summarizer(ObjectDocumentModel([Paragraph(found)]), within(budget))))

    return run


SYSTEMS: dict[str, Callable[[Row, int], str]] = {
    "Brevity": engine,
    "Lead": lead,
    **{n: peer(n) for n in PEERS},
}


def sample(name: str) -> list[Row]:
    found = rows(name, "validation")
    wanted = {"meetings": 3, "stories": 3, "biomedical": 6, "encyclopedia-german": 6}.get(name, 30)
    wanted = (
        wanted
        if QUICK
        else {"meetings": 8, "stories": 8, "biomedical": 25, "encyclopedia-german": 25}.get(name, 80)
    )
    return found[:: max(1, len(found) // wanted)][:wanted]


def quality() -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Mean ROUGE-2 of each system on each set, and seconds for each system on the long documents."""
    means: dict[str, dict[str, float]] = {}
    seconds = dict.fromkeys(SYSTEMS, 0.0)
    table = []
    for name in SETS:
        picked = sample(name)
        if not picked:
            continue
        means[name] = {}
        for system, run in SYSTEMS.items():
            scores: dict[str, list[float]] = {metric: [] for metric in METRICS}
            for row in picked:
                began = time.perf_counter()
                summary = run(row, max(1, count_words(row["summary"])))
                if len(row["text"].split()) > LONG_WORDS:
                    seconds[system] += time.perf_counter() - began
                for metric, score in SCORER.score(row["summary"], summary).items():
                    scores[metric].append(score.fmeasure)
            means[name][system] = statistics.fmean(scores["rouge2"])
            table.append([name, len(picked), system, *(100 * statistics.fmean(scores[m]) for m in METRICS)])
    show("Quality (F, %)", ["set", "documents", "system", "ROUGE-1", "ROUGE-2", "ROUGE-Lsum"], table)
    return means, seconds


def scaling() -> float:
    """Time for each word of a 200,000-word text relative to a 1,000-word text."""
    text = "\n".join(row["text"] for name in SETS for row in rows(name, "validation")[:25])
    words = re.findall(r"\S+\s*", text)
    while len(words) < 200_000:
        words += words
    table, each = [], {}
    for count in (1_000, 10_000, 50_000, 200_000):
        part = "".join(words[:count])
        spent = []
        for _ in range(7 if count < 20_000 else 2):
            began = time.perf_counter()
            ENGINE.summarize(part, language="en", words=200, style="paragraph")
            spent.append(time.perf_counter() - began)
        each[count] = min(spent) / count
        table.append([count, min(spent), each[count] * 1e6])
    show("Time", ["words", "seconds", "microseconds a word"], table)
    return each[200_000] / each[1_000]


def main() -> int:
    warnings.simplefilter("ignore")
    means, seconds = quality()
    if not means:
        print("No data sets found; set DATA_DIR to the folder of the data.", file=sys.stderr)
        return 2
    overall = {system: statistics.fmean(m[system] for m in means.values()) for system in SYSTEMS}
    show(
        "Mean over sets, and long documents",
        ["system", "ROUGE-2 %", f"seconds on documents over {LONG_WORDS} words"],
        [[system, 100 * overall[system], seconds[system]] for system in SYSTEMS],
    )
    finish(
        "engine",
        {
            "rouge2_vs_best_peer": overall["Brevity"] / max(v for k, v in overall.items() if k != "Brevity"),
            "worst_set_vs_lead": min(m["Brevity"] / m["Lead"] for m in means.values()),
            "speed_vs_lexrank": seconds["LexRank"] / seconds["Brevity"],
            "time_per_word_200k_vs_1k": scaling(),
        },
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
