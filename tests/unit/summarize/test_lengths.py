import pytest

from brevity.common.events.documents import SummaryRequest
from brevity.summarize.lengths import resolve_words


@pytest.mark.parametrize(
    ("request_", "source_words", "expected"),
    [
        (SummaryRequest(words=42), 10_000, 42),
        (SummaryRequest(words=42, length="long"), 10_000, 42),
        (SummaryRequest(), 1_000, 100),
        (SummaryRequest(), 10, 60),
        (SummaryRequest(), 1_000_000, 200),
        (SummaryRequest(length="short"), 1_000, 50),
        (SummaryRequest(length="short"), 10, 30),
        (SummaryRequest(length="short"), 100_000, 80),
        (SummaryRequest(length="long"), 1_000, 200),
        (SummaryRequest(length="long"), 100_000, 500),
        (SummaryRequest(style="headline"), 1_000, 15),
        (SummaryRequest(style="headline", words=100), 1_000, 15),
        (SummaryRequest(style="headline", words=8), 1_000, 8),
    ],
)
def test_the_wish_becomes_a_number_of_words(
    request_: SummaryRequest, source_words: int, expected: int
) -> None:
    assert resolve_words(request_, source_words) == expected
