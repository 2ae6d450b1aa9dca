"""What was read, as a JSON object: the same on the command line and over HTTP."""

from __future__ import annotations

from typing import Any

from brevity.common.errors import BrevityError
from brevity.documents.compact import as_fields
from brevity.documents.languages import language_of, language_warnings
from brevity.documents.model import Document
from brevity.nlp.words import count_words


def report(document: Document) -> dict[str, Any]:
    """Kind, title, language, text, blocks, warnings, words, and words of the file that are not in the text."""
    language = language_of(document)
    warnings = [*document.warnings, *language_warnings(document, language)]
    return {
        "kind": document.format,
        "title": document.title,
        "language": language.tag,
        "language_confidence": language.confidence,
        "text": document.text,
        "blocks": [as_fields(block) for block in document.blocks],
        "warnings": [{"code": each.code, "message": each.message} for each in warnings],
        "words": count_words(document.text, language.tag),
        "words_dropped": document.words_dropped,
    }


def failure(error: BrevityError) -> dict[str, Any]:
    """Why a file was not read."""
    return {"error": {"code": error.code, "message": error.message, "remedy": error.remedy}}
