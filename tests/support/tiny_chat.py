"""A Llama-shaped chat model made in the test: real tokenizer, chat template and safetensors, random weights."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from brevity.neural.port import Request
from brevity.neural.prompts import messages
from tests.support.samples import sample_texts

BEGIN, END, HEADER, HEADER_END = "<|begin_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>"
# In the form of Llama 3's template: a header for each turn, the content trimmed, an end of turn.
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|start_header_id|>{{ message['role'] }}<|end_header_id|>\n\n"
    "{{ message['content'] | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)


def tiny_chat(folder: Path, *, window: int = 2_048, seed: int = 1) -> Path:
    """Write a model and its tokenizer to `folder`; the same seed gives the same bytes."""
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    special = [BEGIN, END, HEADER, HEADER_END]
    words = [m["content"] for m in messages(Request("", "en", 60))] * 3 + list(sample_texts()[:6])
    raw.train_from_iterator(
        words,
        trainers.BpeTrainer(
            vocab_size=1_200, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
        ),
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token=BEGIN, eos_token=END, model_max_length=window, chat_template=TEMPLATE
    )
    tokenizer.add_special_tokens({"additional_special_tokens": [HEADER, HEADER_END]})
    tokenizer.save_pretrained(folder)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=window,
        bos_token_id=special.index(BEGIN),
        eos_token_id=special.index(END),
        tie_word_embeddings=True,
        initializer_range=0.5,
    )
    LlamaForCausalLM(config).save_pretrained(folder, safe_serialization=True)
    return folder
