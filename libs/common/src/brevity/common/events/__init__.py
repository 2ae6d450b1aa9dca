"""The events of the platform; these models are the source of the JSON Schemas and the AsyncAPI document."""

from brevity.common.events.base import Event, ObjectRef, Origin
from brevity.common.events.codec import decode, encode, record_time
from brevity.common.events.documents import (
    DocumentAccepted,
    DocumentRejected,
    DocumentSubmitted,
    ReadingWarning,
    SummaryRequest,
    TextBlock,
)
from brevity.common.events.erasure import DocumentErased, ErasedText, ErasureConfirmed
from brevity.common.events.learning import (
    DriftDetected,
    FeedbackRecorded,
    ModelPromoted,
    ModelServed,
    Rollout,
    TrainingRequested,
    TrainingStatus,
)
from brevity.common.events.summaries import (
    Coverage,
    Route,
    Span,
    SummaryCompleted,
    SummaryFailed,
    SummaryWarning,
    SupportedSentence,
    Usage,
)

ALL_EVENTS: tuple[type[Event], ...] = (
    DocumentSubmitted,
    DocumentAccepted,
    DocumentRejected,
    SummaryCompleted,
    SummaryFailed,
    FeedbackRecorded,
    DriftDetected,
    TrainingRequested,
    TrainingStatus,
    ModelPromoted,
    ModelServed,
    DocumentErased,
    ErasureConfirmed,
)

__all__ = [
    "ALL_EVENTS",
    "Coverage",
    "DocumentAccepted",
    "DocumentErased",
    "DocumentRejected",
    "DocumentSubmitted",
    "DriftDetected",
    "ErasedText",
    "ErasureConfirmed",
    "Event",
    "FeedbackRecorded",
    "ModelPromoted",
    "ModelServed",
    "ObjectRef",
    "Origin",
    "ReadingWarning",
    "Rollout",
    "Route",
    "Span",
    "SummaryCompleted",
    "SummaryFailed",
    "SummaryRequest",
    "SummaryWarning",
    "SupportedSentence",
    "TextBlock",
    "TrainingRequested",
    "TrainingStatus",
    "Usage",
    "decode",
    "encode",
    "record_time",
]
