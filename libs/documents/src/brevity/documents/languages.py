"""Languages of a document: of its prose, not of its code, its tables and what stands around it."""

from __future__ import annotations

from collections import Counter

from brevity.documents.model import PROSE, Document, Warned
from brevity.nlp.language import UNDETERMINED, Detection, detect_language

_SAMPLE = 12_000
_FEWEST_CHARACTERS = 40
_BLOCK_CHARACTERS = 120
_MOST_BLOCKS = 60
_SURE = 0.9
_DOUBTFUL = 0.5
_SHARE = 0.2


def language_of(document: Document) -> Detection:
    """The main language, and how sure that is."""
    prose = [block for block in document.blocks if block.kind in PROSE]
    step = max(1, sum(block.end - block.start for block in prose) // _SAMPLE)
    sample = "\n".join(document.text[block.start : block.end] for block in prose[::step])
    return detect_language(sample if len(sample) >= _FEWEST_CHARACTERS else document.text)


def language_warnings(document: Document, language: Detection) -> list[Warned]:
    """That the language is a guess, or that a second one has a fifth of the prose."""
    if language.tag != UNDETERMINED and language.confidence < _DOUBTFUL:
        guessed = f"The document's language is uncertain: it was taken for {language.tag}."
        return [Warned("language_undetermined", guessed)]
    mixed = mixed_languages(document)
    return [mixed] if mixed else []


def mixed_languages(document: Document) -> Warned | None:
    """A warning where a second language has a fifth of the prose."""
    long = [b for b in document.blocks if b.kind in PROSE and b.end - b.start >= _BLOCK_CHARACTERS]
    found: Counter[str] = Counter()
    for block in long[:: len(long) // _MOST_BLOCKS + 1]:
        detected = detect_language(document.text[block.start : block.end])
        if detected.confidence >= _SURE:
            found[detected.tag] += block.end - block.start
    if len(found) < 2:
        return None
    (first, _), (second, size) = found.most_common(2)
    if size < _SHARE * found.total():
        return None
    return Warned(
        "mixed_languages", f"The document is in {first} and {second}; it is worked on as one in {first}."
    )
