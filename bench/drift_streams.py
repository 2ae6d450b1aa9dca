"""Simulated streams over real documents: what happens in each, and when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import NamedTuple

import numpy as np

from bench.corpus import rows
from brevity.common.events import (
    Coverage,
    Origin,
    SummaryCompleted,
    SummaryRequest,
    SummaryWarning,
    SupportedSentence,
    Usage,
)
from brevity.feedback.distance import edit_distance
from brevity.feedback.drift import TextStatistics, measure
from brevity.nlp.sentences import split_sentences
from brevity.nlp.words import count_words

DOMAINS = ("meeting-passages", "science-tldr", "biomedical", "clinic-dialogue", "encyclopedia-german")
REFERENCE = 400
"""Documents of the window the model was trained on."""

WEEK, WEEKS = (500, 200), 8
"""Documents of the weekdays, and of another kind at the weekend."""
BURSTS = (10, 20)

START = datetime(2026, 1, 1, tzinfo=UTC)
MODEL = "bench-1"
TENANT = "default"
_NUMBER = re.compile(r"\d+")


class Real(NamedTuple):
    """A document of the data sets with what the monitors see of it.

    `edit_distance`: from the document's lead to its human summary, as if a reviewer had put the one for the other.
    """

    language: str
    statistics: TextStatistics
    edit_distance: float
    summary: SummaryCompleted


@dataclass(frozen=True)
class Step:
    """One moment of a stream: a document, its rating, and its place."""

    number: int
    real: Real
    liked: bool

    @property
    def at(self) -> datetime:
        return START + timedelta(minutes=self.number)


@dataclass(frozen=True)
class Stream:
    """A scenario with its seed. `length` documents follow the reference; the change begins at `change`.

    `ramp` documents lie between the first of the new domain and the last of the old one; 0 for an abrupt change. With
    `week`, so many documents of the domain are followed by so many of the other one, again and again. `burst` documents of
    the other one come in a row, once.
    """

    kind: str
    domain: str
    seed: int
    length: int
    change: int | None = None
    other: str | None = None
    ramp: int = 0
    liked: float = 0.9
    liked_after: float = 0.9
    week: tuple[int, int] = (0, 0)
    burst: int = 0

    def reference(self, pools: dict[str, list[Real]]) -> list[Real]:
        draw = np.random.default_rng([self.seed, 1])
        return [pools[self.domain][i] for i in draw.integers(len(pools[self.domain]), size=REFERENCE)]

    def steps(self, pools: dict[str, list[Real]]) -> Iterator[Step]:
        draw = np.random.default_rng([self.seed, 2])
        for number in range(self.length):
            since = number - self.change if self.change is not None else -1
            moved = since >= 0 and (self.ramp == 0 or draw.random() < (since + 1) / self.ramp)
            if self.week[1]:
                moved = number % sum(self.week) >= self.week[0]
            if self.burst:
                moved = 0 <= number - self.length // 2 < self.burst
            pool = pools[self.other if moved and self.other else self.domain]
            liked = self.liked_after if since >= 0 else self.liked
            yield Step(number, pool[draw.integers(len(pool))], bool(draw.random() < liked))


def load(most: int) -> dict[str, list[Real]]:
    """At most `most` documents of each domain; {} when the data sets are not there."""
    pools: dict[str, list[Real]] = {}
    for domain in DOMAINS:
        found = [*rows(domain, "train"), *rows(domain, "validation")]
        pools[domain] = [_real(row) for row in found[:: max(1, len(found) // most)][:most]]
    return pools if all(pools.values()) else {}


def _real(row: dict[str, str]) -> Real:
    text, language, summary = row["text"], row["language"], row["summary"]
    words = count_words(text, language)
    return Real(
        language,
        measure(text, words=words, language=language),
        edit_distance(" ".join(text.split()[: len(summary.split())]), summary),
        _summary(summary, text, words, language),
    )


def _summary(summary: str, text: str, words: int, language: str) -> SummaryCompleted:
    """The human summary as if the model had written it: its real length, a warning for each number not in the text."""
    strange = set(_NUMBER.findall(summary)) - set(_NUMBER.findall(text))
    sentences = split_sentences(summary, language)
    supported = SupportedSentence(text="", start=0, end=0, spans=[], support=1)
    return SummaryCompleted(
        summary_id="s",
        document_id="d",
        tenant=TENANT,
        content_hash="0" * 64,
        language=language,
        summary="",
        sentences=[supported] * len(sentences),
        coverage=Coverage(percent=100, spans=[]),
        warnings=[SummaryWarning(code="number_not_in_source", message=number) for number in sorted(strange)],
        engine="extractive",
        model_version=MODEL,
        request=SummaryRequest(),
        usage=Usage(source_words=words, summary_words=count_words(summary, language)),
        submitted_at=START,
        origin=Origin(topic="documents.submitted", partition=0, offset=0),
    )


def streams(quick: bool) -> list[Stream]:
    """All of them."""
    pairs = list(permutations(DOMAINS, 2))
    picked = pairs[::4] if quick else pairs
    calm = 1 if quick else 8
    found = [
        Stream("no drift", domain, 1_000 + 10 * d + n, 1_500 if quick else 3_000)
        for d, domain in enumerate(DOMAINS)
        for n in range(calm)
    ]
    for n, (old, new) in enumerate(picked * (1 if quick else 5)):
        found.append(Stream("abrupt change", old, 2_000 + n, 2_100, change=600, other=new))
    for n, (old, new) in enumerate(picked * (1 if quick else 2)):
        found.append(Stream("gradual change", old, 3_000 + n, 2_600, change=600, other=new, ramp=600))
    for n, (old, new) in enumerate(picked):
        found.append(Stream("weekly rhythm", old, 5_000 + n, WEEKS * sum(WEEK), other=new, week=WEEK))
    for size in BURSTS:
        for n, (old, new) in enumerate(picked * (1 if quick else 3)):
            found.append(Stream(f"{size} odd in a row", old, 6_000 + n, 600, other=new, burst=size))
    for n in range(24 if quick else 64):
        domain = DOMAINS[n % len(DOMAINS)]
        change = 600 if n % 2 == 0 else 1_500
        found.append(Stream("ratings fall", domain, 4_000 + n, change + 1_500, change, liked_after=0.75))
    return found
