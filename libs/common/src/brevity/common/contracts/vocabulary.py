"""The words that one service writes and another reads: codes, states, decisions, styles.

Import a word from here wherever it is written, looked up, labelled or counted; `tests/contract/test_vocabulary.py` walks
those places. Words that travel in a field of an event that admits no others are `Literal`s, which the type checker
follows; words in open fields, where an older or newer release may write another, are enums. Words are added, and never
renamed: they lie in topics and stores.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

Style = Literal["paragraph", "bullets", "headline"]
"""Running text, one point a line, or one sentence."""

Length = Literal["short", "medium", "long"]

DocumentState = Literal["submitted", "accepted", "rejected", "failed", "completed"]

Rating = Literal["up", "down"]

TrainingReason = Literal["person", "schedule", "drift", "feedback"]
"""What started a training."""

JobState = Literal["queued", "running", "succeeded", "failed", "cancelled"]

ENDED_JOBS: frozenset[JobState] = frozenset({"succeeded", "failed", "cancelled"})

RolloutMode = Literal["full", "canary", "shadow"]

ServedState = Literal["in_service", "refused", "retired", "compared"]
"""What a serving process made of a promotion."""


class Severity(StrEnum):
    """What a warning says of a summary."""

    FACT = "fact"
    """It states something that the source does not hold."""
    SUPPORT = "support"
    """A sentence has little behind it in the source."""
    NOTICE = "notice"
    """Something to know, e.g. how it was made; nothing is wrong."""


class WarningCode(StrEnum):
    """Codes of warnings on summaries."""

    NUMBER_NOT_IN_SOURCE = "number_not_in_source"
    DATE_NOT_IN_SOURCE = "date_not_in_source"
    NAME_NOT_IN_SOURCE = "name_not_in_source"
    LOW_SUPPORT = "low_support"
    COVERAGE_BELOW_100 = "coverage_below_100"
    LANGUAGE_UNDETERMINED = "language_undetermined"
    TRANSLATED = "translated"
    SUMMARY_CUT = "summary_cut"
    PARTS_CUT = "parts_cut"
    REGENERATED = "regenerated"
    FELL_BACK = "fell_back"
    # What the reading of the file has to say; see `brevity.documents`.
    TEXT_LEFT_OUT = "text_left_out"
    CHARACTERS_DOUBTFUL = "characters_doubtful"
    ORDER_DOUBTFUL = "order_doubtful"
    SCANNED_PAGES = "scanned_pages"
    MIXED_LANGUAGES = "mixed_languages"
    ATTACHMENTS_LEFT_OUT = "attachments_left_out"

    @property
    def severity(self) -> Severity:
        if self in _FACTS:
            return Severity.FACT
        return Severity.SUPPORT if self is WarningCode.LOW_SUPPORT else Severity.NOTICE


_FACTS = frozenset(
    {WarningCode.NUMBER_NOT_IN_SOURCE, WarningCode.DATE_NOT_IN_SOURCE, WarningCode.NAME_NOT_IN_SOURCE}
)


def severity_of(code: str) -> Severity:
    """The severity of a warning as an event names it; a code of another release is a notice."""
    try:
        return WarningCode(code).severity
    except ValueError:
        return Severity.NOTICE


class RejectionCode(StrEnum):
    """Codes of `documents.rejected`: why a submission cannot be accepted. `docs/rejections.md` says what each means."""

    UNREADABLE_RECORD = "unreadable_record"
    EMPTY_EVENT = "empty_event"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    TOO_MANY_VALUES = "too_many_values"
    BAD_SCHEMA = "bad_schema"
    TOO_LARGE = "too_large"
    OBJECT_MISSING = "object_missing"
    OBJECT_CHANGED = "object_changed"
    OBJECT_STORE_REFUSED = "object_store_refused"
    BUCKET_NOT_ALLOWED = "bucket_not_allowed"
    BAD_REFERENCE = "bad_reference"
    UNSUPPORTED_TYPE = "unsupported_type"
    BINARY = "binary"
    ENCRYPTED = "encrypted"
    UNREADABLE = "unreadable"
    ZIP_BOMB = "zip_bomb"
    TOO_COMPLEX = "too_complex"
    NO_TEXT = "no_text"
    NOT_PROSE = "not_prose"
    DUPLICATE = "duplicate"
    STORE_REFUSED = "store_refused"
    OUTPUT_TOO_LARGE = "output_too_large"
    CRASHED_WORKER = "crashed_worker"
    UNEXPECTED_ERROR = "unexpected_error"


class GateCheck(StrEnum):
    """Rules that a candidate model is held against."""

    DOCUMENTS = "documents"
    QUALITY = "quality"
    VARIANT = "variant"
    LENGTH = "length"
    GROUPS = "groups"
    FAITHFULNESS = "faithfulness"
    SPEED = "speed"
    SIZE = "size"


class Decision(StrEnum):
    """What was decided on a version of a model. The registry keeps it as a tag."""

    PROMOTED = "promoted"
    REFUSED = "refused"
    WAITING = "waiting"
    ROLLED_BACK = "rolled_back"

    @classmethod
    def _missing_(cls, value: object) -> Decision | None:
        """Releases before 0.2 wrote `rolled back`."""
        return cls.ROLLED_BACK if value == "rolled back" else None
