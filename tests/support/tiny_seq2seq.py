"""Encoder-decoder models of each architecture, made in the test: real tokenizers and safetensors, random weights."""

from __future__ import annotations

import importlib
import io
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import sentencepiece
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from tests.support.samples import sample_texts

_hf: Any = importlib.import_module("transformers")  # its lazy names are unknown to type checkers

_PIECES = 900
WINDOW = 128
"""Positions of every model here."""


@cache
def unigram() -> tuple[tuple[str, float], ...]:
    """Pieces of the bundled documents, with their scores, by SentencePiece."""
    processor = sentencepiece.SentencePieceProcessor(model_proto=_spm())
    return tuple((processor.id_to_piece(i), processor.get_score(i)) for i in range(3, len(processor)))


@cache
def _spm() -> bytes:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(line for text in sample_texts()[:12] for line in text.splitlines() if line),
        model_writer=model,
        vocab_size=_PIECES,
        minloglevel=2,
        num_threads=1,
    )
    return model.getvalue()


@cache
def _bpe(*, blanks: bool = False) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Vocabulary and merges: of bytes, or with `blanks` of characters with SentencePiece's mark for a blank."""
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = (
        pre_tokenizers.Metaspace() if blanks else pre_tokenizers.ByteLevel(add_prefix_space=False)
    )
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    raw.train_from_iterator(
        sample_texts()[:8],
        trainers.BpeTrainer(
            vocab_size=_PIECES,
            special_tokens=special,
            initial_alphabet=[] if blanks else pre_tokenizers.ByteLevel.alphabet(),
        ),
    )
    model = json.loads(raw.to_str())["model"]
    return model["vocab"], [tuple(pair) for pair in model["merges"]]


def _sizes(tokenizer: Any) -> dict[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        "d_model": 32,
        "encoder_layers": 2,
        "decoder_layers": 2,
        "encoder_attention_heads": 4,
        "decoder_attention_heads": 4,
        "encoder_ffn_dim": 64,
        "decoder_ffn_dim": 64,
        "max_position_embeddings": WINDOW,
        "init_std": 0.5,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "decoder_start_token_id": tokenizer.eos_token_id,
        "forced_eos_token_id": tokenizer.eos_token_id,
    }


def _t5_sizes(tokenizer: Any) -> dict[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        "d_model": 32,
        "d_kv": 8,
        "d_ff": 64,
        "num_layers": 2,
        "num_decoder_layers": 2,
        "num_heads": 4,
        "initializer_factor": 1.0,
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "decoder_start_token_id": tokenizer.pad_token_id,
    }


def bart(folder: Path) -> tuple[Any, Any]:
    vocabulary, merges = _bpe()
    tokenizer = _hf.BartTokenizerFast(vocab=vocabulary, merges=merges, model_max_length=WINDOW)
    return _hf.BartForConditionalGeneration(
        _hf.BartConfig(**_sizes(tokenizer), forced_bos_token_id=0)
    ), tokenizer


def pegasus(folder: Path) -> tuple[Any, Any]:
    tokenizer = _hf.PegasusTokenizerFast(
        vocab=[
            ("<pad>", 0.0),
            ("</s>", 0.0),
            ("<mask_1>", 0.0),
            ("<mask_2>", 0.0),
            ("<unk>", 0.0),
            *unigram(),
        ],
        offset=5,
        model_max_length=WINDOW,
    )
    sizes = _sizes(tokenizer) | {"decoder_start_token_id": tokenizer.pad_token_id}
    return _hf.PegasusForConditionalGeneration(_hf.PegasusConfig(**sizes)), tokenizer


def t5(folder: Path) -> tuple[Any, Any]:
    tokenizer = _t5_tokenizer()
    # As FLAN-T5 has it.
    config = _hf.T5Config(**_t5_sizes(tokenizer), feed_forward_proj="gated-gelu", tie_word_embeddings=False)
    return _hf.T5ForConditionalGeneration(config), tokenizer


def mt5(folder: Path) -> tuple[Any, Any]:
    tokenizer = _t5_tokenizer()
    return _hf.MT5ForConditionalGeneration(_hf.MT5Config(**_t5_sizes(tokenizer))), tokenizer


def mbart50(folder: Path) -> tuple[Any, Any]:
    tokenizer = _hf.MBart50TokenizerFast(
        vocab=[("<unk>", 0.0), ("<s>", 0.0), ("</s>", 0.0), *unigram()],  # it puts them in fairseq's order
        src_lang="en_XX",
        model_max_length=WINDOW,
    )
    sizes = _sizes(tokenizer)
    return _hf.MBartForConditionalGeneration(_hf.MBartConfig(**sizes, forced_bos_token_id=4)), tokenizer


def nllb(folder: Path) -> tuple[Any, Any]:
    vocabulary, merges = _bpe(blanks=True)
    tokenizer = _hf.NllbTokenizerFast(
        vocab=vocabulary, merges=merges, src_lang="eng_Latn", model_max_length=WINDOW
    )
    sizes = _sizes(tokenizer) | {"vocab_size": len(tokenizer) + 2}  # NLLB-200 has two rows without a token
    return _hf.M2M100ForConditionalGeneration(_hf.M2M100Config(**sizes)), tokenizer


def m2m100(folder: Path) -> tuple[Any, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sentencepiece.bpe.model").write_bytes(_spm())
    pieces = ["<s>", "<pad>", "</s>", "<unk>", *(piece for piece, _ in unigram())]
    (folder / "vocab.json").write_text(json.dumps({piece: number for number, piece in enumerate(pieces)}))
    tokenizer = _hf.M2M100Tokenizer(
        str(folder / "vocab.json"),
        str(folder / "sentencepiece.bpe.model"),
        src_lang="en",
        model_max_length=WINDOW,
    )
    # Language codes stand behind the vocabulary, not counted in it, and behind them eight rows without a token.
    rows = max(tokenizer.lang_code_to_id.values()) + 1 + tokenizer.num_madeup_words
    sizes = _sizes(tokenizer) | {"vocab_size": rows}
    return _hf.M2M100ForConditionalGeneration(_hf.M2M100Config(**sizes)), tokenizer


def _t5_tokenizer() -> Any:
    return _hf.T5TokenizerFast(
        vocab=[("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *unigram()], model_max_length=WINDOW
    )


ARCHITECTURES: dict[str, Callable[[Path], tuple[Any, Any]]] = {
    make.__name__: make for make in (bart, pegasus, t5, mt5, mbart50, nllb, m2m100)
}


def tiny_seq2seq(architecture: str, folder: Path) -> Path:
    """Write the model and its tokenizer to `folder`; the same architecture gives the same bytes."""
    torch.manual_seed(1)
    model, tokenizer = ARCHITECTURES[architecture](folder)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
