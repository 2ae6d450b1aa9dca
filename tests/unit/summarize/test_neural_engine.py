from collections.abc import Callable

import pytest

from brevity.common.errors import BrevityError, Rejected, Transient, Unavailable
from brevity.neural.port import GenerationError, Request, ServerAway
from brevity.nlp.types import Span
from brevity.nlp.words import count_words
from brevity.summarize.engines.neural import NeuralEngine
from brevity.summarize.engines.port import Job, Speaking, Summary, SummaryEngine
from tests.unit.neural.generators import Words, extract
from tests.unit.summarize.texts import BRIDGE

INVENTED = "The bridge will be repaired for 7.5 million euros. Mayor Ines Aldana promised an answer to Gerald Pemberley."


def engine_of(
    write: Callable[[Request], str] = extract, context: int = 1_000, **further: object
) -> NeuralEngine:
    return NeuralEngine("llm", Words(context, write, **further), {"temperature": 0})  # pyright: ignore[reportArgumentType]


def one(engine: SummaryEngine, job: Job) -> Summary:
    [summary] = engine.summarize([job])
    assert isinstance(summary, Summary), summary
    return summary


def error(engine: SummaryEngine, job: Job) -> BrevityError:
    [found] = engine.summarize([job])
    assert isinstance(found, BrevityError), found
    return found


def codes(summary: Summary) -> list[str]:
    return [flag.code for flag in summary.warnings]


def test_every_sentence_has_its_place_its_source_and_its_support() -> None:
    summary = one(engine_of(), Job(BRIDGE, "en", 60))
    assert 0 < summary.summary_words == count_words(summary.text) <= 60
    for sentence in summary.sentences:
        assert summary.text[sentence.start : sentence.end] == sentence.text
        [span] = sentence.spans
        assert BRIDGE[span.start : span.end] == sentence.text
        assert sentence.support == 1.0
    assert (summary.coverage_percent, summary.seen) == (100.0, (Span(0, len(BRIDGE)),))
    assert (summary.engine, summary.model_version) == ("llm", "words-1")
    assert (summary.source_tokens, summary.source_words) == (count_words(BRIDGE), count_words(BRIDGE))
    assert summary.decoding == {"words": 60, "style": "paragraph", "temperature": 0}
    assert codes(summary) == []


def test_what_the_source_does_not_hold_is_flagged_at_its_place() -> None:
    summary = one(engine_of(lambda request: INVENTED), Job(BRIDGE, "en", 60))
    flagged = {(f.code, summary.text[f.start : f.end]) for f in summary.warnings}
    assert flagged == {
        ("number_not_in_source", "7.5"),
        ("name_not_in_source", "Gerald Pemberley"),
    }
    assert all(0 < sentence.support < 1 for sentence in summary.sentences)


def test_a_long_document_says_in_how_many_parts_it_was_read_and_what_was_seen() -> None:
    text = "\n\n".join(f"In the year {1800 + n}, {BRIDGE}" for n in range(6))
    summary = one(engine_of(context=200), Job(text, "en", 60))
    assert summary.decoding["parts"] >= 5
    assert summary.decoding["merge_levels"] >= 1
    assert summary.coverage_percent == 100.0
    assert "coverage_below_100" not in codes(summary)


def test_a_document_no_longer_than_its_summary_is_passed_through_unless_it_is_to_be_translated() -> None:
    text = "A short note.\nNothing else!"
    summary = one(engine_of(), Job(text, "en", 60))
    assert (summary.text, summary.passed_through, summary.source_tokens) == (text, True, None)
    translated = one(engine_of(lambda request: "Une courte note."), Job(text, "en", 60, output_language="fr"))
    assert (translated.text, translated.passed_through) == ("Une courte note.", False)


def test_a_translation_is_checked_for_what_is_alike_in_both_languages() -> None:
    written = "Le conseil répare le pont de 1782 pour 99 millions. Madame Dupont Lavigne l'a promis."
    summary = one(engine_of(lambda request: written), Job(BRIDGE, "en", 60, output_language="fr"))
    assert codes(summary) == ["translated", "number_not_in_source"]


def test_a_summary_is_never_longer_than_wanted_and_ends_with_a_sentence() -> None:
    summary = one(engine_of(lambda request: BRIDGE), Job(BRIDGE, "en", 40))
    assert summary.summary_words <= 40
    assert BRIDGE.startswith(summary.text)
    assert summary.text.endswith(".")
    [only] = one(engine_of(lambda request: "word " * 90), Job(BRIDGE, "en", 40)).sentences
    assert count_words(only.text) == 90


def test_points_have_their_places_without_their_marks() -> None:
    written = "- The bridge was built in 1782.\n- Work begins on the first of October."
    summary = one(engine_of(lambda request: written), Job(BRIDGE, "en", 60, style="bullets"))
    assert [s.text for s in summary.sentences] == [line[2:] for line in written.split("\n")]
    assert summary.text == written


def test_a_bad_job_has_its_error_in_its_place_and_the_others_go_on() -> None:
    good = Job(BRIDGE, "en", 60)
    first, nothing, last = engine_of().summarize([good, Job(" … ", "en", 60), good])
    assert isinstance(first, Summary)
    assert first == last
    assert isinstance(nothing, Rejected)
    assert nothing.code == "no_text"


def test_a_language_that_the_model_does_not_have_is_refused_by_name() -> None:
    engine = engine_of(languages=frozenset({"en", "de", "nb"}))
    assert isinstance(engine, Speaking)
    refused = error(engine, Job(BRIDGE, "sw", 60))
    assert (type(refused), refused.code) == (Rejected, "language_not_supported")
    assert "cannot read Swahili" in refused.message
    assert "de, en, nb" in refused.message
    assert "cannot write French" in error(engine, Job(BRIDGE, "en", 60, output_language="fr")).message
    assert isinstance(one(engine, Job(BRIDGE, "no", 60)), Summary)
    assert isinstance(one(engine, Job(BRIDGE, "und", 60)), Summary)
    assert [engine.speaks("de", None), engine.speaks("fr", None), engine.speaks("en", "fr")] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (GenerationError("it broke", code="broken", remedy="Mend it."), Rejected),
        (GenerationError("not now", code="busy", remedy="Wait.", transient=True), Transient),
        (ServerAway("gone", code="model_server_away", remedy="Wait."), Unavailable),
    ],
)
def test_a_models_error_becomes_the_documents(failure: GenerationError, kind: type[BrevityError]) -> None:
    found = error(engine_of(fails=lambda request: failure), Job(BRIDGE, "en", 60))
    assert type(found) is kind
    assert (found.code, found.remedy) == (failure.code, failure.remedy)


def test_a_model_that_writes_nothing_is_an_error() -> None:
    assert error(engine_of(lambda request: " … "), Job(BRIDGE, "en", 60)).code == "empty_summary"
