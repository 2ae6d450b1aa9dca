"""A generator that answers in batches by tokens, whatever runs them: transformers or CTranslate2."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from brevity.neural.batching import Measure, Size, ahead, at_once, halving, plan
from brevity.neural.devices import is_out_of_memory
from brevity.neural.encoding import Encoder, Source
from brevity.neural.port import Generated, GenerationError, Request

_WINDOW = 128
"""Requests that are tokenized, planned and put in order together; the next ones are tokenized meanwhile."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """How tokens are chosen; None takes what the model's own generation_config.json says, or else plain greedy search."""

    beams: int | None = None
    length_penalty: float | None = None
    no_repeat_ngram: int | None = None


@dataclass(frozen=True, slots=True)
class Batching:
    """How much one batch may hold.

    `tokens` bounds source and output tokens together, padding included. Beside it a batch is admitted only when the
    memory it takes by the model's shape is free: `memory_share` of what a GPU has left, `cpu_bytes` on a CPU.
    """

    tokens: int = 16_384
    memory_share: float = 0.8
    cpu_bytes: int = 2 << 30


@dataclass(frozen=True, slots=True)
class Written:
    """Tokens written for one text, without special ones at its ends; `finished` when the model ended it itself."""

    ids: list[int]
    finished: bool


class BatchedGenerator(ABC):
    """A `Generator`. The same requests give the same answers in the same order, however they are batched."""

    _at_once = 1
    """Batches that run beside each other; with more than one `_run` is called by several threads."""

    def __init__(self, encoder: Encoder, model_version: str) -> None:
        self._encoder = encoder
        self.model_version = model_version

    @property
    def context_tokens(self) -> int:
        return self._encoder.context_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._encoder.count_tokens(texts)

    def languages(self) -> frozenset[str] | None:
        return self._encoder.languages()

    def generate(self, requests: Sequence[Request]) -> list[Generated | GenerationError]:
        windows = [requests[start : start + _WINDOW] for start in range(0, len(requests), _WINDOW)]
        out: list[Generated | GenerationError] = []
        for window, sources in zip(windows, ahead(windows, self._encoder.encode), strict=True):
            out += self._window(window, sources)
        return out

    @abstractmethod
    def _admits(self) -> Callable[[int, int, int], bool]:
        """Whether so many texts of so many source and output tokens may be one batch, by what is free now."""

    @property
    @abstractmethod
    def _cost(self) -> Measure:
        """What a batch takes, its padding included; in any unit."""

    @abstractmethod
    def _run(self, sources: Sequence[Source], banned: Sequence[list[int]]) -> list[Written]:
        """Generate for one batch; token sequences in `banned` must not be written."""

    @abstractmethod
    def _release(self) -> None:
        """Called after a batch did not fit into memory."""

    def _window(
        self, requests: Sequence[Request], sources: Sequence[Source | GenerationError]
    ) -> list[Generated | GenerationError]:
        answers: dict[int, Generated | GenerationError] = {}
        rows: list[tuple[int, Source]] = []
        for number, source in enumerate(sources):
            if isinstance(source, GenerationError):
                answers[number] = source
            else:
                rows.append((number, source))
        sizes = [
            Size(len(source.ids), source.longest, (len(source.prompt), requests[number].avoid))
            for number, source in rows
        ]

        # Tokenizers are for one thread: what is banned is known, and what was written is decoded, outside the batches.
        banned = {avoid: self._encoder.banned(avoid) for avoid in {requests[n].avoid for n, _ in rows}}

        def run(batch: Sequence[int]) -> list[Written | GenerationError]:
            avoid = requests[rows[batch[0]][0]].avoid
            return [*self._run([rows[index][1] for index in batch], banned[avoid])]

        def found(batch: Sequence[int]) -> dict[int, Written | GenerationError]:
            return halving(batch, run, self._too_large, lambda _: out_of_memory())

        for part in at_once(plan(sizes, self._admits(), self._cost), found, self._at_once):
            for index, written in part.items():
                number, source = rows[index]
                answers[number] = (
                    written if isinstance(written, GenerationError) else self._generated(source, written)
                )
        return [answers[number] for number in range(len(requests))]

    def _generated(self, source: Source, written: Written) -> Generated:
        [text] = self._encoder.decode([written.ids])
        return Generated(text, source.tokens, len(written.ids), source.seen_characters, written.finished)

    def _too_large(self, error: BaseException) -> bool:
        too_large = is_out_of_memory(error)
        if too_large:
            self._release()
        return too_large


def out_of_memory() -> GenerationError:
    return GenerationError(
        "the document does not fit into the device's memory",
        code="out_of_memory",
        remedy="Set BREVITY_MODEL_CONTEXT_TOKENS lower, so that documents are read in smaller parts.",
    )
