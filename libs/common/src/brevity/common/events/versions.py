"""Which of a document's outcomes says how it stands: the one rule, for every reader that answers that question.

The log decides and not a sender's clock: of two submissions in one log the later offset is the newer version, and of one
submission the outcome that got furthest counts (a replay takes a document from rejected to accepted, and from failed to
completed). Offsets of different logs cannot be compared: after partitions were added, after a topic was made again, or
when a sender varies its keys. There the time of submission decides, and never a time that is later than that at which
the outcome was seen: a clock that is fast wins nothing. So the answer is the same in whatever order, and however often,
the outcomes are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple, TypeVar

from brevity.common.contracts.vocabulary import DocumentState
from brevity.common.events.base import Origin
from brevity.common.events.documents import DocumentAccepted, DocumentRejected
from brevity.common.events.summaries import SummaryCompleted, SummaryFailed

T = TypeVar("T")
DocumentOutcome = DocumentAccepted | DocumentRejected | SummaryCompleted | SummaryFailed

_RANK: dict[DocumentState, int] = {"submitted": 0, "rejected": 2, "accepted": 3, "failed": 4, "completed": 5}


class Version(NamedTuple):
    """What an outcome is compared by.

    Attributes:
        log: The log that its submission lies in; empty when that is not known.
        epoch: Of the leader that wrote the submission; of one log the higher one is later. -1 when it is not known.
        offset: -1 when it is not known.
        at: When it was submitted, in milliseconds; see above.
        rank: How far it got.
    """

    log: str
    epoch: int
    offset: int
    at: int
    rank: int


def state_of(outcome: DocumentOutcome) -> DocumentState:
    match outcome:
        case DocumentAccepted():
            return "accepted"
        case DocumentRejected():
            return "rejected"
        case SummaryCompleted():
            return "completed"
        case SummaryFailed():
            return "failed"


def version_of(outcome: DocumentOutcome, seen: datetime) -> Version:
    """The version of `outcome`, which was written or read at `seen`."""
    submission = outcome.submission if isinstance(outcome, SummaryFailed) else outcome.origin
    at = int(min(outcome.submitted_at, seen).timestamp() * 1000)
    return Version(*_place(submission), at, _RANK[state_of(outcome)])


def newest(items: Iterable[T], version: Callable[[T], Version]) -> list[T]:
    """The newest of each log, and before all others that which says how the document stands."""
    latest: dict[str, T] = {}
    for item in items:
        mine = version(item)
        there = latest.get(mine.log)
        # Where no log is known the time is all there is.
        if there is None or _in_log(version(there)) < _in_log(mine):
            latest[mine.log] = item
    return sorted(latest.values(), key=lambda item: _between_logs(version(item)), reverse=True)


def _in_log(version: Version) -> tuple[int, ...]:
    if version.offset < 0:
        return version.at, version.rank
    return version.epoch, version.offset, version.rank, version.at


def _between_logs(version: Version) -> tuple[int, int, str]:
    return version.at, version.rank, version.log


def _place(origin: Origin | None) -> tuple[str, int, int]:
    if origin is None:
        return "", -1, -1
    topic_id, _, epoch = (origin.log or "").partition(":")
    log = f"{origin.topic}/{origin.partition}/{topic_id}"
    return log, int(epoch) if epoch.isdecimal() else -1, origin.offset
