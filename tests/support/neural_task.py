"""A small task that a model made from scratch learns in seconds: minutes of a council, and what was decided.

Each document is made from a seed, with the same meaning in other words and sentences that do not matter between; the
summary names place, thing, day and outcome. To write it, a model has to find what matters and put it in order.
"""

from __future__ import annotations

import random
from pathlib import Path
from statistics import fmean

from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    BartConfig,
    BartForConditionalGeneration,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    set_seed,
)

from brevity.neural.tuning import Example
from brevity.nlp.rouge import rouge_n, tokens

_PLACES = [
    "bergen",
    "oslo",
    "lyon",
    "nantes",
    "bremen",
    "kiel",
    "turin",
    "parma",
    "ghent",
    "bruges",
    "porto",
    "faro",
    "malmo",
    "lund",
    "cork",
    "galway",
]
_THINGS = [
    "bridge",
    "school",
    "harbour",
    "museum",
    "tunnel",
    "stadium",
    "library",
    "market",
    "theatre",
    "hospital",
    "airport",
    "park",
    "road",
    "pool",
]
_DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_YES = ("most members voted for it", "it was carried with ease", "a clear majority said yes")
_NO = ("most members voted against it", "it failed by few votes", "a clear majority said no")
_FILLING = (
    "the hall was full",
    "nobody left early",
    "the meeting lasted for hours",
    "people spoke in turn",
    "coffee was served twice",
    "reporters took notes",
    "some wanted more time",
    "the clerk read the minutes",
)
_SPECIAL = ("<pad>", "<s>", "</s>", "<unk>")
_CHAT = (
    "{% for m in messages %}{% if m['role'] != 'assistant' %}<s> {{ m['role'] }} : {{ m['content'] }} {% else %}"
    "assistant : {{ m['content'] }} </s>{% endif %}{% endfor %}{% if add_generation_prompt %}assistant : {% endif %}"
)


def council(count: int, seed: int) -> list[Example]:
    """`count` pairs; another seed gives others."""
    rng = random.Random(seed)
    return [_pair(rng) for _ in range(count)]


def tiny_bart(folder: Path, *, decoder_layers: int = 2) -> Path:
    """An untrained BART of 0.2 million weights that knows the task's words."""
    tokenizer = _tokenizer(folder)
    set_seed(1)
    config = BartConfig(
        vocab_size=len(tokenizer),
        d_model=64,
        encoder_layers=2,
        decoder_layers=decoder_layers,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=128,
        decoder_ffn_dim=128,
        max_position_embeddings=128,
        dropout=0.0,
        init_std=0.08,  # small ones of the usual 0.02 take ten times as long to find what to attend to
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=2,
        forced_eos_token_id=2,
    )
    BartForConditionalGeneration(config).save_pretrained(folder)
    return folder


def tiny_llama(folder: Path) -> Path:
    """An untrained Llama of 0.1 million weights with a chat template; its window takes the prompts that it is served with."""
    tokenizer = _tokenizer(folder, 1_024)
    set_seed(1)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=tokenizer.model_max_length,
        initializer_range=0.08,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def _pair(rng: random.Random) -> Example:
    place, thing, day = rng.choice(_PLACES), rng.choice(_THINGS), rng.choice(_DAYS)
    carried = rng.random() < 0.5
    said = (
        f"on {day} the council of {place} met",
        f"the plan for the new {thing} was on the table",
        rng.choice(_YES if carried else _NO),
    )
    filling = rng.sample(_FILLING, 3)
    text = " . ".join(part for pair in zip(said, filling, strict=True) for part in pair) + " ."
    return Example(text, f"{place} {'approves' if carried else 'rejects'} the new {thing} on {day}", "en")


def _tokenizer(folder: Path, window: int = 128) -> PreTrainedTokenizerFast:
    words = {word for pair in council(2_000, 0) for word in f"{pair.text} {pair.summary}".split()}
    extra = {"user", "system", "assistant", ":"}
    vocabulary = {word: i for i, word in enumerate([*_SPECIAL, *sorted(words | extra)])}
    inner = Tokenizer(WordLevel(vocabulary, unk_token="<unk>"))  # noqa: S106 - no password
    inner.pre_tokenizer = WhitespaceSplit()
    inner.post_processor = TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        **dict(zip(("pad_token", "bos_token", "eos_token", "unk_token"), _SPECIAL, strict=True)),
        model_max_length=window,
        chat_template=_CHAT,
    )
    tokenizer.save_pretrained(folder)
    return tokenizer


def rouge2(folder: Path, rows: list[Example]) -> float:
    """Mean ROUGE-2 of what the sequence-to-sequence model in `folder` writes by itself about the rows."""
    model = AutoModelForSeq2SeqLM.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    batch = tokenizer([row.text for row in rows], padding=True, return_tensors="pt")
    ids = model.generate(**batch, max_new_tokens=24, do_sample=False, num_beams=1)
    written = tokenizer.batch_decode(ids, skip_special_tokens=True)
    pairs = zip(written, rows, strict=True)
    return fmean(rouge_n(tokens(text), tokens(row.summary), 2) for text, row in pairs)
