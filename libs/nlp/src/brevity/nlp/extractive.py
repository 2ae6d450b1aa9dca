"""Summaries made of a document's own sentences, word for word, each with its place in the source."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from brevity.nlp.features import features, read
from brevity.nlp.ranker import Ranker
from brevity.nlp.selection import select
from brevity.nlp.transcript import Sentence, read_sentences
from brevity.nlp.types import Span
from brevity.nlp.words import CJK, count_words

Style = Literal["paragraph", "bullets", "headline"]
DEFAULT_MODEL = Path(__file__).parent / "models" / "default.json"

_UNSPACED = re.compile(rf"[{CJK}。！？」』）]")
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
        self, text: str, *, language: str, words: int, style: Style, title: str | None = None
    ) -> Extract:
        """A summary of about `words` words: more only when it is a single sentence.

        Reads all of `text`. A text without words gives an empty Extract.
        """
        whole = (Span(0, len(text)),)
        sentences = read_sentences(text, language)
        sizes = [count_words(text[s.span.start : s.span.end], language) for s in sentences]
        if not any(sizes):
            return Extract("", (), whole)
        document = read(text, sentences, title)
        scores = self._ranker.score(features(document, words))
        costs = [n + _label_words(text, s) if n else 0 for n, s in zip(sizes, sentences, strict=True)]
        if style == "headline":
            best = max((i for i, n in enumerate(sizes) if n), key=lambda i: (scores[i], -i))
            piece = _headline(text, sentences[best].span, words, language, float(scores[best]))
            return _join([piece], "", whole, bullet="")
        chosen = select(scores, document.words, costs, words)
        pieces, speaker = [], None
        for i in chosen:
            piece, speaker = _piece(text, sentences[i], speaker, float(scores[i]), always=style == "bullets")
            pieces.append(piece)
        if style == "bullets":
            return _join(pieces, "\n", whole, bullet="- ")
        return _join(pieces, " ", whole, bullet="")


def _label_words(text: str, sentence: Sentence) -> int:
    return len(text[slice(*sentence.label)].split()) if sentence.label else 0


def _piece(
    text: str, sentence: Sentence, speaker: str | None, score: float, *, always: bool
) -> tuple[_Piece, str | None]:
    """The sentence as shown, with its speaker where the speaker is new, and who spoke."""
    shown = " ".join(text[slice(*sentence.span)].split())
    if sentence.label is None:
        return _Piece(shown, (sentence.span,), score), None
    name = " ".join(text[slice(*sentence.label)].split())
    if name == speaker and not always:
        return _Piece(shown, (sentence.span,), score), name
    return _Piece(f"{name}: {shown}", (sentence.label, sentence.span), score), name


def _headline(text: str, span: Span, words: int, language: str, score: float) -> _Piece:
    """The sentence, cut at the last clause that fits when it is too long and has one."""
    end = span.end
    if count_words(text[slice(*span)], language) > words:
        for match in _CLAUSE_END.finditer(text, span.start, span.end):
            if count_words(text[span.start : match.start()], language) > words:
                break
            if match.start() > span.start:
                end = match.start()
    kept = Span(span.start, end)
    return _Piece(" ".join(text[slice(*kept)].split()), (kept,), score)


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
