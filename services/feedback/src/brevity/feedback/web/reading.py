"""The reading view: a summary beside its source, with what people said of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from brevity.common.events import SummaryCompleted
from brevity.feedback.api.params import the_summary
from brevity.feedback.export.languages import describe
from brevity.feedback.history import Step, steps_of
from brevity.feedback.model import Feedback, StoredSummary, SummaryFilter
from brevity.feedback.repository import Repository
from brevity.feedback.resummarize import Resummarizer, same_wish
from brevity.feedback.sources import Sources
from brevity.feedback.web import words
from brevity.feedback.web.known import Known
from brevity.feedback.web.page import Caller, PageRoute, page
from brevity.feedback.web.segments import shown_source, shown_summary
from brevity.feedback.web.worddiff import Change, word_diff

_MOST_OTHERS = 20
_MOST_STEPS = 60
_MOST_DIFFS = 5
"""Edits whose changes are shown; each comparison takes time."""


@dataclass(frozen=True, slots=True)
class Mine:
    """What the reader said before: the latest rating with its reasons, and the latest correction."""

    rating: str | None = None
    reasons: tuple[str, ...] = ()
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class ShownStep:
    at: datetime
    words: str
    link: str | None = None
    changes: tuple[Change, ...] = ()


def reading(repository: Repository, sources: Sources, known: Known, resummarizer: Resummarizer) -> APIRouter:
    router = APIRouter(route_class=PageRoute)

    @router.get("/summaries/{summary_id}/standing")
    async def show_standing(request: Request, summary_id: str, caller: Caller) -> Response:
        """How a summary is rated, as a piece of a page: for scripts, when they hear that it has changed."""
        return page(request, "standing.html", item=await the_summary(repository, caller.tenant, summary_id))

    @router.get("/summaries/{summary_id}")
    async def show_summary(request: Request, summary_id: str, caller: Caller, source: str = "") -> Response:
        item = await the_summary(repository, caller.tenant, summary_id)
        event = item.event
        text = await sources.text_of(event)
        same_text = SummaryFilter(content_hash=event.content_hash, document_id=event.document_id)
        around = await repository.summaries(caller.tenant, same_text, limit=_MOST_OTHERS)
        others = [other for other in around.items if other.event.summary_id != summary_id]
        said = await repository.feedback_of(caller.tenant, summary_id)
        mine = [entry for entry in said if entry.reviewer == caller.subject]
        steps = await steps_of(repository, caller.tenant, event.document_id)
        newer = await resummarizer.newer(event)
        engines = (await known.of(caller.tenant)).engines

        def drawn() -> Response:
            """In a thread of its own: long texts and many corrections take time, and others wait for the loop."""
            return page(
                request,
                "read.html",
                item=item,
                shown=shown_summary(event),
                text=None if text is None else shown_source(text, event.sentences, whole=source == "whole"),
                others=others,
                newer=sorted(newer),
                by_newer=_by(newer, item, others),
                comparable=any(other.event.model_version != event.model_version for other in others),
                engines=engines,
                mine=_mine(mine),
                edited=next((entry.edited_summary for entry in reversed(mine) if entry.edited_summary), None),
                facts=_facts(event),
                steps=_steps(steps, item),
            )

        return await asyncio.to_thread(drawn)

    return router


def _by(versions: frozenset[str], item: StoredSummary, others: list[StoredSummary]) -> StoredSummary | None:
    """The same summary as one of `versions` has written it."""
    return next(
        (
            other
            for other in others
            if other.event.model_version in versions and same_wish(other.event.request, item.event.request)
        ),
        None,
    )


def _mine(entries: list[Feedback]) -> Mine | None:
    rated = [entry for entry in entries if entry.rating is not None]
    if not rated:
        return None
    return Mine(rated[-1].rating, tuple(rated[-1].reasons), rated[-1].comment)


def _facts(event: SummaryCompleted) -> list[tuple[str, str]]:
    asked = words.wanted_words(event.request.words, event.request.length, event.request.style)
    facts = [
        ("Document", event.document_id),
        ("Language", describe(event.language)),
        ("Asked for", asked),
        ("Words", f"{event.usage.summary_words:,} of {event.usage.source_words:,}"),
        ("Read by the engine", f"{event.coverage.percent:g} % of the document"),
        ("Engine", event.engine),
        ("Model version", event.model_version),
        ("Submitted", f"{event.submitted_at:%Y-%m-%d %H:%M:%S} {event.submitted_at.tzname()}"),
        ("Text", f"SHA-256 {event.content_hash[:16]}…"),
    ]
    facts += [(f"Decoding: {name}", str(value)) for name, value in sorted(event.decoding.items())]
    facts += [(name, value) for name, value in sorted(event.metadata.items())]
    return facts


def _steps(steps: list[Step], item: StoredSummary) -> list[ShownStep]:
    """The latest steps, oldest first, with what the latest corrections of this summary changed."""
    here = item.event.summary_id
    steps = steps[-_MOST_STEPS:]
    corrections = [step for step in steps if step.kind == "edited" and step.summary_id == here]
    compared = corrections[-_MOST_DIFFS:]
    return [
        ShownStep(
            step.at,
            _said(step.kind, step.detail),
            step.summary_id if step.summary_id != here else None,
            tuple(word_diff(item.event.summary, str(step.detail["edited_summary"])))
            if step in compared
            else (),
        )
        for step in steps
    ]


def _said(kind: str, detail: dict[str, Any]) -> str:
    reviewer = str(detail.get("reviewer", "somebody"))
    reasons = ", ".join(words.REASON_NAMES.get(code, str(code)).lower() for code in detail.get("reasons", []))
    comment = f" “{detail['comment']}”" if detail.get("comment") else ""
    match kind:
        case "accepted":
            return f"Accepted: {detail.get('word_count', 0):,} words, {describe(str(detail.get('language', 'und')))}"
        case "summarized":
            return f"Summarized by {detail.get('model_version', 'a model')}"
        case "rated":
            verdict = "up" if detail.get("rating") == "up" else "down"
            return f"Rated {verdict} by {reviewer}{': ' + reasons if reasons else ''}{comment}"
        case "edited":
            return f"Corrected by {reviewer}{comment}"
        case "compared":
            return f"Preferred to another summary by {reviewer}"
        case "rejected":
            return f"Rejected: {detail.get('message', '')}"
        case _:
            return f"Failed: {detail.get('message', '')}"
