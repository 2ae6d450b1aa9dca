"""A document on one topic comes out as its summary on another: once, as asked for, with its trace and its evidence."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import jsonschema
import pytest
from tools import generate

from brevity.common.contracts.vocabulary import Length
from brevity.common.events import ALL_EVENTS, SummaryRequest
from brevity.nlp.words import count_words
from brevity.summarize.lengths import HEADLINE_WORDS, resolve_words
from tests.e2e.platform import Platform, Seen
from tests.support.samples import sample_documents
from tests.unit.summarize.texts import BRIDGE

pytestmark = [pytest.mark.stack, pytest.mark.timeout(480)]

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"

# Another language would see no more than this: an address, a topic, bytes. Not even this repository's packages.
_PLAIN_PRODUCER = """
import sys
from confluent_kafka import Producer
producer = Producer({"bootstrap.servers": sys.argv[1]})
for line in sys.stdin.buffer.read().splitlines():
    key, _, value = line.partition(b":")
    producer.produce("documents.submitted", key=key, value=value)
assert producer.flush(60) == 0
"""


def told(text: str, name: str) -> str:
    """The text with a sentence that makes it nobody else's."""
    return f"{text} This was written down under the name {name}."


def check_evidence(event: dict[str, Any], source: str) -> None:
    """Every sentence is where it is said to be, and so is the source that supports it."""
    for sentence in event["sentences"]:
        assert event["summary"][sentence["start"] : sentence["end"]] == sentence["text"]
        assert sentence["spans"]
        for span in sentence["spans"]:
            piece = " ".join(source[span["start"] : span["end"]].split())
            assert piece
            assert piece in " ".join(sentence["text"].split())


def test_plain_bytes_from_any_producer_become_a_summary(platform: Platform) -> None:
    source = told(BRIDGE, "plain-1")
    value = json.dumps({"text": source, "summary": {"words": 40}})
    subprocess.run(
        [sys.executable, "-I", "-c", _PLAIN_PRODUCER, platform.stack.kafka.bootstrap_servers],
        input=f"plain-1:{value}\n".encode(),
        check=True,
        timeout=120,
    )
    seen = platform.completed("plain-1")
    event = seen.value
    assert (event["document_id"], event["tenant"], event["language"]) == ("plain-1", "default", "en")
    assert 0 < event["usage"]["summary_words"] <= 40
    assert event["usage"]["source_words"] == count_words(source, "en")
    assert event["coverage"]["percent"] == 100
    assert not event["passed_through"]
    check_evidence(event, source)
    assert (seen.headers["ce_specversion"], seen.headers["ce_type"]) == (
        "1.0",
        "brevity.summaries.completed.v1",
    )
    assert (seen.headers["ce_source"], seen.headers["ce_subject"]) == ("/brevity/summarize", "plain-1")
    assert seen.headers["ce_id"].startswith("evt_")


@pytest.mark.parametrize("flags", ["00", "01"])
def test_the_producers_trace_reaches_every_event(platform: Platform, flags: str) -> None:
    name = f"traced-{flags}"
    value = json.dumps({"text": told(BRIDGE, name)}).encode()
    platform.produce(name, value, traceparent=f"00-{TRACE}-{PARENT}-{flags}", tracestate="vendor=7")
    platform.completed(name)
    topics: set[str] = set()
    for seen in platform.follower.of(name):
        topics.add(seen.topic)
        assert seen.headers["traceparent"].split("-")[1] == TRACE
        assert seen.headers["tracestate"] == "vendor=7"
    assert topics == {"documents.accepted", "summaries.completed"}


def test_every_bundled_document_is_summarized_once_in_its_language(platform: Platform) -> None:
    documents = sample_documents()
    for document in documents:
        platform.produce(document["document_id"], json.dumps({**document, "summary": {"words": 60}}).encode())
    languages: set[str] = set()
    for document in documents:
        name = document["document_id"]
        event = platform.completed(name).value
        languages.add(event["language"])
        assert event["usage"]["summary_words"] <= 60
        assert event["sentences"]
        topics = [seen.topic for seen in platform.follower.of(name)]
        assert sorted(topics) == ["documents.accepted", "summaries.completed"]
    assert len(languages) >= 3


def test_the_wanted_words_are_a_most(platform: Platform) -> None:
    wanted = (20, 50, 100)
    for words in wanted:
        platform.submit(f"words-{words}", told(BRIDGE, "words"), summary={"words": words})
    lengths = [platform.completed(f"words-{words}").value["usage"]["summary_words"] for words in wanted]
    assert all(0 < length <= words for length, words in zip(lengths, wanted, strict=True))
    assert lengths == sorted(lengths)
    assert lengths[-1] > lengths[0]


def test_short_medium_and_long_are_shares_of_the_document(platform: Platform) -> None:
    source = " ".join(
        f"{sentence}." for part in range(6) for sentence in told(BRIDGE, f"part {part}").split(". ")
    )
    lengths: tuple[Length, ...] = ("short", "medium", "long")
    for length in lengths:
        platform.submit(f"length-{length}", source, summary={"length": length})
    found: list[int] = []
    for length in lengths:
        usage = platform.completed(f"length-{length}").value["usage"]
        assert (
            0 < usage["summary_words"] <= resolve_words(SummaryRequest(length=length), usage["source_words"])
        )
        found.append(usage["summary_words"])
    assert found[0] < found[1] < found[2]


def test_each_style_is_honoured(platform: Platform) -> None:
    for style in ("paragraph", "bullets", "headline"):
        platform.submit(f"style-{style}", told(BRIDGE, "style"), summary={"words": 60, "style": style})
    paragraph = platform.completed("style-paragraph").value["summary"]
    bullets = platform.completed("style-bullets").value["summary"]
    headline = platform.completed("style-headline").value
    assert "\n" not in paragraph
    lines = bullets.splitlines()
    assert len(lines) > 1
    assert all(line.startswith("- ") for line in lines)
    assert "\n" not in headline["summary"]
    assert 0 < headline["usage"]["summary_words"] <= HEADLINE_WORDS
    assert len(headline["sentences"]) == 1


def test_a_document_shorter_than_its_summary_passes_through(platform: Platform) -> None:
    text = "The ferry sails twice a day. It does not sail on Sundays in winter."
    platform.submit("short-one", text, summary={"words": 100})
    event = platform.completed("short-one").value
    assert event["passed_through"]
    assert event["summary"] == text
    assert [sentence["support"] for sentence in event["sentences"]] == [1.0, 1.0]
    check_evidence(event, text)


def test_a_long_document_travels_by_claim_check_and_is_read_to_its_end(platform: Platform) -> None:
    sentences = [
        f"Station {number} measured a level of {number % 97} centimetres at noon." for number in range(9_000)
    ]
    source = " ".join(sentences)
    assert len(source) > 500_000
    platform.submit("very-long", source, summary={"words": 100})
    event = platform.completed("very-long").value
    accepted = platform.follower.wait("very-long", "documents.accepted").value
    assert "text" not in accepted
    assert accepted["text_ref"]["size_bytes"] == len(source)
    assert accepted["text_ref"]["sha256"] == accepted["content_hash"] == event["content_hash"]
    assert event["coverage"]["percent"] == 100
    check_evidence(event, source)


def test_the_same_document_sent_three_times_is_summarized_once(platform: Platform) -> None:
    text = told(BRIDGE, "again")
    for _ in range(3):
        platform.submit("again", text)
    platform.completed("again")
    platform.submit("again-marker", told(BRIDGE, "again-marker"))
    platform.completed("again-marker")
    platform.submit("again-copy", text)
    copy = platform.follower.wait("again-copy", "documents.rejected").value
    assert (copy["code"], copy["duplicate_of"]) == ("duplicate", "again")
    assert sorted(seen.topic for seen in platform.follower.of("again")) == [
        "documents.accepted",
        "summaries.completed",
    ]


def test_another_wish_for_the_same_text_is_another_summary(platform: Platform) -> None:
    text = told(BRIDGE, "wishes")
    platform.submit("wish-20", text, summary={"words": 20})
    platform.submit("wish-60", text, summary={"words": 60})
    one, other = platform.completed("wish-20").value, platform.completed("wish-60").value
    assert one["content_hash"] == other["content_hash"]
    assert one["summary_id"] != other["summary_id"]


def test_what_a_submitter_adds_comes_out_with_the_summary(platform: Platform) -> None:
    text = told(BRIDGE, "metadata")
    extra = {"title": "The bridge", "metadata": {"desk": "local"}, "tenant": "acme", "language": "en"}
    platform.submit("with-extra", text, **extra)
    event = platform.completed("with-extra").value
    assert {name: event[name] for name in extra} == extra


def test_every_event_that_was_written_fits_its_released_schema(platform: Platform) -> None:
    validators = {
        event.topic: jsonschema.Draft202012Validator(
            json.loads((generate.DOCS / "schemas" / f"{event.topic}.json").read_text("utf-8"))
        )
        for event in ALL_EVENTS
    }
    platform.submit("last-of-all", told(BRIDGE, "last-of-all"))
    platform.completed("last-of-all")
    records: list[Seen] = platform.follower.all()
    assert records
    for seen in records:
        validators[seen.topic].validate(seen.value)
