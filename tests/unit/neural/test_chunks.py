from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brevity.neural.chunks import Chunk, Place, pack, read_units, split
from brevity.neural.topics import topic_shifts
from tests.support.samples import sample_texts
from tests.unit.neural.generators import Words, lead

REPORT = """# Harbour report

The harbour was closed on Monday. Ships waited outside for six hours.

## Damage

A crane fell into the second basin. Nobody was hurt when it fell. Divers looked for it all day.

## Costs

Repairs will take a month. The insurer pays most of them.
"""


def _visible(text: str) -> str:
    return "".join(text.split())


def _covered(text: str, chunks: list[Chunk]) -> bool:
    """Whether every visible character lies in a chunk."""
    held = bytearray(len(text))
    for chunk in chunks:
        held[chunk.start : chunk.end] = b"\x01" * (chunk.end - chunk.start)
    return all(mark or character.isspace() for mark, character in zip(held, text, strict=True))


def test_a_text_is_cut_before_its_headings_and_a_heading_stays_with_its_text() -> None:
    chunks = split(REPORT, "en", Words(26, lead), 26)
    parts = [chunk.text(REPORT) for chunk in chunks]
    assert [part.split("\n")[0] for part in parts] == ["# Harbour report", "## Damage", "## Costs"]
    assert _covered(REPORT, chunks)


def test_a_cut_within_a_paragraph_overlaps_and_one_at_a_heading_does_not() -> None:
    sentences = [f"Sentence number {n} says little more." for n in range(60)]
    text = " ".join(sentences)
    chunks = split(text, "en", Words(64, lead), 64)
    for one, other in pairwise(chunks):
        assert other.start < one.end
    sections = split(REPORT, "en", Words(26, lead), 26)
    assert all(other.start >= one.end for one, other in pairwise(sections))


@pytest.mark.parametrize("tokens", [60, 250])
def test_parts_of_real_texts_hold_every_character_and_keep_to_the_limit(tokens: int) -> None:
    generator = Words(tokens, lead)
    for text in sample_texts()[:12]:
        chunks = split(text, None, generator, tokens)
        assert _covered(text, chunks)
        assert max(generator.count_tokens([chunk.text(text) for chunk in chunks])) <= tokens


def test_a_sentence_that_is_too_long_is_halved_until_it_fits() -> None:
    text = "word " * 5_000
    generator = Words(100, lead)
    chunks = split(text, "en", generator, 100)
    assert _covered(text, chunks)
    assert max(generator.count_tokens([chunk.text(text) for chunk in chunks])) <= 100


def test_a_part_that_begins_within_a_turn_is_led_by_its_speaker() -> None:
    long_turn = " ".join(f"Then I looked at the number {n} again." for n in range(40))
    text = "\n".join(f"{who}: {long_turn}" for who in ("Anna", "Berit", "Anna", "Berit"))
    chunks = split(text, "en", Words(80, lead), 80)
    led = [chunk for chunk in chunks if chunk.lead]
    assert {chunk.lead for chunk in led} == {"Anna: ", "Berit: "}
    for chunk in led:
        assert chunk.text(text).startswith(chunk.lead)
        assert chunk.seen(len(chunk.lead) + 10) == (chunk.start, chunk.start + 10)
        assert chunk.seen(3) == (chunk.start, chunk.start)
        before = text[: chunk.start].rfind("Anna:"), text[: chunk.start].rfind("Berit:")
        assert chunk.lead == ("Anna: " if before[0] > before[1] else "Berit: ")
    assert _covered(text, chunks)


TOPICS = {
    "ship": ["harbour", "crane", "ships", "basin", "tide", "anchor", "cargo", "captain", "dock", "vessel"],
    "food": ["kitchen", "bread", "soup", "oven", "recipe", "butter", "pepper", "onion", "flour", "dinner"],
    "money": [
        "budget",
        "invoice",
        "taxes",
        "salary",
        "account",
        "bank",
        "interest",
        "loan",
        "audit",
        "profit",
    ],
}


def _meeting() -> tuple[list[str], list[int]]:
    """Turns about three subjects in turn, and the numbers of the turns that begin one."""
    turns: list[str] = []
    begins: list[int] = []
    for words in TOPICS.values():
        begins.append(len(turns))
        turns += [
            f"We talked of the {words[n % 10]} and the {words[(3 * n + 1) % 10]} today." for n in range(20)
        ]
    return turns, begins


def test_topics_of_a_meeting_are_told_apart() -> None:
    turns, begins = _meeting()
    found = topic_shifts(turns)
    for begin in begins[1:]:
        assert any(abs(number - begin) <= 1 for number in found), (begin, found)
    assert len(found) <= 5
    assert topic_shifts(turns[:5]) == set()


def test_a_meeting_is_cut_where_its_topic_changes() -> None:
    turns, begins = _meeting()
    text = "\n".join(f"{'AB'[n % 2]}: {turn}" for n, turn in enumerate(turns))
    places = [unit.place for unit in read_units(text, "en")]
    assert len(places) == len(turns)
    topics = [n for n, place in enumerate(places) if place is Place.TOPIC]
    chunks = split(text, "en", Words(320, lead), 320)
    starts = {text[: chunk.start].count("\n") for chunk in chunks[1:]}
    assert starts <= set(topics)
    assert any(abs(start - begins[1]) <= 1 or abs(start - begins[2]) <= 1 for start in starts)


sizes_and_places = st.lists(st.tuples(st.integers(0, 50), st.sampled_from(Place)), max_size=120)


@settings(deadline=None)
@given(sizes_and_places, st.integers(1, 120))
def test_packing_holds_every_unit_goes_on_and_reads_little_twice(
    rows: list[tuple[int, Place]], most: int
) -> None:
    sizes, places = [size for size, _ in rows], [place for _, place in rows]
    ranges = pack(places, sizes, most)
    assert {n for first, last in ranges for n in range(first, last)} == set(range(len(rows)))
    for (first, last), (following, end) in pairwise(ranges):
        assert first < following <= last < end
    for first, last in ranges:
        assert sum(sizes[first:last]) <= most or last - first == 1
    total = sum(sum(sizes[first:last]) for first, last in ranges)
    assert total <= 5 / 3 * sum(sizes) + most


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=600), st.integers(1, 40))
def test_any_text_is_held_by_its_parts(text: str, tokens: int) -> None:
    chunks = split(text, None, Words(tokens, lead), tokens)
    assert _covered(text, chunks)
    assert all(0 <= chunk.start < chunk.end <= len(text) for chunk in chunks)
