import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from brevity.summarize.engines.port import Job
from brevity.summarize.engines.routing import Policy, Standing, decide

ROUTES = [
    {"name": "quality", "engine": "llm:/models/big", "words_per_second": 100, "price_per_million_words": 20},
    {
        "name": "fast",
        "engine": "ctranslate2:/models/small",
        "words_per_second": 1_000,
        "price_per_million_words": 2,
    },
    {"name": "extractive", "engine": "extractive", "words_per_second": 50_000},
]
PREFER = ["quality", "fast", "extractive"]
JOB = Job("A text.", "en", 60)


def policy(**fields: Any) -> Policy:
    return Policy.model_validate_json(json.dumps({"routes": ROUTES, "prefer": PREFER, **fields}))


def standings(**speaks: bool) -> dict[str, Standing]:
    rates = {"quality": 100.0, "fast": 1_000.0, "extractive": 50_000.0}
    return {name: Standing(speaks.get(name, True), rate) for name, rate in rates.items()}


def routes(
    policy: Policy, job: Job = JOB, words: int = 1_000, **speaks: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    decision = decide(policy, job, words, standings(**speaks))
    return decision.routes, decision.reasons


def test_with_capacity_the_preferred_one_writes() -> None:
    assert routes(policy()) == (("quality", "fast", "extractive"), ("default",))
    assert routes(policy(deadline_seconds=60)) == (("quality", "fast", "extractive"), ("default",))


def test_when_the_deadline_would_be_missed_a_faster_one_is_taken() -> None:
    waiting = replace(JOB, waiting_words=20_000)
    assert routes(policy(deadline_seconds=60), waiting) == (
        ("fast", "extractive"),
        ("default", "quality:deadline"),
    )
    assert routes(policy(deadline_seconds=60, replicas=4), waiting)[0][0] == "quality"
    late = replace(waiting, waited_seconds=55)
    assert routes(policy(deadline_seconds=60), late) == (
        ("extractive",),
        ("default", "quality:deadline", "fast:deadline"),
    )


def test_when_none_is_in_time_the_least_late_is_taken() -> None:
    late = replace(JOB, waited_seconds=600)
    assert routes(policy(deadline_seconds=60), late) == (
        ("extractive", "quality", "fast"),
        ("default", "quality:deadline", "fast:deadline", "least_late"),
    )


def test_what_costs_too_much_is_passed_over_or_the_cheapest_taken() -> None:
    assert routes(policy(most_cost=0.01)) == (("fast", "extractive"), ("default", "quality:cost"))
    dear = policy(most_cost=0.001, prefer=["quality", "fast"])
    assert routes(dear) == (("fast",), ("default", "quality:cost", "cheapest"))


def test_an_engine_without_the_language_is_passed_over() -> None:
    assert routes(policy(), quality=False) == (("fast", "extractive"), ("default", "quality:language"))
    assert routes(policy(), quality=False, fast=False, extractive=False)[0] == ()


RULES = [
    {"name": "vip", "tenants": ["gold"], "prefer": ["quality"], "deadline_seconds": 900},
    {"name": "books", "min_words": 50_000, "prefer": ["extractive"]},
    {"name": "nordic", "languages": ["no", "nb"], "max_words": 2_000, "prefer": ["fast", "extractive"]},
    {"name": "translations", "output_languages": ["fr"], "prefer": ["quality"], "most_cost": 1.0},
    {"name": "heads", "styles": ["headline"], "prefer": ["fast"]},
]


@pytest.mark.parametrize(
    ("job", "words", "first", "reason"),
    [
        (replace(JOB, tenant="gold", waited_seconds=500.0), 60_000, "quality", "rule:vip"),
        (JOB, 60_000, "extractive", "rule:books"),
        (replace(JOB, language="no"), 900, "fast", "rule:nordic"),
        (replace(JOB, language="no"), 9_000, "quality", "default"),
        (replace(JOB, output_language="fr"), 9_000, "quality", "rule:translations"),
        (replace(JOB, output_language="en"), 900, "quality", "default"),
        (replace(JOB, style="headline"), 900, "fast", "rule:heads"),
    ],
)
def test_the_first_rule_that_fits_sets_the_order(job: Job, words: int, first: str, reason: str) -> None:
    found, reasons = routes(policy(rules=RULES), job, words)
    assert (found[0], reasons[0]) == (first, reason)


@pytest.mark.parametrize("wanted", ["fast", "ctranslate2", "ctranslate2:/models/small"])
def test_the_engine_that_was_asked_for_is_taken_and_no_other(wanted: str) -> None:
    assert routes(policy(), replace(JOB, wanted=wanted)) == (("fast",), ("wanted",))


def test_an_engine_that_is_not_there_has_no_route() -> None:
    assert routes(policy(), replace(JOB, wanted="gpt"))[0] == ()


@given(
    st.integers(1, 200_000),
    st.integers(0, 2_000_000),
    st.floats(0, 10_000),
    st.none() | st.floats(1, 1_000),
    st.none() | st.floats(0, 1),
    st.lists(st.booleans(), min_size=3, max_size=3),
)
def test_a_document_that_some_engine_has_the_language_of_is_always_given_to_one_that_has(
    words: int, waiting: int, waited: float, deadline: float | None, most: float | None, speaks: list[bool]
) -> None:
    able = {name for name, speaking in zip(PREFER, speaks, strict=True) if speaking}
    job = replace(JOB, waiting_words=waiting, waited_seconds=waited)
    chosen = policy(deadline_seconds=deadline, most_cost=most)
    found, reasons = routes(chosen, job, words, **dict(zip(PREFER, speaks, strict=True)))
    assert bool(found) == bool(able)
    assert set(found) <= able
    assert len(set(found)) == len(found)
    assert (found, reasons) == routes(chosen, job, words, **dict(zip(PREFER, speaks, strict=True)))


@pytest.mark.parametrize(
    "fields",
    [
        {"prefer": ["best"]},
        {"prefer": []},
        {"routes": []},
        {"routes": [*ROUTES, ROUTES[0]]},
        {"routes": [{**ROUTES[0], "engine": "router:/x"}], "prefer": ["quality"]},
        {"routes": [{**ROUTES[0], "words_per_second": 0}], "prefer": ["quality"]},
        {"rules": [{"name": "x", "prefer": ["best"]}]},
        {"rules": [{"name": "x", "prefer": ["fast"], "tenant": "gold"}]},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        policy(**fields)


def follows(*routes: dict[str, Any]) -> list[str]:
    made = policy(routes=[{"words_per_second": 1, **route} for route in routes], prefer=[routes[0]["name"]])
    return [route.name for route in made.routes if made.follows(route)]


def test_promotions_are_for_the_only_route_of_an_engine_unless_the_policy_says_otherwise() -> None:
    small, large = {"name": "small", "engine": "llm:/a"}, {"name": "large", "engine": "llm:/b"}
    extract, server = {"name": "extract", "engine": "extractive"}, {"name": "server", "engine": "openai:gpt"}
    assert follows(small, extract, server) == ["small", "extract"]
    assert follows(small, large, extract) == ["extract"]
    assert follows(small, {**large, "follow_promotions": True}) == ["large"]
    assert follows({**small, "follow_promotions": False}, {**extract, "follow_promotions": False}) == []
    with pytest.raises(ValidationError, match="not promoted here"):
        follows({**server, "follow_promotions": True})
