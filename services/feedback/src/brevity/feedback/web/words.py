"""What the page calls things: reasons, warnings, states and lengths in plain English."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import get_args

from brevity.common.contracts.vocabulary import WarningCode
from brevity.common.events import SummaryCompleted
from brevity.feedback.model import Reason

REASONS: dict[str, dict[str, str]] = {
    "up": {
        "accurate": "Accurate",
        "well_written": "Well written",
        "right_length": "Right length",
    },
    "down": {
        "wrong_fact": "A fact is wrong",
        "made_up": "Something is made up",
        "misses_main_point": "Misses the main point",
        "too_long": "Too long",
        "too_short": "Too short",
        "hard_to_read": "Hard to read",
        "wrong_language": "Wrong language",
        "repeats_itself": "Repeats itself",
        "harmful": "Harmful",
    },
}
REASON_NAMES = {code: name for group in REASONS.values() for code, name in group.items()}
assert set(REASON_NAMES) == set(get_args(Reason))  # noqa: S101 - a reason without a name could not be chosen

WARNINGS: Mapping[str, tuple[str, str]] = {
    WarningCode.NUMBER_NOT_IN_SOURCE: ("Number not found in the source", "It may be wrong or made up."),
    WarningCode.DATE_NOT_IN_SOURCE: ("Date not found in the source", "It may be wrong or made up."),
    WarningCode.NAME_NOT_IN_SOURCE: (
        "Name not found in the source",
        "It may belong to somebody or something else.",
    ),
    WarningCode.LOW_SUPPORT: ("Little support in the source", "Compare it before you rely on it."),
    WarningCode.COVERAGE_BELOW_100: (
        "Not all of the document was read",
        "What the rest says is missing here.",
    ),
    WarningCode.LANGUAGE_UNDETERMINED: (
        "Language not recognised",
        "Facts may be checked less well than usual.",
    ),
    WarningCode.TRANSLATED: (
        "In another language than its source",
        "Names were not checked against the source.",
    ),
    WarningCode.SUMMARY_CUT: (
        "The summary may lack its end",
        "Ask for a shorter one if something is missing.",
    ),
    WarningCode.PARTS_CUT: ("Parts were shortened on the way", "A detail of a long document may be missing."),
    WarningCode.REGENERATED: ("Written a second time", "The first try had more to doubt."),
    WarningCode.FELL_BACK: ("The document's own sentences", "What the model wrote had too much to doubt."),
    WarningCode.TEXT_LEFT_OUT: ("Part of the file was left out", "What stands there is missing here."),
    WarningCode.CHARACTERS_DOUBTFUL: ("Characters may be wrong", "The file does not say how it is encoded."),
    WarningCode.ORDER_DOUBTFUL: ("The order of the text is uncertain", "Sentences may not belong together."),
    WarningCode.SCANNED_PAGES: ("Some pages are pictures", "Their text was not read."),
    WarningCode.MIXED_LANGUAGES: ("More than one language", "Facts may be checked less well than usual."),
    WarningCode.ATTACHMENTS_LEFT_OUT: (
        "Attachments were not read",
        "Submit them on their own if they matter.",
    ),
}

STANDINGS = {"up": "Rated up", "down": "Rated down", "mixed": "Ratings are split", "none": "Not rated yet"}
LENGTHS = {"short": "Short", "medium": "Medium", "long": "Long"}
STYLES = {"paragraph": "Running text", "bullets": "Bullet points", "headline": "One sentence"}
FORMATS = {"pdf": "PDF", "docx": "Word", "md": "Markdown", "jsonl": "JSON lines"}

_GENERATED = re.compile(r"doc_[0-9a-f]{32}")
_HEADING_CHARACTERS = 70


def heading(event: SummaryCompleted) -> str:
    """What a document is called: its title, or the id somebody gave it, or the first words of its summary."""
    if event.title:
        return event.title
    if not _GENERATED.fullmatch(event.document_id):
        return event.document_id
    first = " ".join(event.summary[: _HEADING_CHARACTERS * 2].split())
    if len(first) <= _HEADING_CHARACTERS:
        return first
    return f"{first[:_HEADING_CHARACTERS].rsplit(' ', 1)[0]} …"


def warning_words(code: str) -> tuple[str, str]:
    """A name for the warning, and what to make of it; a code without words of ours names itself."""
    known = WARNINGS.get(code)
    return known or (code.replace("_", " ").capitalize(), "Check this place against the source.")


def wanted_words(words: int | None, length: str | None, style: str) -> str:
    """What summary was asked for, e.g. `at most 40 words, bullet points`."""
    size = f"at most {words} words" if words else f"{LENGTHS[length or 'medium'].lower()} length"
    return f"{size}, {STYLES.get(style, style).lower()}"
