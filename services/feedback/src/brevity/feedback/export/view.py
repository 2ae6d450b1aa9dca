"""One summary as a reader sees it, whatever the file: facts, warnings, paragraphs with citations, sources."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from brevity.common.events import SummaryCompleted, SupportedSentence
from brevity.common.ids import content_hash
from brevity.feedback.export.languages import describe
from brevity.feedback.export.model import ExportItem
from brevity.feedback.export.text import clean, paragraphs, shorten

EXCERPT_CHARACTERS = 320
EXCERPTS_PER_SENTENCE = 4
TITLE_CHARACTERS = 200
_LINE_ENDS = re.compile(r"([\r\n\u2028\u2029]+)")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_BULLET = re.compile(r"^[-*•–](\s+|$)")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A passage of the source at characters [start, end); `text` is None when the source is not at hand."""

    start: int
    end: int
    text: str | None


@dataclass(frozen=True, slots=True)
class Citation:
    """What supports one sentence; no excerpts when nothing does. `left_out` passages are not listed."""

    number: int
    support: float
    excerpts: tuple[Excerpt, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the summary, followed by the number of its citation if it ends a sentence.

    `apart`: a blank lies between the piece before and this one; scripts without blanks have none.
    """

    text: str
    citation: int | None = None
    apart: bool = False


@dataclass(frozen=True, slots=True)
class View:
    title: str
    language: str
    summary_language: str
    facts: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    paragraphs: tuple[tuple[Piece, ...], ...]
    bullets: bool
    citations: tuple[Citation, ...]
    edited: tuple[str, ...]
    review: str | None


def view(item: ExportItem) -> View:
    """The view of one item. Pure: equal items give equal views."""
    summary = item.summary
    source, notice = _source(item)
    warnings = [f"{clean(w.message)} ({_plain(w.code)})" for w in summary.warnings]
    if summary.passed_through:
        warnings.append("The document was no longer than the summary wanted; this is its whole text.")
    if notice:
        warnings.append(notice)
    edited = item.review.edited_summary if item.review else None
    return View(
        title=shorten(clean(summary.title or ""), TITLE_CHARACTERS) or clean(summary.document_id),
        language=_tag(summary.language),
        summary_language=_tag(summary.request.language or summary.language),
        facts=_facts(summary),
        warnings=tuple(warnings),
        paragraphs=_paragraphs(summary),
        bullets=summary.request.style == "bullets",
        citations=tuple(_citation(n, s, source) for n, s in enumerate(summary.sentences, 1)),
        edited=paragraphs(edited or ""),
        review=_review(item),
    )


def _source(item: ExportItem) -> tuple[str | None, str | None]:
    if item.source is None:
        return None, "The source text was not at hand; its passages are given by position only."
    if content_hash(item.source.encode("utf-8", "surrogatepass")) != item.summary.content_hash:
        return None, "The source text at hand is not the one summarized; nothing is quoted from it."
    return item.source, None


def _tag(language: str) -> str:
    """`language` where it is a language tag; typesetters take no other."""
    return language if _LANGUAGE.fullmatch(language) else "und"


def _facts(summary: SummaryCompleted) -> tuple[tuple[str, str], ...]:
    language = describe(summary.language)
    if summary.request.language and summary.request.language != summary.language:
        language += f", summarized in {describe(summary.request.language)}"
    usage = summary.usage
    return (
        ("Document", clean(summary.document_id)),
        ("Language", clean(language)),
        ("Engine", clean(summary.engine)),
        ("Model version", clean(summary.model_version)),
        ("Submitted", f"{summary.submitted_at:%Y-%m-%d %H:%M} {summary.submitted_at.tzname()}"),
        ("Words", f"{usage.summary_words:,} in the summary, {usage.source_words:,} in the document"),
        ("Coverage", f"{_percent(summary.coverage.percent)} of the document was read"),
    )


def _percent(value: float) -> str:
    # Never rounded up to 100: a reader must see that something was left out.
    rounded = round(value, 1)
    return f"{99.9 if value < 100 and rounded >= 100 else rounded:g} %"


def _paragraphs(summary: SummaryCompleted) -> tuple[tuple[Piece, ...], ...]:
    """The summary's lines in pieces; when the sentences' places do not fit the text, a piece per sentence."""
    text, place = summary.summary, 0
    lines: list[list[Piece]] = [[]]
    for number, sentence in enumerate(summary.sentences, 1):
        if not (place <= sentence.start <= sentence.end <= len(text)):
            return tuple((Piece(clean(s.text), n),) for n, s in enumerate(summary.sentences, 1))
        _add(lines, text, place, sentence.start, None)
        _add(lines, text, sentence.start, sentence.end, number)
        place = sentence.end
    _add(lines, text, place, len(text), None)
    bullets = summary.request.style == "bullets"
    return tuple(kept for line in lines if (kept := _tidied(line, bullets)))


def _tidied(line: list[Piece], bullets: bool) -> tuple[Piece, ...]:
    """`line` without the mark of its bullet and without empty pieces; nothing for a line without text."""
    if bullets and line:
        line = [replace(line[0], text=_BULLET.sub("", line[0].text)), *line[1:]]
    kept = [piece for piece in line if piece.text or piece.citation]
    if not any(piece.text for piece in kept):
        return ()
    return replace(kept[0], apart=False), *kept[1:]


def _add(lines: list[list[Piece]], text: str, start: int, end: int, citation: int | None) -> None:
    """Add text[start:end] to the last of `lines`, and to new ones where it breaks."""
    parts = _LINE_ENDS.split(text[start:end])  # line ends at odd places
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if index % 2:
            lines.append([])
        elif cleaned := clean(part):
            first = start + len(part) - len(part.lstrip())
            apart = bool(lines[-1]) and text[first - 1].isspace()
            lines[-1].append(Piece(cleaned, citation if last else None, apart))
        elif citation and last and lines[-1]:
            lines[-1].append(Piece("", citation))
        start += len(part)


def _citation(number: int, sentence: SupportedSentence, source: str | None) -> Citation:
    excerpts: list[Excerpt] = []
    for span in sentence.spans[:EXCERPTS_PER_SENTENCE]:
        quoted = clean(source[span.start : span.end]) if source is not None else None
        excerpts.append(
            Excerpt(span.start, span.end, shorten(quoted, EXCERPT_CHARACTERS) if quoted else None)
        )
    return Citation(number, sentence.support, tuple(excerpts), len(sentence.spans) - len(excerpts))


def _review(item: ExportItem) -> str | None:
    review = item.review
    if review is None:
        return None
    said = {"up": "Rated good", "down": "Rated bad", None: "Reviewed"}[review.rating]
    line = f"{said} by {clean(review.reviewer)} on {review.at:%Y-%m-%d}"
    reasons = ", ".join(filter(None, map(_plain, review.reasons)))
    return f"{line}: {reasons}" if reasons else line


def _plain(code: str) -> str:
    return clean(code).replace("_", " ")


def support_label(citation: Citation) -> str:
    """`support 97 %`, or that there is none."""
    return (
        f"support {_percent(citation.support * 100)}" if citation.excerpts else "no supporting passage found"
    )


def place_label(excerpt: Excerpt) -> str:
    """Where an excerpt lies in the normalised source, in characters."""
    return f"characters {excerpt.start:,}–{excerpt.end:,}"
