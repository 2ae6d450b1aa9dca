"""Real encoder-decoder models of each architecture, tiny and untrained: lengths, windows, languages, memory."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch

from brevity.neural.archive import BadModel
from brevity.neural.batched import Batching, Decoding
from brevity.neural.port import Generated, GenerationError, Request
from brevity.neural.seq2seq import Seq2SeqGenerator, Seq2SeqSettings
from tests.support.samples import sample_texts
from tests.support.tiny_seq2seq import ARCHITECTURES, WINDOW, tiny_seq2seq

TEXTS = sample_texts()
REQUESTS = [
    Request(TEXTS[0][:300], "en", 20),
    Request(TEXTS[1], "en", 30),
    Request(TEXTS[0][:100], "en", 5),
    Request(TEXTS[0][:160], "en", 12),
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    return {name: tiny_seq2seq(name, root / name) for name in ARCHITECTURES}


@pytest.fixture(scope="module")
def bart(folders: dict[str, Path]) -> Seq2SeqGenerator:
    return Seq2SeqGenerator.load(folders["bart"])


def exact(generator: Seq2SeqGenerator) -> Seq2SeqGenerator:
    """In float64: an untrained model's choices are so close that float32's rounding, which padding alters, decides them."""
    generator.model.double()
    return generator


def texts(answers: list[Generated | GenerationError]) -> list[str]:
    assert all(isinstance(answer, Generated) for answer in answers), answers
    return [answer.text for answer in answers if isinstance(answer, Generated)]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_each_architecture_answers_alike_in_a_batch_and_alone_and_says_what_it_read(
    architecture: str, folders: dict[str, Path]
) -> None:
    generator = exact(Seq2SeqGenerator.load(folders[architecture]))
    together = generator.generate(REQUESTS)
    assert together == [generator.generate([request])[0] for request in REQUESTS]
    for request, answer in zip(REQUESTS, together, strict=True):
        assert isinstance(answer, Generated)
        assert answer.text
        tokens = generator.count_tokens([request.text])[0]
        if tokens <= generator.context_tokens:
            assert answer.seen_characters == len(request.text)
        else:
            assert 0 < answer.seen_characters < len(request.text)
            read = generator.count_tokens([request.text[: answer.seen_characters]])[0]
            assert read <= generator.context_tokens + 2
        assert answer.source_tokens <= generator.context_tokens < WINDOW


@pytest.mark.parametrize("beams", [1, 3])
def test_each_row_keeps_its_own_length_in_a_batch(beams: int, folders: dict[str, Path]) -> None:
    generator = Seq2SeqGenerator.load(
        folders["bart"], Seq2SeqSettings(decoding=Decoding(beams=beams, no_repeat_ngram=3))
    )
    answers = generator.generate([Request(TEXTS[0][:300], "en", words) for words in (4, 8, 16)])
    lengths = [answer.summary_tokens for answer in answers if isinstance(answer, Generated)]
    tokens_a_word = generator.count_tokens([TEXTS[0][:300]])[0] / len(TEXTS[0][:300].split())
    assert lengths == sorted(lengths)
    for words, length in zip((4, 8, 16), lengths, strict=True):
        assert 0.5 * words * tokens_a_word <= length <= 1.5 * words * tokens_a_word + 9


def test_the_language_wanted_is_what_the_decoder_is_told(folders: dict[str, Path]) -> None:
    for architecture in ("mbart50", "nllb", "m2m100"):
        generator = Seq2SeqGenerator.load(folders[architecture])
        assert {"en", "de"} <= (generator.languages() or set())
        english, german = texts(
            generator.generate(
                [Request(TEXTS[0][:200], "en", 10), Request(TEXTS[0][:200], "en", 10, output_language="de")]
            )
        )
        assert english != german
        [refused] = generator.generate([Request(TEXTS[0][:200], "en", 10, output_language="eo")])
        assert isinstance(refused, GenerationError)
        assert refused.code == "language_not_supported"


def test_an_expression_to_avoid_is_not_written(bart: Seq2SeqGenerator) -> None:
    [text] = texts(bart.generate([Request(TEXTS[0][:300], "en", 20)]))
    word = text.split()[0]
    [other] = texts(bart.generate([Request(TEXTS[0][:300], "en", 20, avoid=(word,))]))
    assert word not in other.split()


def test_a_special_token_in_a_text_is_read_as_characters(bart: Seq2SeqGenerator) -> None:
    ended, plain = bart.count_tokens(["one </s> two", "one two"])
    assert ended > plain + 1


def test_want_of_memory_splits_the_batch_and_the_answers_stay_the_same(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = exact(Seq2SeqGenerator.load(folders["bart"]))
    wanted = generator.generate(REQUESTS)
    real: Any = generator.model.generate
    rows: list[int] = []

    def short_of_memory(**inputs: Any) -> Any:
        rows.append(len(inputs["attention_mask"]))
        if rows[-1] > 1 or inputs["attention_mask"].shape[1] == WINDOW:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(**inputs)

    monkeypatch.setattr(generator.model, "generate", short_of_memory)
    answers = generator.generate([REQUESTS[0]] * 3 + REQUESTS[1:])
    assert max(rows) > 1
    assert answers[:3] == [wanted[0]] * 3
    assert isinstance(answers[3], GenerationError)
    assert answers[3].code == "out_of_memory"
    assert answers[4:] == wanted[2:]


def test_a_batch_takes_no_more_than_the_memory_it_is_given(
    bart: Seq2SeqGenerator, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    small = Seq2SeqGenerator.load(folders["bart"], Seq2SeqSettings(batching=Batching(cpu_bytes=1)))
    real: Any = small.model.generate
    rows: list[int] = []

    def counted(**inputs: Any) -> Any:
        rows.append(len(inputs["attention_mask"]))
        return real(**inputs)

    monkeypatch.setattr(small.model, "generate", counted)
    assert small.generate([REQUESTS[0]] * 3) == bart.generate([REQUESTS[0]] * 3)
    assert rows == [1, 1, 1]


def test_pickled_weights_and_missing_models_are_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    pickled = tmp_path / "pickled"
    subprocess.run(["cp", "-r", folders["bart"], pickled], check=True)
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    for place, code in ((pickled, "pickled_weights"), (tmp_path / "nowhere", "model_missing")):
        with pytest.raises(BadModel) as refusal:
            Seq2SeqGenerator.load(place)
        assert refusal.value.code == code
