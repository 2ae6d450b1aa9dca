"""Conversion to CTranslate2: int8 is as good as float32, a trained model writes as its parent, nothing pickled is read."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean

import ctranslate2
import pytest
import torch
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
)

from brevity.neural.archive import BadModel, kind_of
from brevity.neural.convert import convert
from brevity.nlp.rouge import rouge_n, tokens
from tests.support.neural_task import council
from tests.unit.neural.conftest import Taught

HELD = council(48, 5)


def written(folder: Path) -> list[str]:
    """What the converted model in `folder` writes about the held-out rows, by CTranslate2 itself."""
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = ctranslate2.Translator(str(folder), inter_threads=1, intra_threads=1)
    sources = [tokenizer.convert_ids_to_tokens(tokenizer(row.text)["input_ids"]) for row in HELD]
    answers = model.translate_batch(sources, beam_size=1, max_decoding_length=24)
    ids = [tokenizer.convert_tokens_to_ids(answer.hypotheses[0]) for answer in answers]
    return tokenizer.batch_decode(ids, skip_special_tokens=True)


def rouge2(texts: list[str]) -> float:
    return fmean(rouge_n(tokens(a), tokens(row.summary), 2) for a, row in zip(texts, HELD, strict=True))


def test_int8_writes_what_float32_writes_within_a_point_of_rouge(teacher: Taught, tmp_path: Path) -> None:
    for quantization in ("float32", "int8"):
        convert(teacher.folder, tmp_path / quantization, quantization)  # pyright: ignore[reportArgumentType]
        assert kind_of(tmp_path / quantization) == "ctranslate2"
    exact, small = written(tmp_path / "float32"), written(tmp_path / "int8")
    model = AutoModelForSeq2SeqLM.from_pretrained(teacher.folder, local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(teacher.folder, local_files_only=True)
    batch = tokenizer([row.text for row in HELD], padding=True, return_tensors="pt")
    ids = model.generate(**batch, max_new_tokens=24, num_beams=1, do_sample=False)
    golden = tokenizer.batch_decode(ids, skip_special_tokens=True)
    assert exact == golden
    assert rouge2(exact) > 0.9
    assert abs(rouge2(small) - rouge2(exact)) <= 0.01
    words = [sum(len(text.split()) for text in texts) for texts in (small, exact)]
    assert words[0] == pytest.approx(words[1], rel=0.01)
    sizes = [(tmp_path / name / "model.bin").stat().st_size for name in ("int8", "float32")]
    assert sizes[0] < sizes[1] / 2


def test_pickled_weights_and_unknown_models_are_refused(teacher: Taught, tmp_path: Path) -> None:
    pickled = tmp_path / "pickled"
    pickled.mkdir()
    (pickled / "config.json").write_text((teacher.folder / "config.json").read_text())
    torch.save({}, pickled / "pytorch_model.bin")
    with pytest.raises(BadModel) as raised:
        convert(pickled, tmp_path / "out", "int8")
    assert raised.value.code == "pickled_weights"
    assert not (tmp_path / "out").exists()
