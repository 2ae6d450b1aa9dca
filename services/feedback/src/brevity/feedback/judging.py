"""What a reviewer may say of a summary, what it becomes, and how all that was said adds up."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from brevity.common.contracts.vocabulary import Rating
from brevity.common.errors import Rejected
from brevity.common.events import FeedbackRecorded, SummaryCompleted
from brevity.common.storage.mongo import millisecond
from brevity.feedback.distance import edit_distance
from brevity.feedback.model import Feedback, Reason, Tally

LONGEST_EDIT = 100_000
LONGEST_COMMENT = 2_000


class Given(BaseModel):
    """A rating, an edit or a preference; at least one of the three."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rating: Rating | None = Field(default=None, description="Thumb up or down.")
    reasons: list[Reason] = Field(default_factory=list[Reason], max_length=12, description="Why.")
    comment: (
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_COMMENT)]
        | None
    ) = None
    edited_summary: (
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_EDIT)] | None
    ) = Field(
        default=None, description="The summary as it should have been; kept as a reference for training."
    )
    preferred_over: str | None = Field(
        default=None,
        max_length=200,
        description="Id of the summary of the same text that this one is better than.",
    )

    @model_validator(mode="after")
    def _something(self) -> Given:
        if self.rating is None and self.edited_summary is None and self.preferred_over is None:
            raise ValueError("give a rating, an edited_summary or preferred_over")
        for text in (self.comment, self.edited_summary):
            if text is not None and any("\ud800" <= character <= "\udfff" for character in text):
                raise ValueError("the text holds half of a character (a lone UTF-16 surrogate)")
        return self


def feedback_of(
    summary: SummaryCompleted, given: Given, *, reviewer: str, feedback_id: str, at: datetime
) -> Feedback:
    """`given` bound to all that made the summary.

    Raises:
        Rejected: `unchanged` when the edited summary is the summary.
    """
    edited = unicodedata.normalize("NFC", given.edited_summary) if given.edited_summary else None
    if edited is not None and edited == summary.summary.strip():
        raise Rejected(
            "the edited summary is the same as the summary",
            code="unchanged",
            remedy="Send a rating alone, or the changed text.",
        )
    return Feedback(
        feedback_id=feedback_id,
        tenant=summary.tenant,
        summary_id=summary.summary_id,
        document_id=summary.document_id,
        content_hash=summary.content_hash,
        reviewer=reviewer,
        rating=given.rating,
        reasons=list(dict.fromkeys(given.reasons)),
        comment=given.comment,
        edited_summary=edited,
        edit_distance=None if edited is None else round(edit_distance(summary.summary, edited), 4),
        preferred_over=given.preferred_over,
        engine=summary.engine,
        model_version=summary.model_version,
        request=summary.request,
        decoding=summary.decoding,
        language=summary.language,
        recorded_at=millisecond(at),
    )


def same(one: Feedback, other: Feedback) -> bool:
    """Whether both say the same of the same summary, whenever they were said."""
    return one == other.model_copy(update={"recorded_at": one.recorded_at})


def tally_of(entries: Sequence[Feedback]) -> Tally:
    """Each reviewer's latest rating and latest edit, added up; `entries` are oldest first."""
    ratings = {entry.reviewer: entry.rating for entry in entries if entry.rating is not None}
    edits = {entry.reviewer: entry.edit_distance for entry in entries if entry.edit_distance is not None}
    return Tally(
        up=sum(rating == "up" for rating in ratings.values()),
        down=sum(rating == "down" for rating in ratings.values()),
        edits=len(edits),
        edit_distance=round(sum(edits.values()), 4),
    )


def latest_edits(entries: Sequence[Feedback]) -> list[Feedback]:
    """The last edit of each reviewer; `entries` are oldest first."""
    return list({entry.reviewer: entry for entry in entries if entry.edited_summary is not None}.values())


def event_of(feedback: Feedback) -> FeedbackRecorded:
    return FeedbackRecorded.model_validate(feedback.model_dump())
