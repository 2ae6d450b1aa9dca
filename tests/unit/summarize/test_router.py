import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from brevity.common.errors import BrevityError, Fatal, Rejected
from brevity.common.settings import load_settings
from brevity.neural.port import GenerationError, Request, ServerAway
from brevity.summarize.engines.extractive import ExtractiveEngine
from brevity.summarize.engines.neural import NeuralEngine
from brevity.summarize.engines.port import Job, Route, Summary
from brevity.summarize.engines.registry import load_engine
from brevity.summarize.engines.router import RouterEngine, policy_of
from brevity.summarize.settings import SummarizeSettings
from tests.unit.neural.generators import Words, extract
from tests.unit.summarize.texts import BRIDGE

JOB = Job(BRIDGE, "en", 60)
ROUTES = [
    {"name": "quality", "engine": "llm:/models/big", "words_per_second": 100, "price_per_million_words": 20},
    {"name": "extractive", "engine": "extractive", "words_per_second": 50_000},
]
POLICY = {"routes": ROUTES, "prefer": ["quality", "extractive"], "deadline_seconds": 60}


def router(
    write: Callable[[Request], str] = extract,
    *,
    clock: Iterator[float] | None = None,
    languages: frozenset[str] | None = None,
    fails: Callable[[Request], GenerationError | None] = lambda request: None,
) -> RouterEngine:
    engines = {
        "quality": NeuralEngine("llm", Words(1_000, write, languages=languages, fails=fails)),
        "extractive": ExtractiveEngine.load(),
    }
    ticks = clock or (float(n) for n in count())
    return RouterEngine(policy_of(json.dumps(POLICY), "the test"), engines, lambda: next(ticks))


def one(engine: RouterEngine, job: Job = JOB) -> Summary:
    [summary] = engine.summarize([job])
    assert isinstance(summary, Summary), summary
    return summary


def refused(engine: RouterEngine, job: Job) -> BrevityError:
    [error] = engine.summarize([job])
    assert isinstance(error, BrevityError)
    return error


def test_a_summary_says_which_engine_wrote_it_why_and_what_it_cost() -> None:
    summary = one(router())
    assert summary.route == Route("quality", ("default",))
    assert (summary.engine, summary.model_version) == ("llm", "words-1")
    assert summary.cost == pytest.approx(20 * summary.source_words / 1e6)
    late = one(router(), replace(JOB, waited_seconds=59.0))
    assert late.route == Route("extractive", ("default", "quality:deadline"))
    assert late.engine == "extractive"
    assert late.model_version.startswith("extractive-")
    assert late.cost == 0.0


def test_answers_keep_their_order_whichever_engine_writes_them() -> None:
    jobs = [JOB, replace(JOB, waited_seconds=59.0), Job("…", "en", 60), JOB]
    answers = router().summarize(jobs)
    written = [answer.engine if isinstance(answer, Summary) else answer.code for answer in answers]
    assert written == ["llm", "extractive", "no_text", "llm"]


def test_a_server_that_is_away_leaves_its_documents_to_the_next() -> None:
    away = ServerAway("gone", code="model_server_away", remedy="Wait.")
    summary = one(router(fails=lambda request: away))
    assert summary.route == Route("extractive", ("default", "quality:model_server_away"))


def test_what_one_model_has_nothing_to_say_on_goes_to_the_next() -> None:
    assert one(router(lambda request: "")).route == Route("extractive", ("default", "quality:empty_summary"))


def test_a_document_goes_to_the_engine_that_has_its_language() -> None:
    engine = router(languages=frozenset({"en"}))
    assert one(engine, replace(JOB, language="de")).route == Route(
        "extractive", ("default", "quality:language")
    )
    assert one(engine).route == Route("quality", ("default",))


def test_when_no_engine_has_the_language_the_error_names_them_all() -> None:
    engine = router(languages=frozenset({"en"}))
    error = refused(engine, replace(JOB, output_language="sw"))
    assert isinstance(error, Rejected)
    assert error.code == "language_not_supported"
    assert "en into sw" in error.message
    assert "quality (words-1)" in error.message
    assert "extractive (extractive-" in error.message
    assert not engine.speaks("en", "sw")
    assert engine.speaks("de", None)


def test_an_engine_that_was_asked_for_and_is_not_there_is_named() -> None:
    error = refused(router(), replace(JOB, wanted="gpt"))
    assert error.code == "engine_not_served"
    assert "'gpt'" in error.message
    assert one(router(), replace(JOB, wanted="extractive")).route == Route("extractive", ("wanted",))


def test_a_route_that_turns_out_slow_is_passed_over_in_time() -> None:
    """Each batch takes 100 s on the quality route, where its policy promised 4 documents' words in 10 s."""
    ticks = iter([n // 2 * 100.0 + (n % 2) * 100.0 for n in range(100)])
    engine = router(clock=ticks)
    jobs = [replace(JOB, text=f"In {year}. {BRIDGE}", waiting_words=4_000) for year in range(1990, 1994)]
    taken = [one_route(engine, jobs) for _ in range(8)]
    assert taken[0] == "quality"
    assert taken[-1] == "extractive"
    assert taken == sorted(taken, reverse=True), "once it is slow it stays so: only what it wrote is measured"


def one_route(engine: RouterEngine, jobs: list[Job]) -> str:
    [route] = {
        answer.route.name for answer in engine.summarize(jobs) if isinstance(answer, Summary) and answer.route
    }
    return route


def test_its_version_is_that_of_its_engines() -> None:
    assert router().model_version == router().model_version
    assert router().model_version.startswith("router-")


EXTRACTS = {
    "routes": [{"name": "only", "engine": "extractive", "words_per_second": 50_000}],
    "prefer": ["only"],
}


def test_it_is_loaded_from_a_file_or_from_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(EXTRACTS))
    by_file = load_engine(f"router:{path}", SummarizeSettings())
    settings = load_settings(SummarizeSettings, {"BREVITY_ROUTER_POLICY": json.dumps(EXTRACTS)})
    by_settings = load_engine("router", settings)
    assert by_file.model_version == by_settings.model_version
    [summary] = by_file.summarize([JOB])
    assert isinstance(summary, Summary)
    assert (summary.route, summary.cost) == (Route("only", ("default",)), None)


@pytest.mark.parametrize(
    ("uri", "text", "code"),
    [
        ("router", None, "no_policy"),
        ("router:/nowhere/policy.json", None, "no_policy"),
        ("router", "{", "bad_policy"),
        ("router", json.dumps({**EXTRACTS, "prefer": ["other"]}), "bad_policy"),
        (
            "router",
            json.dumps({**EXTRACTS, "routes": [{**EXTRACTS["routes"][0], "engine": "abacus"}]}),
            "unknown_engine",
        ),
    ],
)
def test_a_policy_that_cannot_be_used_stops_the_start(uri: str, text: str | None, code: str) -> None:
    environ = {} if text is None else {"BREVITY_ROUTER_POLICY": text}
    with pytest.raises(Fatal) as caught:
        load_engine(uri, load_settings(SummarizeSettings, environ))
    assert caught.value.code == code
