"""What callers send beside bodies: filters and places, with their limits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Query
from pydantic import AfterValidator, AwareDatetime

from brevity.common.errors import Rejected
from brevity.common.http.principal import Principal, needs, principal_of
from brevity.feedback.model import Standing, StoredSummary, SummaryFilter
from brevity.feedback.repository import Repository

Caller = Annotated[Principal, Depends(principal_of)]
Reviewer = Annotated[Principal, Depends(needs("reviewer"))]
Admin = Annotated[Principal, Depends(needs("admin"))]

Name = Annotated[str | None, Query(max_length=200)]


def _told_in_utc(at: datetime) -> datetime:
    """At the ends of the calendar a zone leads beyond it."""
    try:
        return at.astimezone(UTC)
    except (OverflowError, ValueError):
        raise ValueError("this moment cannot be told in UTC") from None


Instant = Annotated[AwareDatetime, AfterValidator(_told_in_utc)]
"""A moment as a caller sends it, in UTC."""


async def _filter(
    language: Name = None,
    engine: Name = None,
    model_version: Name = None,
    document_id: Name = None,
    content_hash: Annotated[
        str | None, Query(max_length=64, description="Summaries of one text, to compare them.")
    ] = None,
    rating: Annotated[Standing | None, Query(description="How it stands: up, down, mixed or none.")] = None,
    has_warnings: bool | None = None,
    since: Annotated[Instant | None, Query(description="Submitted at or after.")] = None,
    until: Annotated[Instant | None, Query(description="Submitted before.")] = None,
    text: Annotated[
        str | None, Query(max_length=500, description="Words of title or summary, all of them.")
    ] = None,
) -> SummaryFilter:
    return SummaryFilter(
        language=language,
        engine=engine,
        model_version=model_version,
        document_id=document_id,
        content_hash=content_hash,
        rating=rating,
        has_warnings=has_warnings,
        since=since,
        until=until,
        text=text,
    )


Filter = Annotated[SummaryFilter, Depends(_filter)]


async def the_summary(repository: Repository, tenant: str, summary_id: str) -> StoredSummary:
    """Raises Rejected `not_found`: also for another tenant's, whose existence is not told."""
    found = await repository.summary(tenant, summary_id)
    if found is None:
        raise Rejected("no such summary is known", code="not_found", remedy="Check the id, or the list.")
    return found
