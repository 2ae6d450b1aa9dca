"""Conversion to CTranslate2: what it writes is what its parent writes, for every family, and nothing pickled is read."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean
from typing import Any

import ctranslate2
import pytest
import torch
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    BartConfig,
    BartForConditionalGeneration,
    MBartConfig,
    MBartForConditionalGeneration,
    PegasusConfig,
    PegasusForConditionalGeneration,
    T5Config,
    T5ForConditionalGeneration,
    set_seed,
)

from brevity.neural.archive import BadModel, kind_of
from brevity.neural.convert import convert
from brevity.nlp.rouge import rouge_n, tokens
from tests.support.neural_task import council, tiny_bart
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


_T5: Any = T5Config
_SHAPE: dict[str, Any] = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "max_position_embeddings": 128,
    "init_std": 0.3,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
_FAMILIES: dict[str, Any] = {
    "bart": lambda size: BartForConditionalGeneration(
        BartConfig(
            vocab_size=size, bos_token_id=1, decoder_start_token_id=2, forced_eos_token_id=None, **_SHAPE
        )
    ),
    "mbart": lambda size: MBartForConditionalGeneration(
        MBartConfig(
            vocab_size=size, bos_token_id=1, decoder_start_token_id=2, forced_eos_token_id=None, **_SHAPE
        )
    ),
    "pegasus": lambda size: PegasusForConditionalGeneration(
        PegasusConfig(vocab_size=size, decoder_start_token_id=0, forced_eos_token_id=None, **_SHAPE)
    ),
    "t5": lambda size: T5ForConditionalGeneration(
        _T5(
            vocab_size=size,
            d_model=32,
            d_kv=8,
            d_ff=64,
            num_layers=2,
            num_heads=4,
            **{"decoder_start_token_id": 0, "eos_token_id": 2, "pad_token_id": 0},
        )
    ),
}


@pytest.mark.parametrize("family", sorted(_FAMILIES))
def test_every_family_writes_the_same_tokens_in_float32(family: str, tmp_path: Path) -> None:
    base = tiny_bart(tmp_path / "base")  # for its tokenizer
    tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True)
    set_seed(3)
    model = _FAMILIES[family](len(tokenizer)).eval()
    model.save_pretrained(base)
    convert(base, tmp_path / "out", "float32")
    ids = tokenizer(HELD[0].text)["input_ids"]
    with torch.inference_mode():
        wanted = model.generate(torch.tensor([ids]), max_new_tokens=12, num_beams=1, do_sample=False)[0]
    translator = ctranslate2.Translator(str(tmp_path / "out"), inter_threads=1, intra_threads=1)
    [answer] = translator.translate_batch(
        [tokenizer.convert_ids_to_tokens(ids)], beam_size=1, max_decoding_length=12
    )
    kept = [token for token in wanted.tolist()[1:] if token != 2]
    assert answer.hypotheses[0] == tokenizer.convert_ids_to_tokens(kept)
    assert len(kept) > 3


def test_pickled_weights_and_unknown_models_are_refused(teacher: Taught, tmp_path: Path) -> None:
    pickled = tmp_path / "pickled"
    pickled.mkdir()
    (pickled / "config.json").write_text((teacher.folder / "config.json").read_text())
    torch.save({}, pickled / "pytorch_model.bin")
    with pytest.raises(BadModel) as raised:
        convert(pickled, tmp_path / "out", "int8")
    assert raised.value.code == "pickled_weights"
    assert not (tmp_path / "out").exists()
