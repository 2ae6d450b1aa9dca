import json
import math
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import pytest
from deploy.local.java import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from brevity.neural.long_documents import LongSummary, Wish, summarize
from brevity.neural.merging import groups, most_tokens, shortened
from brevity.neural.port import Generated, GenerationError, Request
from brevity.nlp.sentences import split_sentences
from brevity.nlp.types import Span
from brevity.nlp.words import count_words
from tests.support.memory import peak_bytes
from tests.support.samples import sample_texts
from tests.unit.neural.generators import Words, extract, lead


def _long(words: int) -> str:
    """Real sentences over and over, each told apart by its number, in paragraphs of ten."""
    sentences = [text[a:b] for text in sample_texts()[:8] for a, b in split_sentences(text)]
    out: list[str] = []
    held = n = 0
    while held < words:
        sentence = f"In place {n}, {sentences[n % len(sentences)]}"
        out.append(sentence + ("\n\n" if n % 10 == 9 else " "))
        held += count_words(sentence)
        n += 1
    return "".join(out)


def _done(outcome: LongSummary | GenerationError) -> LongSummary:
    assert isinstance(outcome, LongSummary), outcome
    return outcome


def test_what_fits_is_read_as_a_whole() -> None:
    generator = Words(1_000, extract)
    text = _long(800)
    summary = _done(summarize([Wish(text, "en", 60)], generator)[0])
    [[request]] = generator.calls
    assert (request.step, request.text, request.words) == ("whole", text, 60)
    assert (summary.parts, summary.levels, summary.seen) == (1, 0, (Span(0, len(text)),))


def test_what_does_not_fit_is_read_in_parts_and_merged() -> None:
    generator = Words(400, extract)
    text = _long(3_000)
    summary = _done(summarize([Wish(text, "en", 60)], generator)[0])
    assert summary.parts >= 8
    assert summary.levels >= 1
    assert 0 < count_words(summary.text) <= 60
    assert [request.step for request in generator.calls[0]] == ["part"] * summary.parts
    assert [request.step for request in generator.calls[-1]] == ["merge"]
    unseen = [text[a.end : b.start] for a, b in pairwise(summary.seen)]
    assert all(not gap.strip() for gap in unseen)
    assert (summary.seen[0].start, summary.seen[-1].end) == (0, len(text.rstrip()))
    assert (summary.source_tokens, summary.summary_tokens) == (generator.read, generator.written)


def test_all_documents_of_a_level_are_asked_for_in_one_call() -> None:
    generator = Words(400, extract)
    texts = [_long(200), _long(1_500), _long(3_000)]
    together = summarize([Wish(text, "en", 60) for text in texts], generator)
    first = generator.calls[0]
    assert sum(request.step == "whole" for request in first) == 1
    assert sum(request.step == "part" for request in first) == sum(_done(s).parts for s in together[1:])
    assert len(generator.calls) == 1 + max(_done(summary).levels for summary in together)
    for text, summary in zip(texts, together, strict=True):
        assert summary == summarize([Wish(text, "en", 60)], Words(400, extract))[0]


def test_a_long_summary_is_put_together_from_its_parts_summaries() -> None:
    generator = Words(400, extract)
    summary = _done(summarize([Wish(_long(6_000), "en", 1_200)], generator)[0])
    assert 600 <= count_words(summary.text) <= 1_200


def test_a_headline_is_one_sentence_whatever_the_length() -> None:
    summary = _done(summarize([Wish(_long(3_000), "en", 15, style="headline")], Words(400, extract))[0])
    assert "\n" not in summary.text
    assert 0 < count_words(summary.text) <= 15


def test_coverage_leaves_out_what_the_model_did_not_read() -> None:
    class Halfway(Words):
        """Reads only the first half of each part."""

        def generate(self, requests: Sequence[Request]) -> list[Generated | GenerationError]:
            halves = [Request(r.text[: len(r.text) // 2], r.language, r.words, step=r.step) for r in requests]
            answers = super().generate(halves)
            return [
                Generated(a.text, a.source_tokens, a.summary_tokens, len(h.text))
                if isinstance(a, Generated)
                else a
                for a, h in zip(answers, halves, strict=True)
            ]

    text = _long(1_200)
    generator = Halfway(400, extract)
    summary = _done(summarize([Wish(text, "en", 60)], generator)[0])
    merged = generator.calls[-1][0]
    seen = sum(end - start for start, end in summary.seen)
    assert merged.step == "merge"
    # half of each part, and of those only the parts whose summaries the merge has read to their end
    assert 0 < seen < 0.45 * len(text)


def test_a_part_that_fails_fails_its_document_and_no_other() -> None:
    def fails(request: Request) -> GenerationError | None:
        broken = "In place 30," in request.text
        return (
            GenerationError("it broke", code="broken", remedy="Mend it.", transient=True) if broken else None
        )

    texts = [_long(200), _long(3_000), _long(300)]
    one, two, three = summarize([Wish(text, "en", 60) for text in texts], Words(400, extract, fails=fails))
    assert isinstance(one, LongSummary)
    assert isinstance(three, LongSummary)
    assert isinstance(two, GenerationError)
    assert two.code == "broken"


def test_nothing_wanted_is_nothing_asked() -> None:
    generator = Words(100, lead)
    assert summarize([], generator) == []


@settings(deadline=None, max_examples=50)
@given(
    st.integers(0, 2_500),
    st.integers(12, 200),
    st.lists(st.integers(0, 3_000), min_size=1, max_size=8),
    st.integers(5, 400),
)
def test_merging_ends_whatever_the_model_writes(
    words: int, context: int, lengths: list[int], wanted: int
) -> None:
    """Models that write nothing, or more than was asked for and more than they can read, end all the same."""
    asked = iter(range(10**9))
    generator = Words(context, lambda request: "so it goes. " * (lengths[next(asked) % len(lengths)] // 3))
    text = "The river rose. It fell again.\n\n" * (words // 6)
    summary = _done(summarize([Wish(text, "en", wanted)], generator)[0])
    assert len(generator.calls) <= 2 + math.log2(max(1, summary.parts))
    if summary.parts > 1:
        counts = [len(call) for call in generator.calls]
        assert all(after < before for before, after in pairwise(counts))
    for call in generator.calls:
        assert all(count_words(request.text) <= context for request in call)


@settings(deadline=None)
@given(st.lists(st.integers(0, 25), min_size=2, max_size=200))
def test_a_level_at_least_halves_the_number_of_summaries(sizes: list[int]) -> None:
    made = groups(sizes, 100)
    assert [n for group in made for n in group] == list(range(len(sizes)))
    assert len(made) <= (len(sizes) + 1) / 2
    assert all(sum(sizes[n] for n in group) <= 100 for group in made)
    assert all(len(group) > 1 for group in made)


def test_a_summary_that_is_too_long_to_be_merged_is_cut_at_a_sentence() -> None:
    generator = Words(40, lead)
    [(text, size, cut)] = shortened(["One is here. Two is here. " * 3 + "No end " * 10], generator, 9)
    assert (text, size, cut) == ("One is here. Two is here.", 6, True)
    assert shortened(["Short."], generator, 9) == [("Short.", 1, False)]
    assert most_tokens(400) == 98


class Growth(NamedTuple):
    """What a document of so many words cost; `megabytes` by which the process's peak of memory rose beyond the text."""

    read: int
    written: int
    parts: int
    levels: int
    megabytes: float


def measure(words: int) -> Growth:
    """Summarize a document of `words` words. The memory is right for the first one of a process."""
    text = _long(words)
    generator = Words(1_000, lead)
    before = peak_bytes()
    summary = _done(summarize([Wish(text, "en", 200)], generator)[0])
    rise = (peak_bytes() - before) / 1e6
    return Growth(generator.read, generator.written, summary.parts, summary.levels, rise)


@pytest.fixture(scope="module")
def large() -> Growth:
    """200,000 words, in a process of its own, whose memory nothing else has stretched before."""
    code = f"import json; from {__name__} import measure; print(json.dumps(measure(200_000)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    return Growth(*json.loads(done.stdout.splitlines()[-1]))


def test_tokens_grow_with_the_text_and_no_faster(large: Growth) -> None:
    small = measure(20_000)
    assert large.levels <= 1 + math.log(large.parts, 3)
    assert large.read < 1.2 * 10 * small.read
    assert large.read < 2 * 200_000
    assert large.written < 1.2 * 10 * small.written
    assert large.parts < 11 * small.parts


def test_two_hundred_thousand_words_take_little_memory(large: Growth) -> None:
    print(f"200,000 words: {large}")
    assert 0 < large.megabytes < 60
