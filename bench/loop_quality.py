"""What the ranker gains on a domain that it had never seen, and what the other domains lose: real training, held out.

For each change of domain the champion is trained on all other domains, and the candidate on those and the new one, with
the trainer's own recipe. Both summarize documents of every domain that neither was trained on, to the length of their
references, as the platform's readers get them. A training document that shares a passage of 50 words with a held-out one
is left out. Trainings on the same documents that differ by their seed alone differ on a domain by 1 to 2 %: scores are
means over several seeds, so that more of what is seen comes from the change of domain. Beside it stands what a ranker of sentences could reach at most, more or less: sentences taken
greedily with the reference in hand.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from bench.corpus import rows
from bench.report import QUICK
from brevity.nlp.extractive import ExtractiveSummarizer
from brevity.nlp.rouge import rouge_n, tokens
from brevity.nlp.training import Sets, train
from brevity.nlp.training_data import Example, example
from brevity.nlp.transcript import read_sentences
from brevity.nlp.words import count_words, first_words
from brevity.trainer.data.rows import Row, passage_marks, row, spaced
from brevity.trainer.recipe import RankerRecipe

Array = np.ndarray

TAKEN: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "science abstracts": {"science-tldr": (800, 1_500)},
    "clinic dialogues": {"clinic-dialogue": (500, 430)},
    "meetings": {"meetings": (60, 60), "meeting-passages": (500, 560)},
    "biomedical articles": {"biomedical": (200, 400)},
    "German encyclopedia": {"encyclopedia-german": (200, 500)},
    "French debates": {"debates-french": (60, 40)},
    "stories": {"stories": (40, 30)},
}
"""Data sets by domain, each with how many documents train and how many are held out."""
CHANGES = ("science abstracts", "clinic dialogues", "meetings", "biomedical articles", "German encyclopedia")
"""Domains that come as new ones: those that have enough documents to judge by."""
QUICK_DOMAINS, QUICK_SHARE = ("science abstracts", "clinic dialogues"), 0.15
SEEDS = (7,) if QUICK else (7, 8, 9)
_ORACLES = 60
"""Documents of a domain for which the ceiling is worked out."""
JUDGED = 100
"""Held-out documents from which on a domain's ratio says more than chance: fewer are shown, not judged."""


@dataclass(frozen=True, slots=True)
class Moved:
    """ROUGE-2 of one domain, by the champion and by the candidate of one change.

    Attributes:
        error: Standard error of `ratio`, over the documents; that of the trainings is not in it.
    """

    change: str
    domain: str
    documents: int
    before: float
    after: float
    error: float

    @property
    def ratio(self) -> float:
        return self.after / self.before

    @property
    def new(self) -> bool:
        return self.change == self.domain


@dataclass(frozen=True, slots=True)
class Domain:
    train: Sequence[Row]
    held: Sequence[Row]


def moves() -> list[Moved]:
    """Every domain under every change; [] when the data sets are not there."""
    names = QUICK_DOMAINS if QUICK else tuple(TAKEN)
    domains = {name: _domain(name) for name in names}
    if not all(domain.held for domain in domains.values()):
        return []
    examples = {name: _examples(domain.train) for name, domain in domains.items()}
    changes = names if QUICK else CHANGES
    scores = _all_scores([None, *changes], domains, examples)
    after = scores[None]
    return [_moved(change, name, scores[change][name], after[name]) for change in changes for name in names]


def _all_scores(
    left_out: Sequence[str | None], domains: Mapping[str, Domain], examples: Mapping[str, Sets]
) -> dict[str | None, dict[str, Array]]:
    """Scores by what the training went without, means over seeds; by as many processes as there are cores."""
    tasks = [(change, seed) for change in left_out for seed in SEEDS]
    context = multiprocessing.get_context("spawn")
    with context.Pool(initializer=_remember, initargs=(domains, examples)) as pool:
        found = pool.starmap(_trained_scores, tasks, chunksize=1)
    by_change = {
        change: [s for (c, _), s in zip(tasks, found, strict=True) if c == change] for change in left_out
    }
    return {
        change: {name: np.mean([scores[name] for scores in runs], axis=0) for name in domains}
        for change, runs in by_change.items()
    }


_remembered: tuple[Mapping[str, Domain], Mapping[str, Sets]] = {}, {}
"""What a process of the pool works on: sent to it once."""


def _remember(domains: Mapping[str, Domain], examples: Mapping[str, Sets]) -> None:
    global _remembered
    _remembered = domains, examples


def _trained_scores(left_out: str | None, seed: int) -> dict[str, Array]:
    domains, examples = _remembered
    model = _trained([sets for name, sets in examples.items() if name != left_out], seed)
    return _scores(model, domains)


def ceilings() -> dict[str, float]:
    """Mean ROUGE-2 of sentences chosen with the reference in hand, by domain of a change."""
    names = QUICK_DOMAINS if QUICK else CHANGES
    return {
        name: float(np.mean([_oracle(item) for item in spaced(_domain(name).held, _ORACLES)]))
        for name in names
    }


def _domain(name: str) -> Domain:
    parts = [_set(data, *sizes) for data, sizes in TAKEN[name].items()]
    return Domain([r for part in parts for r in part.train], [r for part in parts for r in part.held])


def _set(name: str, train: int, held: int) -> Domain:
    """Held out are the validation split and, where it is too small, rows of the training split."""
    if QUICK:
        train, held = round(QUICK_SHARE * train), round(QUICK_SHARE * held)
    learnt = [_row(name, item) for item in rows(name, "train")]
    random.Random(name).shuffle(learnt)
    kept = [_row(name, item) for item in rows(name, "validation")][:held]
    more = held - len(kept)
    kept += learnt[:more]
    marks = frozenset[int]().union(*(passage_marks(item.text) for item in kept))
    clean = (item for item in learnt[more:] if marks.isdisjoint(passage_marks(item.text)))
    return Domain([item for item, _ in zip(clean, range(train), strict=False)], kept)


def _row(name: str, item: Mapping[str, str]) -> Row:
    return row(
        set_name=name,
        text=item["text"],
        summary=item["summary"],
        language=item["language"],
        origin="file",
    )


def _examples(learnt: Sequence[Row]) -> Sets:
    """By set and language, as the trainer groups them."""
    found: dict[str, list[Example]] = {}
    for item in learnt:
        made = example(item.text, item.summary, item.language)
        if made is not None:
            found.setdefault(f"{item.set}.{item.language}", []).append(made)
    return found


def _trained(domains: Iterable[Sets], seed: int) -> ExtractiveSummarizer:
    recipe = RankerRecipe(seed=seed)
    sets = {name: found for domain in domains for name, found in domain.items()}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.json"
        file.write_text(json.dumps(train(sets, recipe.boosting(), recipe.trees)), "utf-8")
        return ExtractiveSummarizer.load(file)


def _scores(model: ExtractiveSummarizer, domains: Mapping[str, Domain]) -> dict[str, Array]:
    return {name: np.array([_score(model, item) for item in domain.held]) for name, domain in domains.items()}


def _score(model: ExtractiveSummarizer, item: Row) -> float:
    summary = model.summarize(item.text, language=item.language, words=_budget(item), style="paragraph")
    return rouge_n(tokens(summary.text), tokens(item.summary), 2)


def _budget(item: Row) -> int:
    return max(5, count_words(item.summary, item.language))


def _moved(change: str, domain: str, before: Array, after: Array) -> Moved:
    mean = float(before.mean())
    # Of a ratio of means over the same documents, by the delta method.
    spread = (after - float(after.mean()) / mean * before).std(ddof=1)
    error = float(spread) / mean / len(before) ** 0.5
    return Moved(change, domain, len(before), mean, float(after.mean()), error)


def _oracle(item: Row) -> float:
    """Whole sentences within the budget, each time the one with which ROUGE-2 rises most; or one that is cut to it."""
    texts = [item.text[slice(*s.span)] for s in read_sentences(item.text, item.language)]
    words, sizes = [tokens(text) for text in texts], [count_words(text, item.language) for text in texts]
    reference = tokens(item.summary)
    wanted = set(pairwise(reference))
    open_ = [i for i, found in enumerate(words) if wanted & set(pairwise(found))]
    left, best, chosen = _budget(item), 0.0, list[int]()
    cut = max((rouge_n(tokens(text[: first_words(text, left)]), reference, 2) for text in texts), default=0.0)
    while True:
        fits = [i for i in open_ if i not in chosen and sizes[i] <= left]
        tried = [(rouge_n(_joined(words, [*chosen, i]), reference, 2), i) for i in fits]
        if not tried or max(tried)[0] <= best:
            return max(best, cut)
        best, i = max(tried)
        chosen.append(i)
        left -= sizes[i]


def _joined(words: Sequence[Sequence[str]], chosen: Sequence[int]) -> list[str]:
    return [word for i in sorted(chosen) for word in words[i]]
