"""JSON lines: one summary a line, with everything its event says, for machines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from brevity.common.ids import content_hash
from brevity.feedback.export.model import ExportItem

# Some readers take these for line ends; JSON allows their escapes everywhere in a string.
_LINE_ENDS = {"\u2028": "\\u2028", "\u2029": "\\u2029", "\x85": "\\u0085"}


def stream_jsonl(items: Iterable[ExportItem]) -> Iterator[bytes]:
    """A line for each item as it comes, in constant memory: for selections of any size.

    Keys: `summary` (the event), `citations` (per sentence, excerpts exact and unshortened, null without the right
    source) and `review` (null without one).
    """
    for item in items:
        line = json.dumps(_record(item), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        for char, escape in _LINE_ENDS.items():
            line = line.replace(char, escape)
        yield line.encode() + b"\n"


def _record(item: ExportItem) -> dict[str, Any]:
    source = item.source
    if (
        source is not None
        and content_hash(source.encode("utf-8", "surrogatepass")) != item.summary.content_hash
    ):
        source = None
    review = item.review
    return {
        "summary": json.loads(item.summary.to_json()),
        "citations": [
            {
                "number": number,
                "sentence": sentence.text,
                "support": sentence.support,
                "spans": [
                    {
                        "start": s.start,
                        "end": s.end,
                        "excerpt": source[s.start : s.end] if source is not None else None,
                    }
                    for s in sentence.spans
                ],
            }
            for number, sentence in enumerate(item.summary.sentences, 1)
        ],
        "review": None
        if review is None
        else {
            "reviewer": review.reviewer,
            "at": review.at.isoformat(),
            "rating": review.rating,
            "edited_summary": review.edited_summary,
            "reasons": list(review.reasons),
        },
    }
