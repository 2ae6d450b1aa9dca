"""Blocks on their way from an accepted document to the engine, and warnings of the reading to the summary."""

from __future__ import annotations

from datetime import UTC, datetime

from brevity.common.events import DocumentAccepted, Origin, ReadingWarning
from brevity.documents import read
from brevity.nlp.types import Block
from brevity.summarize.engines.port import Job
from brevity.summarize.engines.registry import load_engine
from brevity.summarize.oneshot import summarize
from brevity.summarize.results import completed
from brevity.summarize.serving.wire import dump_jobs, load_jobs

TEXT = (
    "The old bridge at the mill was closed on Monday because an inspector found a crack in its northern pier.\n\n"
    "Menu Search Login Newsletter\n\nTraffic goes by the road along the river until the spring of next year."
)


def test_blocks_arrive_at_the_replica_as_they_were_sent() -> None:
    blocks = (Block("speech", 5, 20, "Ann"), Block("paragraph", 22, 40))
    jobs = [Job(TEXT, "en", 20, blocks=blocks), Job(TEXT, "en", 20)]
    assert load_jobs(dump_jobs(jobs)) == jobs
    assert b"blocks" not in dump_jobs(jobs[1:])  # a replica of an earlier release knows no such field


def test_what_the_reading_doubts_stands_first_among_a_summarys_warnings() -> None:
    [summary] = load_engine().summarize([Job(TEXT, "en", 20)])
    document = DocumentAccepted(
        document_id="d", tenant="default", content_hash="0" * 64, language="en", language_confidence=1, word_count=40,
        char_count=len(TEXT), text=TEXT, warnings=[ReadingWarning(code="characters_doubtful", message="Guessed.")],
        submitted_at=datetime(2026, 1, 1, tzinfo=UTC), origin=Origin(topic="documents.submitted", partition=0, offset=0),
    )  # fmt: skip
    assert not isinstance(summary, Exception)
    assert completed(document, summary).warnings[0].code == "characters_doubtful"


def test_a_document_is_summarized_with_its_blocks_title_and_warnings() -> None:
    document = read(TEXT.encode("utf-16"))
    result = summarize(document, words=25)
    assert "Menu" not in result.text
    assert result.text.split(".")[0] in TEXT
