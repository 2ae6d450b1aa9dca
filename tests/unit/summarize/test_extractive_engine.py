from pathlib import Path

import pytest

from brevity.common.errors import Fatal, Rejected
from brevity.nlp.types import Span
from brevity.nlp.words import count_words
from brevity.summarize.engines.measures import coverage_percent
from brevity.summarize.engines.port import Job, Summary, SummaryEngine
from brevity.summarize.engines.registry import load_engine
from tests.unit.summarize.texts import BRIDGE


@pytest.fixture(scope="module")
def engine() -> SummaryEngine:
    return load_engine()


def _one(engine: SummaryEngine, job: Job) -> Summary:
    [summary] = engine.summarize([job])
    assert isinstance(summary, Summary)
    return summary


def test_a_summary_is_made_of_source_sentences_with_their_places(engine: SummaryEngine) -> None:
    summary = _one(engine, Job(BRIDGE, "en", 60))
    assert 0 < summary.summary_words <= 60
    assert summary.summary_words == count_words(summary.text)
    assert summary.source_words == count_words(BRIDGE)
    assert (summary.engine, summary.model_version) == ("extractive", engine.model_version)
    assert not summary.passed_through
    for sentence in summary.sentences:
        assert summary.text[sentence.start : sentence.end] == sentence.text
        assert sentence.support == 1.0
        first = sentence.spans[0]
        assert BRIDGE[first.start : first.end].split() == sentence.text.split()
    assert [flag.code for flag in summary.warnings if flag.code != "coverage_below_100"] == []


@pytest.mark.parametrize("style", ["paragraph", "bullets", "headline"])
def test_every_style_keeps_its_length(engine: SummaryEngine, style: str) -> None:
    words = 15 if style == "headline" else 80
    summary = _one(engine, Job(BRIDGE, "en", words, style=style))  # pyright: ignore[reportArgumentType]
    assert summary.text
    assert len(summary.text) < len(BRIDGE)


def test_the_same_job_gives_the_same_summary(engine: SummaryEngine) -> None:
    job = Job(BRIDGE, "en", 60)
    assert _one(engine, job) == _one(load_engine(), job)


def test_a_document_no_longer_than_its_summary_is_passed_through(engine: SummaryEngine) -> None:
    text = "  A short note.\nNothing else!  "
    summary = _one(engine, Job(text, "en", 60))
    assert summary.text == text
    assert summary.passed_through
    assert summary.coverage_percent == 100.0
    assert [s.text for s in summary.sentences] == ["A short note.", "Nothing else!"]
    assert all(s.support == 1.0 and s.spans == (Span(s.start, s.end),) for s in summary.sentences)


def test_a_bad_job_has_its_error_in_its_place_and_the_others_go_on(engine: SummaryEngine) -> None:
    good = Job(BRIDGE, "en", 60)
    first, nothing, foreign, last = engine.summarize(
        [good, Job(" … ", "en", 60), Job(BRIDGE, "en", 60, output_language="fr"), good]
    )
    assert isinstance(first, Summary)
    assert first == last
    assert isinstance(nothing, Rejected)
    assert nothing.code == "no_text"
    assert isinstance(foreign, Rejected)
    assert foreign.code == "language_not_supported"


def test_an_undetermined_language_is_a_warning(engine: SummaryEngine) -> None:
    codes = [flag.code for flag in _one(engine, Job(BRIDGE, "und", 60)).warnings]
    assert "language_undetermined" in codes


@pytest.mark.parametrize(
    ("seen", "text", "expected"),
    [
        ([Span(0, 10)], "0123456789", 100.0),
        ([Span(0, 5)], "0123456789", 50.0),
        ([Span(0, 6), Span(3, 8)], "0123456789", 80.0),
        ([Span(0, 2), Span(4, 6)], "ab  cd", 100.0),
        ([], "abc", 0.0),
        ([Span(0, 2)], "abc", 66.6),
        ([Span(0, 9_999)], "a" * 10_000, 99.9),
        ([], "  ", 100.0),
    ],
)
def test_coverage_is_the_share_of_characters_seen(seen: list[Span], text: str, expected: float) -> None:
    assert coverage_percent(seen, text) == expected


def test_an_unknown_engine_names_the_known_ones() -> None:
    with pytest.raises(Fatal) as caught:
        load_engine("abstractive")
    assert caught.value.code == "unknown_engine"
    assert "extractive" in caught.value.remedy


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(Fatal) as caught:
        load_engine(f"extractive:{tmp_path / 'none'}")
    assert caught.value.code == "model_not_found"
    assert "none" in caught.value.message


def test_a_damaged_model_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text("{}")
    with pytest.raises(Fatal) as caught:
        load_engine(f"extractive:{path}")
    assert caught.value.code == "model_unusable"
    assert "broken.json" in caught.value.message


def test_a_speaker_before_a_sentence_leaves_its_support_whole(engine: SummaryEngine) -> None:
    said = BRIDGE.split(". ")
    text = "\n".join(f"{'Anna' if i % 2 else 'Berit'}: {line.rstrip('.')}." for i, line in enumerate(said))
    summary = _one(engine, Job(text, "en", 60))
    assert {sentence.support for sentence in summary.sentences} == {1.0}
    for sentence in summary.sentences:
        first = sentence.spans[0]
        assert sentence.text.endswith(text[first.start : first.end])
    assert [flag for flag in summary.warnings if flag.code != "coverage_below_100"] == []
