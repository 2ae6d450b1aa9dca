import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brevity.common.errors import Rejected, Transient, Unavailable
from brevity.nlp.types import Span
from brevity.summarize.engines.port import Flag, Job, Route, Summary, SummarySentence
from brevity.summarize.serving.wire import (
    Malformed,
    dump_answers,
    dump_behind,
    dump_jobs,
    load_answers,
    load_behind,
    load_jobs,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
places = st.integers(0, 10**7)
spans = st.builds(Span, places, places)
shares = st.floats(0, 1)
jobs = st.builds(
    Job, texts, texts, st.integers(5, 5_000),
    st.sampled_from(["paragraph", "bullets", "headline"]), st.none() | texts, st.none() | texts,
    texts, st.none() | texts, shares, places,
)  # fmt: skip
sentences = st.builds(
    SummarySentence, texts, places, places, st.lists(spans, max_size=3).map(tuple), shares,
    st.floats(allow_nan=False, allow_infinity=False),
)  # fmt: skip
flags = st.builds(Flag, texts, texts, st.none() | places, st.none() | places)
summaries = st.builds(
    Summary, texts, st.lists(sentences, max_size=3).map(tuple), st.lists(spans, max_size=3).map(tuple),
    st.floats(0, 100), texts, texts, st.booleans(), st.lists(flags, max_size=3).map(tuple),
    st.dictionaries(texts, st.integers() | texts | shares, max_size=3), places, places,
    st.none() | places, st.none() | places,
    st.none() | st.builds(Route, texts, st.lists(texts, max_size=3).map(tuple)), st.none() | shares,
)  # fmt: skip


@given(st.lists(jobs, max_size=5))
def test_jobs_arrive_as_they_were_sent(sent: list[Job]) -> None:
    assert load_jobs(dump_jobs(sent)) == sent


@given(st.lists(summaries, max_size=4))
def test_summaries_arrive_as_they_were_sent(sent: list[Summary]) -> None:
    assert load_answers(dump_answers(sent)) == sent


def test_what_was_added_later_travels_only_where_it_says_something() -> None:
    """Processes are replaced one after another: the other side may be of the first release."""
    [job] = json.loads(dump_jobs([Job("A text.", "en", 50)]))
    assert set(job) == {"text", "language", "words", "style", "title", "output_language"}
    [routed] = json.loads(dump_jobs([Job("A text.", "en", 50, waiting_words=7)]))
    assert set(routed) - set(job) == {"waiting_words"}
    summary = Summary("A.", (), (), 100.0, "extractive", "1")
    [plain] = json.loads(dump_answers([summary]))
    assert not {"route", "cost"} & set(plain)


def test_a_reader_ignores_what_a_later_release_adds_to_a_summary() -> None:
    summary = Summary("A.", (), (), 100.0, "extractive", "1")
    [plain] = json.loads(dump_answers([summary]))
    assert load_answers(json.dumps([{**plain, "added_later": [1]}]).encode()) == [summary]


@pytest.mark.parametrize("kind", [Rejected, Transient, Unavailable])
def test_an_error_keeps_its_kind_and_what_it_says(kind: type[Rejected] | type[Transient]) -> None:
    [found] = load_answers(dump_answers([kind("What is wrong", code="some_code", remedy="Do this.")]))
    assert type(found) is kind
    assert isinstance(found, kind)
    assert (found.message, found.code, found.remedy) == ("What is wrong", "some_code", "Do this.")


GOOD = {"text": "A text.", "language": "en", "words": 50}


@pytest.mark.parametrize(
    "value",
    [
        GOOD,
        [[]],
        [{**GOOD, "words": "50"}],
        [{**GOOD, "style": "sonnet"}],
        [{**GOOD, "more": 1}],
        [{**GOOD, "text": None}],
        [{"text": "A text."}],
        [GOOD, 7],
    ],
)
def test_anything_but_jobs_is_malformed(value: object) -> None:
    with pytest.raises(Malformed):
        load_jobs(json.dumps(value).encode())


@pytest.mark.parametrize("data", [b"", b"[", b"\xff\xfe", b'[{"text": "\\ud800"}]', b"[" * 100_000, b"nan"])
def test_anything_but_json_is_malformed_and_is_not_quoted(data: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        load_jobs(data)
    assert len(str(caught.value)) < 200


@given(st.integers(0, 10**12))
def test_what_waits_behind_a_call_arrives_with_its_stage(documents: int) -> None:
    assert load_behind(dump_behind("0a1b2c3d", documents)) == ("0a1b2c3d", documents)


@pytest.mark.parametrize(
    "header", ["", "7", "0a 7 8", "0a -7", "0A 7", "0a 7.5", "0a " + "9" * 16, "0a ٣", "0a 7\n"]
)
def test_a_header_that_says_nothing_of_the_kind_is_no_error(header: str) -> None:
    assert load_behind(header) is None
