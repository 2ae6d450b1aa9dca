"""Summaries made of a document's own sentences, word for word, each with its place in the source."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from brevity.nlp.features import Document, read
from brevity.nlp.ranker import Ranker
from brevity.nlp.selection import select
from brevity.nlp.terms import Array
from brevity.nlp.transcript import Sentence, read_sentences
from brevity.nlp.types import Block, Span
from brevity.nlp.words import CJK, count_words, first_words

Style = Literal["paragraph", "bullets", "headline"]
DEFAULT_MODEL = Path(__file__).parent / "models" / "default.json"

_UNSPACED = re.compile(rf"[{CJK}。！？」』）]")
_NO_BREAK = re.compile(
    rf"(?<=[^\W\d_])-\n[ \t]*(?=[a-zà-öø-ÿ\u0101-\u017f\u03b1-\u03ce\u0430-\u045f])|\u00ad\s*|(?<=[{CJK}。、，！？」』）])\s*\n\s*(?=[{CJK}「『（])"
)
_CUT_PENALTY = 0.5
"""What a sentence that must be cut loses, in spreads of the scores."""

_CLAUSE_END = re.compile(r"[,;:–—、，；](?=\s|$)|[、，；]")


@dataclass(frozen=True)
class ExtractSentence:
    """A sentence of the summary: characters [start, end) of it, from `spans` of the source."""

    text: str
    start: int
    end: int
    spans: tuple[Span, ...]
    score: float


@dataclass(frozen=True)
class Extract:
    """A summary, its sentences in order, and the parts of the source that were read."""

    text: str
    sentences: tuple[ExtractSentence, ...]
    seen: tuple[Span, ...]


@dataclass(frozen=True)
class _Piece:
    text: str
    spans: tuple[Span, ...]
    score: float


class ExtractiveSummarizer:
    """Ranks a document's sentences with a trained model and takes the best that fit; safe to share by threads."""

    def __init__(self, ranker: Ranker) -> None:
        self._ranker = ranker
        self.model_version = f"extractive-{ranker.version}"

    @classmethod
    def load(cls, path: Path | None = None) -> ExtractiveSummarizer:
        """Load the model at `path`, or the bundled one; raises ranker.BadModel."""
        return cls(Ranker.load(path or DEFAULT_MODEL))

    def summarize(
        self, text: str, *, language: str, words: int, style: Style, blocks: Sequence[Block] = ()
    ) -> Extract:
        """A summary of at most `words` words, speakers' names included.

        Reads all of `text`; takes sentences of its prose only where `blocks` say what is prose. Sentences are whole, unless none is short enough: then the fittest is cut, at the end of
        a clause if it can be. A text without words gives an empty Extract.
        """
        whole = (Span(0, len(text)),)
        ranked = self._rank(text, language, words, blocks)
        if ranked is None:
            return Extract("", (), whole)
        if style == "headline":
            return _join([_headline(text, ranked, words, language)], "", whole, bullet="")
        costs = [
            n + _label_words(text, s) if n else 0 for n, s in zip(ranked.sizes, ranked.sentences, strict=True)
        ]
        chosen = sorted(select(ranked.scores, ranked.document.words, costs, words))
        if not chosen:
            return _join(
                [_headline(text, ranked, words, language)],
                "",
                whole,
                bullet="- " if style == "bullets" else "",
            )
        pieces, speaker = [], None
        for i in chosen:
            piece, speaker = _piece(
                text, ranked.sentences[i], speaker, float(ranked.scores[i]), always=style == "bullets"
            )
            pieces.append(piece)
        if style == "bullets":
            return _join(pieces, "\n", whole, bullet="- ")
        return _join(pieces, " ", whole, bullet="")

    def rank(self, text: str, *, language: str, words: int) -> list[Span]:
        """The sentences for a summary of `words` words, best first, until they hold so many: the last may hold more."""
        ranked = self._rank(text, language, words)
        if ranked is None:
            return []
        chosen = select(ranked.scores, ranked.document.words, ranked.sizes, words, whole=False)
        return [ranked.sentences[i].span for i in chosen]

    def _rank(self, text: str, language: str, words: int, blocks: Sequence[Block] = ()) -> _Ranked | None:
        """None for a text without words."""
        sentences = read_sentences(text, language, blocks)
        sizes = [count_words(text[s.span.start : s.span.end], language) for s in sentences]
        if not any(sizes):
            return (
                self._rank(text, language, words) if blocks else None
            )  # a table, or code: better than nothing
        document = read(text, sentences)
        return _Ranked(sentences, sizes, document, self._ranker.score(document, words, language))


@dataclass(frozen=True)
class _Ranked:
    """A document's sentences, their lengths in words and their fitness."""

    sentences: list[Sentence]
    sizes: list[int]
    document: Document
    scores: Array


def shown_of(source: str) -> str:
    """A sentence as a person writes it on one line: line ends are blanks, or nothing within a word that was hyphenated and
    between characters of scripts without blanks."""
    return " ".join(_NO_BREAK.sub("", source).split())


def _label_words(text: str, sentence: Sentence) -> int:
    return count_words(text[slice(*sentence.label)]) if sentence.label else 0


def _piece(
    text: str, sentence: Sentence, speaker: str | None, score: float, *, always: bool
) -> tuple[_Piece, str | None]:
    """The sentence as shown, with its speaker where the speaker is new, and who spoke."""
    shown = shown_of(text[slice(*sentence.span)])
    if sentence.label is None:
        return _Piece(shown, (sentence.span,), score), None
    name = " ".join(text[slice(*sentence.label)].split())
    if name == speaker and not always:
        return _Piece(shown, (sentence.span,), score), name
    return _Piece(f"{name}: {shown}", (sentence.label, sentence.span), score), name


def _headline(text: str, ranked: _Ranked, words: int, language: str) -> _Piece:
    """The fittest sentence without its speaker; cut when it is too long, which counts against it."""
    rows = zip(ranked.scores, ranked.sizes, strict=True)
    fitness = [score - (_CUT_PENALTY if n > words else 0) if n else float("-inf") for score, n in rows]
    best = int(np.argmax(fitness))
    kept = _cut(text, ranked.sentences[best].span, words, language)
    return _Piece(shown_of(text[slice(*kept)]), (kept,), float(ranked.scores[best]))


def _cut(text: str, span: Span, words: int, language: str) -> Span:
    """The sentence's beginning of at most `words` words, to the end of a clause where one holds half as many."""
    end = span.start + first_words(text[slice(*span)], words)
    if end == span.end:
        return span
    clauses = [m.start() for m in _CLAUSE_END.finditer(text, span.start, end + 1) if m.start() <= end]
    if clauses and 2 * count_words(text[span.start : clauses[-1]], language) >= words:
        end = clauses[-1]
    return Span(span.start, end)


def _join(pieces: list[_Piece], between: str, seen: tuple[Span, ...], *, bullet: str) -> Extract:
    """Put the pieces together and note where each stands; no blank between unspaced scripts."""
    out, sentences, length = [], [], 0
    for piece in pieces:
        gap = between if out else ""
        if gap == " " and _UNSPACED.match(out[-1][-1]) and _UNSPACED.match(piece.text[0]):
            gap = ""
        start = length + len(gap) + len(bullet)
        end = start + len(piece.text)
        sentences.append(ExtractSentence(piece.text, start, end, piece.spans, piece.score))
        out.append(gap + bullet + piece.text)
        length = end
    return Extract("".join(out), tuple(sentences), seen)
