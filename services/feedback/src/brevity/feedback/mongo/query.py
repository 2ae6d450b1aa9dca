"""Which records a filter wants, as a query that an index serves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from brevity.feedback.model import SummaryFilter
from brevity.feedback.search import search_words


def query_of(
    tenant: str, wanted: SummaryFilter, *, after: tuple[datetime, str] | None = None
) -> dict[str, Any]:
    """What finds the wanted summaries of one tenant.

    Args:
        after: When the last one that is known already was submitted, and its id: only what comes after it in a listing.
    """
    query: dict[str, Any] = {"tenant": tenant}
    for name in ("language", "engine", "model_version", "document_id", "content_hash"):
        value = getattr(wanted, name)
        if value is not None:
            query[name] = value
    if wanted.rating is not None:
        query["tally.standing"] = wanted.rating
    if wanted.has_warnings is not None:
        query["with_warnings"] = 1 if wanted.has_warnings else 0
    between = {
        operator: at for operator, at in (("$gte", wanted.since), ("$lt", wanted.until)) if at is not None
    }
    if between:
        query["submitted_at"] = between
    if wanted.text is not None:
        # A text without a single word finds nothing, rather than everything.
        query["words"] = {"$all": search_words(wanted.text) or [""]}
    if after is not None:
        at, name = after
        query["$and"] = [
            {"submitted_at": {"$lte": at}},  # what an index goes by
            {"$or": [{"submitted_at": {"$lt": at}}, {"submitted_at": at, "_id": {"$lt": name}}]},
        ]
    return query
