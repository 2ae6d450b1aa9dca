"""The guard, around a generator that invents facts until it is told not to."""

from collections.abc import Callable

from brevity.neural.port import Request
from brevity.summarize.engines.extractive import ExtractiveEngine
from brevity.summarize.engines.guard import Action, GuardedEngine
from brevity.summarize.engines.neural import NeuralEngine
from brevity.summarize.engines.port import Job, Speaking, Summary
from tests.unit.neural.generators import Words
from tests.unit.summarize.texts import BRIDGE

JOB = Job(BRIDGE, "en", 60)
TRUE = "The bridge was built in 1782. Repairs will cost 1.2 million euros."
EXTRACT = ExtractiveEngine.load()


def inventor(*invented: str) -> Callable[[Request], str]:
    """Adds to the truth the first of its inventions that it was not told to avoid."""

    def write(request: Request) -> str:
        false = next((text for text in invented if not any(word in text for word in request.avoid)), "")
        return f"{TRUE} {false}".strip()

    return write


def guarded(
    write: Callable[[Request], str], action: Action = "regenerate", most: int = 0, tries: int = 2
) -> tuple[GuardedEngine, Words]:
    generator = Words(1_000, write)
    engine = NeuralEngine("llm", generator)
    return GuardedEngine(engine, EXTRACT, action=action, most=most, tries=tries), generator


def one(engine: GuardedEngine, job: Job = JOB) -> Summary:
    [summary] = engine.summarize([job])
    assert isinstance(summary, Summary)
    return summary


def codes(summary: Summary) -> list[str]:
    return [flag.code for flag in summary.warnings]


NUMBER = "Work will take 83 weeks."
NAME = "The engineer Gerald Pemberley had warned of it."


def test_a_summary_without_warnings_is_left_alone() -> None:
    engine, generator = guarded(lambda request: TRUE)
    assert (one(engine).text, codes(one(engine)), len(generator.calls)) == (TRUE, [], 2)


def test_an_invented_fact_is_named_to_the_model_and_the_summary_says_so() -> None:
    engine, generator = guarded(inventor(NUMBER))
    summary = one(engine)
    assert summary.text == TRUE
    assert codes(summary) == ["regenerated"]
    assert "had 1 warnings" in summary.warnings[0].message
    [[first], [second]] = generator.calls
    assert (first.avoid, second.avoid) == ((), ("83",))


def test_what_was_to_be_avoided_stays_so_and_the_tries_are_bounded() -> None:
    engine, generator = guarded(inventor(NUMBER, NAME, NUMBER.replace("83", "84")), tries=2)
    summary = one(engine)
    assert [call[0].avoid for call in generator.calls] == [(), ("83",), ("83", "Gerald Pemberley")]
    assert codes(summary) == ["number_not_in_source"]
    assert "84" not in summary.text


def test_of_several_the_one_with_fewest_warnings_is_kept() -> None:
    engine, _ = guarded(inventor(NUMBER + " " + NAME, NUMBER.replace("83", "84")), tries=1)
    summary = one(engine)
    assert "84 weeks" in summary.text
    assert codes(summary) == ["regenerated", "number_not_in_source"]


def test_the_tokens_of_every_try_are_counted() -> None:
    engine, generator = guarded(inventor(NUMBER))
    summary = one(engine)
    assert (summary.source_tokens, summary.summary_tokens) == (generator.read, generator.written)


def test_what_does_not_help_falls_back_to_the_documents_own_sentences() -> None:
    engine, generator = guarded(lambda request: f"{TRUE} {NUMBER} {NAME}", "fall_back")
    summary = one(engine)
    [extract] = EXTRACT.summarize([JOB])
    assert isinstance(extract, Summary)
    assert (summary.text, summary.engine, summary.model_version) == (
        extract.text,
        "extractive",
        extract.model_version,
    )
    assert codes(summary) == ["fell_back"]
    assert "llm (words-1) wrote a summary with 2 warnings" in summary.warnings[0].message
    assert summary.source_tokens == generator.read
    assert len(generator.calls) == 3


def test_as_many_warnings_as_allowed_are_let_pass() -> None:
    engine, generator = guarded(lambda request: f"{TRUE} {NUMBER}", "fall_back", most=1)
    assert codes(one(engine)) == ["number_not_in_source"]
    assert len(generator.calls) == 1


def test_a_guard_that_keeps_changes_nothing() -> None:
    engine, generator = guarded(inventor(NUMBER), "keep")
    assert codes(one(engine)) == ["number_not_in_source"]
    assert len(generator.calls) == 1


def test_only_the_summaries_with_warnings_are_written_again_and_in_one_call() -> None:
    texts = [BRIDGE, BRIDGE + " It rained.", BRIDGE + " It snowed."]

    def write(request: Request) -> str:
        return TRUE if "rained" in request.text else inventor(NUMBER)(request)

    engine, generator = guarded(write)
    answers = engine.summarize([Job(text, "en", 60) for text in texts])
    assert [codes(a) for a in answers if isinstance(a, Summary)] == [["regenerated"], [], ["regenerated"]]
    assert [len(call) for call in generator.calls] == [3, 2]


def test_a_translation_is_not_replaced_by_an_extract_in_the_other_language() -> None:
    engine, _ = guarded(lambda request: "Le pont date de 1799.", "fall_back")
    summary = one(engine, Job(BRIDGE, "en", 60, output_language="fr"))
    assert (summary.text, codes(summary)) == ("Le pont date de 1799.", ["translated", "number_not_in_source"])


def test_an_error_stays_one() -> None:
    engine, _ = guarded(lambda request: " ")
    [answer] = engine.summarize([JOB])
    assert not isinstance(answer, Summary)
    assert answer.code == "empty_summary"
    assert isinstance(engine, Speaking)
    assert engine.speaks("en", "fr")
