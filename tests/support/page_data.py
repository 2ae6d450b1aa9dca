"""Real documents and their summaries for the page: the bundled samples through the extractive engine and, as another
model, their first sentences; and one right-to-left document. Every event is as the pipeline would have written it."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

from brevity.common.events import (
    DocumentAccepted,
    DriftDetected,
    Origin,
    SummaryCompleted,
    SummaryRequest,
)
from brevity.common.events.learning import Window
from brevity.common.ids import content_hash
from brevity.common.storage.mongo import async_mongo_client
from brevity.documents.normalise import normalise
from brevity.feedback.drift import Peak, PointKey
from brevity.feedback.mongo.drift import DriftStore
from brevity.feedback.mongo.drift_series import DriftSeries
from brevity.nlp.faithfulness import check
from brevity.nlp.language import detect_language
from brevity.nlp.sentences import split_sentences
from brevity.nlp.types import Span
from brevity.nlp.words import count_words
from brevity.summarize.engines.port import Flag, Job, Summary, SummarySentence
from brevity.summarize.engines.registry import DEFAULT, load_engine
from brevity.summarize.lengths import resolve_words
from brevity.summarize.results import completed
from tests.support.feedback_service import FeedbackService
from tests.support.samples import sample_documents

ARABIC = (
    "أعلنت إدارة الميناء يوم الجمعة إغلاق الرصيف الشرقي بسبب العاصفة. وقالت الإدارة إن الأمواج كسرت جزءا من الحاجز "
    "الخشبي الذي بني عام 1987. وسيبقى الرصيف مغلقا حتى نهاية شهر مايو. وطلب من الصيادين استخدام الميناء القديم في "
    "هذه الأثناء. ولم يصب أحد بأذى خلال العاصفة."
)


def accepted(
    name: str,
    text: str,
    *,
    at: datetime,
    tenant: str = "first",
    title: str | None = None,
    words: int | None = 60,
) -> DocumentAccepted:
    """The document as ingest would have accepted it."""
    text = normalise(text)
    found = detect_language(text)
    return DocumentAccepted(
        document_id=name,
        tenant=tenant,
        content_hash=content_hash(text.encode()),
        title=title,
        language=found.tag,
        language_confidence=found.confidence,
        word_count=count_words(text, found.tag),
        char_count=len(text),
        text=text,
        summary=SummaryRequest(words=words),
        submitted_at=at,
        origin=Origin(topic="documents.submitted", partition=0, offset=1),
    )


def extracted(document: DocumentAccepted) -> SummaryCompleted:
    """Its summary by the engine in service."""
    text = document.text or ""
    words = resolve_words(document.summary, document.word_count)
    [summary] = load_engine(DEFAULT).summarize([Job(text, document.language, words, document.summary.style)])
    assert isinstance(summary, Summary)
    return completed(document, summary)


def led(document: DocumentAccepted) -> SummaryCompleted:
    """Its first two sentences, as the model `lead-1`."""
    spans = split_sentences(document.text or "", document.language)[:2]
    sentences = [(document.text or "")[span.start : span.end] for span in spans]
    return written(document, sentences, engine="lead", model_version="lead-1")


def written(
    document: DocumentAccepted, sentences: list[str], *, engine: str, model_version: str
) -> SummaryCompleted:
    """A summary of these sentences, checked against the source as every engine's output is."""
    text = " ".join(sentences)
    places: list[tuple[int, int]] = []
    for sentence in sentences:
        start = text.index(sentence, places[-1][1] if places else 0)
        places.append((start, start + len(sentence)))
    report = check(document.text or "", text, places, document.language)
    return completed(
        document,
        Summary(
            text=text,
            sentences=tuple(
                SummarySentence(text[start:end], start, end, found.spans, found.support)
                for (start, end), found in zip(places, report.sentences, strict=True)
            ),
            warnings=tuple(Flag(flag.code, flag.message, flag.start, flag.end) for flag in report.flags),
            seen=(Span(0, document.char_count),),
            coverage_percent=100.0,
            passed_through=False,
            source_words=document.word_count,
            summary_words=count_words(text, document.language),
            engine=engine,
            model_version=model_version,
        ),
    )


@cache
def sample_events(
    at: datetime, tenant: str = "first", names: tuple[str, ...] | None = None
) -> tuple[DocumentAccepted | SummaryCompleted, ...]:
    """The bundled documents of these names (all when absent), an hour apart up to `at`, with their summaries by both
    models; and the Arabic one, last."""
    events: list[DocumentAccepted | SummaryCompleted] = []
    samples = [sample for sample in sample_documents() if names is None or sample["document_id"] in names]
    for age, sample in enumerate(samples):
        document = accepted(
            sample["document_id"],
            sample["text"],
            at=at - timedelta(hours=len(samples) - age),
            tenant=tenant,
            title=sample.get("title"),
        )
        events += [document, extracted(document), led(document)]
    arabic = accepted("harbour-arabic", ARABIC, at=at, tenant=tenant, title="إغلاق الميناء", words=20)
    return (*events, arabic, extracted(arabic))


async def drifted(service: FeedbackService, now: datetime) -> None:
    """Three days in which the documents drift away and ratings stay as they are, with the alarm at the end."""
    client = async_mongo_client(service.mongo)
    database = client[service.mongo.database]
    hours = [now - timedelta(hours=age) for age in range(72, 0, -1)]
    points = [
        (
            "extractive-1",
            PointKey(family, "", "", hour.replace(minute=0, second=0, microsecond=0)),
            Peak(40, evidence, statistic, effect),
        )
        for number, hour in enumerate(hours)
        for family, statistic, evidence, effect in (
            ("input", "word_surprise", 1.4 if number == 71 else 10 ** (number / 16 - 4.5), 0.31),
            ("rating", "rating", 2e-4 * (number % 7), -0.02),
        )
    ]
    await DriftSeries(database).keep(points)
    window = Window(first_at=hours[0], last_at=hours[-1], count=400)
    alarm = DriftDetected(
        drift_id="drf_shown", monitor="input.word_surprise", model_version="extractive-1", statistic=112_000.0,
        threshold=80_000.0, effect=0.31, reference=window, current=window, detected_at=hours[-1],
    )  # fmt: skip
    await DriftStore(database).published("nobody", -1, [alarm])
    await client.close()
