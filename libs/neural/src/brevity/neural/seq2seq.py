"""Encoder-decoder models of transformers: BART, PEGASUS, T5 and FLAN-T5, mBART-50, mT5, M2M-100, NLLB."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers import (
    LogitsProcessor,
    LogitsProcessorList,
    StoppingCriteria,
    StoppingCriteriaList,
)
from transformers.modeling_outputs import BaseModelOutput

from brevity.neural.batched import BatchedGenerator, Batching, Decoding, Written
from brevity.neural.batching import Measure, Size, plan
from brevity.neural.devices import batch_bytes, free_bytes, release, rows_a_step, shape_of, tokens_a_call
from brevity.neural.encoding import Encoder, Source
from brevity.neural.loading import LoadSettings, open_seq2seq

_PADDED_SOURCE = 0.1
"""What a padded source token costs beside a row's step: its keys and values for the decoder, 2 of some 18 matrices."""


@dataclass(frozen=True, slots=True)
class Seq2SeqSettings:
    """How a seq2seq model runs; `context_tokens`, `prefix` and `languages` as `Encoder` has them."""

    load: LoadSettings = field(default_factory=LoadSettings)
    decoding: Decoding = field(default_factory=Decoding)
    batching: Batching = field(default_factory=Batching)
    context_tokens: int | None = None
    prefix: str | None = None
    languages: frozenset[str] | None = None


class Seq2SeqGenerator(BatchedGenerator):
    """A `Generator` on `model` and `tokenizer` of transformers. Decoding is greedy or by beams, never sampled.

    The model is the generator's own from then on: its generation_config is replaced.
    """

    def __init__(
        self, model: Any, tokenizer: Any, *, model_version: str, settings: Seq2SeqSettings | None = None
    ) -> None:
        chosen = settings or Seq2SeqSettings()
        encoder = Encoder(
            tokenizer,
            model.config,
            context=chosen.context_tokens,
            prefix=chosen.prefix,
            languages=chosen.languages,
        )
        super().__init__(encoder, model_version)
        self.model = model
        self.tokenizer = tokenizer
        self._batching = chosen.batching
        self._shape = shape_of(model)
        self._config = _generation_config(model, chosen.decoding)
        if encoder.family is not None:
            self._config.forced_bos_token_id = None  # each row's language code stands there already
        self._start = _start(model)
        self._pad = tokenizer.pad_token_id
        self._ends = _ends(model, tokenizer)
        # transformers fills what is None in a call's settings from the model's own, a forced end among it.
        model.generation_config = self._config

    @classmethod
    def load(cls, name: str | Path, settings: Seq2SeqSettings | None = None) -> Seq2SeqGenerator:
        """The model in a folder, or the hub's by that name. Raises BadModel as `open_seq2seq`."""
        chosen = settings or Seq2SeqSettings()
        loaded = open_seq2seq(name, chosen.load)
        return cls(loaded.model, loaded.tokenizer, model_version=loaded.model_version, settings=chosen)

    def _admits(self) -> Callable[[int, int, int], bool]:
        batching, beams = self._batching, self._config.num_beams or 1
        free = free_bytes(self.model.device, share=batching.memory_share, cpu_bytes=batching.cpu_bytes)

        def admits(rows: int, source: int, output: int) -> bool:
            tokens = rows * (source + output)
            return tokens <= batching.tokens and batch_bytes(self._shape, rows, source, output, beams) <= free

        return admits

    @property
    def _cost(self) -> Measure:
        step, beams = rows_a_step(self.model.device.type), self._config.num_beams or 1
        return lambda rows, source, output: output * (step + rows * beams) + _PADDED_SOURCE * rows * source

    def _run(self, sources: Sequence[Source], banned: Sequence[list[int]]) -> list[Written]:
        begin = [[self._start, *source.prompt] for source in sources]
        config = copy.copy(self._config)
        config.max_new_tokens = max(source.longest for source in sources)
        config.bad_words_ids = list(banned) or None
        device, beams, written = self.model.device, config.num_beams or 1, len(begin[0])
        with torch.inference_mode():
            states, mask = self._encoded(sources)
            out = self.model.generate(
                encoder_outputs=BaseModelOutput(last_hidden_state=states),
                attention_mask=mask,
                decoder_input_ids=torch.tensor(begin, device=device),
                generation_config=config,
                logits_processor=LogitsProcessorList(
                    [_NotBefore([s.shortest + written for s in sources], self._ends, beams, device)]
                ),
                stopping_criteria=StoppingCriteriaList(
                    [_NotAfter([s.longest + written for s in sources], beams, device)]
                ),
            )
        rows = out[:, written:].tolist()
        return [self._written(row, source) for row, source in zip(rows, sources, strict=True)]

    def _encoded(self, sources: Sequence[Source]) -> tuple[torch.Tensor, torch.Tensor]:
        """What the encoder makes of the sources, rows x tokens x width, and where there are tokens, rows x tokens.

        The decoder gains by many rows at once, the encoder loses by each token of padding: so it reads alike lengths
        together, and only its outputs are padded to one batch.
        """
        device, encoder = self.model.device, self.model.get_encoder()
        call = tokens_a_call(device.type)
        sizes = [Size(len(source.ids), 0) for source in sources]
        mask = torch.tensor(_padded([[1] * size.source for size in sizes], 0), device=device)
        found: list[tuple[list[int], torch.Tensor]] = []
        for rows in plan(sizes, lambda *_: True, lambda rows, source, _: call + rows * source):
            ids = torch.tensor(_padded([sources[row].ids for row in rows], self._pad), device=device)
            here = mask[rows, : ids.shape[1]]
            found.append((rows, encoder(input_ids=ids, attention_mask=here).last_hidden_state))
        states = found[0][1].new_zeros((*mask.shape, found[0][1].shape[-1]))
        for rows, part in found:
            states[rows, : part.shape[1]] = part
        return states, mask

    def _release(self) -> None:
        release(self.model.device)

    def _written(self, row: list[int], source: Source) -> Written:
        kept = row[: source.longest]
        end = next((place for place, token in enumerate(kept) if token in self._ends), None)
        return Written(kept if end is None else kept[:end], end is not None)


class _NotBefore(LogitsProcessor):
    """No row ends before its own least length (the decoder's first tokens counted)."""

    def __init__(self, least: Sequence[int], ends: frozenset[int], beams: int, device: torch.device) -> None:
        self._least = torch.tensor(least, device=device).repeat_interleave(beams)
        self._last = max(least)
        self._ends = torch.tensor(sorted(ends), device=device)

    def __call__(self, input_ids: torch.LongTensor, scores: torch.Tensor) -> torch.Tensor:
        length = input_ids.shape[1]
        if length >= self._last:
            return scores
        early = (self._least > length).to(scores.device)
        kept = scores.clone()
        kept[:, self._ends] = torch.where(early[:, None], -float("inf"), kept[:, self._ends])
        return kept


class _NotAfter(StoppingCriteria):
    """Each row ends at its own most length, however long the others of its batch go on."""

    def __init__(self, most: Sequence[int], beams: int, device: torch.device) -> None:
        self._most = torch.tensor(most, device=device)
        self._beams = beams

    def __call__(self, input_ids: torch.LongTensor, scores: Any, **further: Any) -> torch.BoolTensor:
        rows = self._most.repeat_interleave(input_ids.shape[0] // len(self._most))
        return rows <= input_ids.shape[1]  # type: ignore[return-value]


def _padded(rows: Sequence[list[int]], fill: int) -> list[list[int]]:
    width = max(map(len, rows))
    return [row + [fill] * (width - len(row)) for row in rows]


def _generation_config(model: Any, decoding: Decoding) -> Any:
    """The model's own settings, less what bounds lengths: each request brings its own."""
    config = copy.deepcopy(model.generation_config)
    config.do_sample = False
    config.temperature = config.top_p = config.top_k = None
    config.max_length = config.min_length = config.min_new_tokens = None
    # An end that is forced would make a text that was cut look like one that was finished.
    config.forced_eos_token_id = None
    config.return_dict_in_generate = False
    for name, value in (
        ("num_beams", decoding.beams),
        ("length_penalty", decoding.length_penalty),
        ("no_repeat_ngram_size", decoding.no_repeat_ngram),
    ):
        if value is not None:
            setattr(config, name, value)
    if (config.num_beams or 1) == 1:
        config.length_penalty = config.early_stopping = None
    return config


def _start(model: Any) -> int:
    for config in (model.generation_config, model.config):
        for name in ("decoder_start_token_id", "bos_token_id"):
            value = getattr(config, name, None)
            if value is not None:
                return int(value)
    raise ValueError("the model does not say what its decoder starts with")


def _ends(model: Any, tokenizer: Any) -> frozenset[int]:
    said = getattr(model.generation_config, "eos_token_id", None)
    values = said if isinstance(said, list) else [said, tokenizer.eos_token_id]
    return frozenset(int(value) for value in values if value is not None)
