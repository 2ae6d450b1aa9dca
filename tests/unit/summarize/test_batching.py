from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from brevity.summarize.serving.batching import micro_batches

counts = st.lists(st.integers(1, 5_000), max_size=200)


@given(counts, st.integers(1, 40), st.integers(100, 10_000))
def test_every_document_is_in_one_batch_and_the_limits_hold(
    words: list[int], most_documents: int, most_words: int
) -> None:
    batches = micro_batches(words, most_documents=most_documents, most_words=most_words)
    assert sorted(index for batch in batches for index in batch) == list(range(len(words)))
    for batch in batches:
        assert 0 < len(batch) <= most_documents
        assert len(batch) == 1 or sum(words[index] for index in batch) <= most_words


@given(counts, st.integers(1, 40), st.integers(100, 10_000))
def test_alike_lengths_travel_together_longest_first(
    words: list[int], most_documents: int, most_words: int
) -> None:
    batches = micro_batches(words, most_documents=most_documents, most_words=most_words)
    in_order = [words[index] for batch in batches for index in batch]
    assert in_order == sorted(words, reverse=True)


@given(counts)
def test_a_batch_is_closed_only_when_the_next_document_does_not_fit(words: list[int]) -> None:
    batches = micro_batches(words, most_documents=8, most_words=2_000)
    for batch, following in pairwise(batches):
        assert len(batch) == 8 or sum(words[i] for i in batch) + words[following[0]] > 2_000
