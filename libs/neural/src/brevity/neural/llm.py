"""Causal chat models of the Llama-3 class, through their own chat templates.

The template is rendered around a mark in the document's place and tokenized in two pieces; the document between them is
tokenized by itself with its special tokens split into plain characters. So a document that holds `<|eot_id|>` cannot end
the user's turn, and the model's window is filled to the token: what did not fit is known by its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from brevity.neural.answers import clean
from brevity.neural.archive import BadModel
from brevity.neural.batched import out_of_memory
from brevity.neural.batching import Size, halving, plan
from brevity.neural.devices import is_out_of_memory, release, rows_a_step
from brevity.neural.loading import LoadSettings, open_causal
from brevity.neural.port import Generated, GenerationError, Request
from brevity.neural.prompts import MARK, longest, messages

_TOKENS_A_WORD = 3
"""Room to answer in: languages other than English take two tokens a word and more."""
_ROOM = 32
_SIDE_TOKENS = 8
"""What joining the pieces of a prompt may take more than counting them apart."""


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """How much a chat model reads and writes.

    `languages` are those it is said to have (ISO 639-1; None: nobody says). `context_tokens` bounds prompt, document and
    answer together, where the model would take more; `batch_tokens` bounds them summed over a batch, padding counted;
    `answer_tokens` is the longest answer.
    """

    context_tokens: int | None = None
    answer_tokens: int = 1_024
    batch_tokens: int = 16_384
    languages: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class _Prompt:
    ids: list[int]
    seen: int
    document_tokens: int
    answer_tokens: int


class ChatGenerator:
    """A `Generator`. Decoding is greedy: the same request gives the same answer on the same machine."""

    def __init__(self, model: Any, tokenizer: Any, *, model_version: str, settings: ChatSettings) -> None:
        if not getattr(tokenizer, "chat_template", None):
            raise _no_chat("the tokenizer has no chat template")
        self._model = model
        self._tokenizer = tokenizer
        self._settings = settings
        self.model_version = model_version
        self._pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
        window = _window(model.config, tokenizer, settings.context_tokens)
        self._answer = max(1, min(settings.answer_tokens, window // 4))
        head = max(sum(map(len, around(tokenizer, request))) for request in longest())
        self._context = window - self._answer - head - _SIDE_TOKENS
        if self._context < 16:
            raise BadModel(
                f"the model reads {window} tokens, of which its prompt and answer take {window - self._context}",
                code="context_too_small",
                remedy="Take a model with a larger context, or set BREVITY_MODEL_CONTEXT_TOKENS higher.",
            )

    @classmethod
    def load(
        cls, name: str | Path, load: LoadSettings | None = None, settings: ChatSettings | None = None
    ) -> ChatGenerator:
        """Load the model in the folder `name`, or the hub's by that name: safetensors only, no code of its own.

        Raises:
            BadModel: It cannot be used, and why.
        """
        found = open_causal(name, load)
        return cls(
            found.model,
            found.tokenizer,
            model_version=found.model_version,
            settings=settings or ChatSettings(),
        )

    @property
    def context_tokens(self) -> int:
        return self._context

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        if not texts:
            return []
        found = self._tokenizer(
            list(texts), add_special_tokens=False, split_special_tokens=True, verbose=False
        )
        return [len(ids) for ids in found["input_ids"]]

    def languages(self) -> frozenset[str] | None:
        """What the settings say: a chat model says nowhere what it was trained on."""
        return self._settings.languages

    def generate(self, requests: Sequence[Request]) -> list[Generated | GenerationError]:
        prompts = [self._prompt(request) for request in requests]
        sizes = [Size(len(prompt.ids), prompt.answer_tokens) for prompt in prompts]

        def run(batch: Sequence[int]) -> list[Generated | GenerationError]:
            written = self._run([prompts[number] for number in batch])
            return [
                self._generated(requests[number], prompts[number], ids)
                for number, ids in zip(batch, written, strict=True)
            ]

        answers: dict[int, Generated | GenerationError] = {}
        for batch in plan(sizes, self._fits, self._cost):
            answers.update(halving(batch, run, self._too_large, lambda _: out_of_memory()))
        return [answers[number] for number in range(len(requests))]

    def _fits(self, rows: int, prompt: int, answer: int) -> bool:
        return rows * (prompt + answer) <= self._settings.batch_tokens

    def _cost(self, rows: int, prompt: int, answer: int) -> float:
        # A token of a prompt takes what a row takes in a step.
        return answer * (rows_a_step(self._model.device.type) + rows) + rows * prompt

    def _too_large(self, error: BaseException) -> bool:
        too_large = is_out_of_memory(error)
        if too_large:
            release(self._model.device)
        return too_large

    def _run(self, prompts: Sequence[_Prompt]) -> list[list[int]]:
        width = max(len(prompt.ids) for prompt in prompts)
        rows = [[self._pad] * (width - len(p.ids)) + p.ids for p in prompts]
        masks = [[0] * (width - len(p.ids)) + [1] * len(p.ids) for p in prompts]
        device = self._model.device
        with torch.inference_mode():
            out = self._model.generate(
                input_ids=torch.tensor(rows, device=device),
                attention_mask=torch.tensor(masks, device=device),
                max_new_tokens=max(prompt.answer_tokens for prompt in prompts),
                do_sample=False,
                num_beams=1,
                temperature=None,
                top_p=None,
                top_k=None,
                pad_token_id=self._pad,
            )
        return [
            row[: prompt.answer_tokens] for row, prompt in zip(out[:, width:].tolist(), prompts, strict=True)
        ]

    def _generated(self, request: Request, prompt: _Prompt, ids: list[int]) -> Generated:
        ends = self._ends()
        stop = next((place for place, token in enumerate(ids) if token in ends), None)
        kept = ids if stop is None else ids[:stop]
        text = clean(self._tokenizer.decode(kept, skip_special_tokens=True), request.style)
        return Generated(text, prompt.document_tokens, len(kept), prompt.seen, finished=stop is not None)

    def _ends(self) -> frozenset[int]:
        configured = getattr(self._model.generation_config, "eos_token_id", None)
        found = configured if isinstance(configured, list) else [configured, self._tokenizer.eos_token_id]
        return frozenset(token for token in found if token is not None)

    def _prompt(self, request: Request) -> _Prompt:
        before, after = around(self._tokenizer, request)
        document = document_of(self._tokenizer, request.text)
        ids: list[int] = document["input_ids"]
        seen = len(request.text)
        if len(ids) > self._context:
            ids = ids[: self._context]
            seen = int(document["offset_mapping"][self._context - 1][1]) if ids else 0
        words = min(request.words * _TOKENS_A_WORD + _ROOM, self._answer)
        return _Prompt(before + ids + after, seen, len(ids), words)


def around(tokenizer: Any, request: Request) -> tuple[list[int], list[int]]:
    """The prompt's tokens before and after the document. Raises BadModel: `not_a_chat_model`."""
    rendered: str = tokenizer.apply_chat_template(
        messages(request, MARK), tokenize=False, add_generation_prompt=True
    )
    before, found, after = rendered.partition(MARK)
    if not found:
        raise _no_chat("the chat template leaves the user's message out")
    # The template has written the special tokens already, the first one of all included.
    return tuple(tokenizer(text, add_special_tokens=False)["input_ids"] for text in (before, after))


def document_of(tokenizer: Any, text: str) -> Mapping[str, Any]:
    """The document's tokens and their places; special tokens that stand in it are plain characters."""
    return tokenizer(
        text,
        add_special_tokens=False,
        split_special_tokens=True,
        return_offsets_mapping=True,
        verbose=False,
    )


def _window(config: Any, tokenizer: Any, wanted: int | None) -> int:
    """How many tokens the model takes; a tokenizer without a limit names a huge number."""
    text = config.get_text_config()
    found = [
        getattr(text, "max_position_embeddings", None),
        getattr(tokenizer, "model_max_length", None),
        wanted,
    ]
    return min([int(value) for value in found if value], default=4_096)


def _no_chat(why: str) -> BadModel:
    return BadModel(
        why,
        code="not_a_chat_model",
        remedy="Take the instruction-tuned variant of the model: its tokenizer brings a chat template.",
    )
