import subprocess
import sys

import pytest

from brevity.common.errors import Rejected
from brevity.summarize import Result, summarize, summarize_many
from brevity.summarize.oneshot import BATCH
from tests.unit.summarize.texts import BRIDGE


def test_one_call_gives_a_summary_of_the_length_wanted() -> None:
    result = summarize(BRIDGE, words=40)
    assert 0 < result.summary_words <= 40
    assert (result.language, result.engine) == ("en", "extractive")
    assert result.text != BRIDGE


def test_many_texts_keep_their_order_and_errors_stand_in_their_place() -> None:
    texts = [BRIDGE, "…", "A note."] * BATCH
    results = list(summarize_many(texts, words=40))
    assert len(results) == len(texts)
    for i, result in enumerate(results):
        if i % 3 == 1:
            assert isinstance(result, Rejected)
        else:
            assert isinstance(result, Result)
            assert result.passed_through == (i % 3 == 2)


def test_many_texts_are_read_as_they_are_wanted() -> None:
    read = 0

    def texts():
        nonlocal read
        while True:
            read += 1
            yield "A note."

    results = summarize_many(texts())
    assert isinstance(next(results), Result)
    assert read <= BATCH


@pytest.mark.parametrize("wish", [{"words": 2}, {"length": "endless"}, {"style": "sonnet"}])
def test_a_wrong_wish_is_named(wish: dict[str, object]) -> None:
    with pytest.raises(Rejected, match=next(iter(wish))):
        summarize(BRIDGE, **wish)  # pyright: ignore[reportArgumentType]


def test_a_text_without_words_is_rejected() -> None:
    with pytest.raises(Rejected) as caught:
        summarize("  ")
    assert caught.value.code == "no_text"


def test_importing_the_package_or_summarizing_loads_neither_ray_nor_kafka() -> None:
    program = (
        "import sys; from brevity.summarize import summarize; summarize('A note. ' * 200, words=20);"
        "print([m for m in ('ray', 'confluent_kafka', 'faststream', 'torch', 'pymongo') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
