"""Encoder-decoder models in CTranslate2's form: int8 and int8_float16, or float32, with their tokenizer beside them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ctranslate2
from transformers import AutoTokenizer, PreTrainedConfig

from brevity.neural.archive import BadModel, files, is_ctranslate2, model_version
from brevity.neural.batched import BatchedGenerator, Batching, Decoding, Written
from brevity.neural.batching import Measure
from brevity.neural.encoding import Encoder, Source

_ROWS_A_STEP = {"cpu": 8, "cuda": 1_000}
"""Rows whose own work in a step of the decoder equals what the step costs for any number of them (BART-large on two
cores: 24 ms a step, 4 ms a row)."""
_AT_ONCE = 2
"""Batches beside each other on a CPU: on two cores int8 does 1.35 times as much as with one batch on both."""
_MOST_THREADS = 4
_GENERATION = "generation_config.json"
_VOCABULARY = "shared_vocabulary.json"


@dataclass(frozen=True, slots=True)
class CTranslateSettings:
    """How a CTranslate2 model runs.

    `device` is `auto`, `cpu` or `cuda`; `compute_type` `default` keeps what the model was converted to. `threads` are
    those of one replica on a CPU; 0 leaves them to CTranslate2.
    """

    device: str = "auto"
    compute_type: str = "default"
    threads: int = 0
    decoding: Decoding = field(default_factory=Decoding)
    batching: Batching = field(default_factory=Batching)
    context_tokens: int | None = None
    prefix: str | None = None
    languages: frozenset[str] | None = None


class CTranslate2Generator(BatchedGenerator):
    """A `Generator` that writes, by greedy search in float32, token for token what the model it was made of writes.

    (Under a repetition penalty it may end sooner: transformers counts the decoder's start among what is repeated.)
    CTranslate2 itself drops the rows of a batch that are finished. Its least and most lengths hold for a whole batch:
    the most is taken from the longest row, and each row is cut at its own; the least is that of the shortest, and what
    ended before its own is written again.

    Args:
        vocabulary: The token of each row of the embeddings, each once. CTranslate2 is told tokens, not their numbers.
    """

    def __init__(
        self,
        translator: Any,
        tokenizer: Any,
        config: Any,
        *,
        vocabulary: Sequence[str],
        model_version: str,
        generation: dict[str, Any],
        settings: CTranslateSettings,
    ) -> None:
        encoder = Encoder(
            tokenizer,
            config,
            context=settings.context_tokens,
            prefix=settings.prefix,
            languages=settings.languages,
        )
        super().__init__(encoder, model_version)
        self._translator = translator
        self._names = vocabulary
        self._numbers = {token: number for number, token in enumerate(vocabulary)}
        self._at_once = int(translator.num_translators)
        self._batching = settings.batching
        decoding = settings.decoding
        self._beams = int(_chosen(decoding.beams, generation, "num_beams", 1))
        self._penalty = float(_chosen(decoding.length_penalty, generation, "length_penalty", 1.0))
        self._ngram = int(_chosen(decoding.no_repeat_ngram, generation, "no_repeat_ngram_size", 0))
        self._repetition = float(_chosen(None, generation, "repetition_penalty", 1.0))
        # A language code stands there already.
        self._forced = generation.get("forced_bos_token_id") if encoder.family is None else None
        ends = generation.get("eos_token_id")
        self._ends = sorted(set(ends) if isinstance(ends, list) else {ends, tokenizer.eos_token_id} - {None})

    @classmethod
    def load(cls, folder: Path, settings: CTranslateSettings | None = None) -> CTranslate2Generator:
        """The model that `convert` wrote to `folder`. Raises BadModel: `not_a_model`, `bad_model`."""
        chosen = settings or CTranslateSettings()
        if not is_ctranslate2(folder):
            raise BadModel(
                f"there is no CTranslate2 model in {folder.name}",
                code="not_a_model",
                remedy="Convert a seq2seq model first: `brevity model convert --to ctranslate2`.",
            )
        files(folder)
        _take_avx512()
        threads = chosen.threads or min(_MOST_THREADS, os.cpu_count() or 1)
        on_gpu = chosen.device == "cuda" or (
            chosen.device == "auto" and ctranslate2.get_cuda_device_count() > 0
        )
        at_once = 1 if on_gpu else min(_AT_ONCE, threads)
        try:
            # CTranslate2's config.json is not one of transformers, which would try to read it.
            tokenizer = AutoTokenizer.from_pretrained(
                folder, config=PreTrainedConfig(), local_files_only=True, trust_remote_code=False
            )
            translator = ctranslate2.Translator(
                str(folder),
                device=chosen.device,
                compute_type=chosen.compute_type,
                inter_threads=at_once,
                intra_threads=threads // at_once,
            )
            config = json.loads((folder / "config.json").read_text("utf-8"))
            generation = json.loads((folder / _GENERATION).read_text("utf-8"))
            vocabulary = json.loads((folder / _VOCABULARY).read_text("utf-8"))
        except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
            raise BadModel(
                f"the model {folder.name} cannot be loaded: {error}",
                code="bad_model",
                remedy="Convert it again with the CTranslate2 that is installed here.",
            ) from error
        return cls(
            translator,
            tokenizer,
            SimpleNamespace(**config),
            vocabulary=vocabulary,
            model_version=model_version(folder),
            generation=generation,
            settings=chosen,
        )

    def _admits(self) -> Callable[[int, int, int], bool]:
        # CTranslate2 tells nothing of the model's shape: tokens alone bound a batch, and what fails is halved.
        return lambda rows, source, output: rows * (source + output) <= self._batching.tokens

    @property
    def _cost(self) -> Measure:
        # It computes no padding of sources.
        step = _ROWS_A_STEP[self._translator.device]
        return lambda rows, source, output: output * (step + rows * self._beams)

    def _run(self, sources: Sequence[Source], banned: Sequence[list[int]]) -> list[Written]:
        written = self._translated(sources, banned)
        early = [n for n, row in enumerate(written) if row.finished and len(row.ids) < sources[n].shortest]
        for least in {sources[number].shortest for number in early}:
            again = [number for number in early if sources[number].shortest == least]
            longer = self._translated([sources[number] for number in again], banned)
            for number, row in zip(again, longer, strict=True):
                written[number] = row
        return written

    def _translated(self, sources: Sequence[Source], banned: Sequence[list[int]]) -> list[Written]:
        prompt = len(sources[0].prompt)  # the same for a whole batch
        first = [] if self._forced is None else [self._forced]
        begin = [self._tokens([*source.prompt, *first]) for source in sources]
        found = self._translator.translate_batch(
            [self._tokens(source.ids) for source in sources],
            target_prefix=begin if begin[0] else None,
            beam_size=self._beams,
            length_penalty=self._penalty,
            no_repeat_ngram_size=self._ngram,
            repetition_penalty=self._repetition,
            suppress_sequences=[self._tokens(ids) for ids in banned] or None,
            end_token=self._ends,
            return_end_token=True,
            max_input_length=0,  # the encoder has cut what is too long, and said so
            # The beginning that is given counts in both.
            min_decoding_length=prompt + max(1, min(source.shortest for source in sources)),
            max_decoding_length=prompt + max(source.longest for source in sources),
        )
        return [self._written(answer, source) for answer, source in zip(found, sources, strict=True)]

    def _tokens(self, ids: Sequence[int]) -> list[str]:
        return [self._names[number] for number in ids]

    def _release(self) -> None:
        """CTranslate2 gives its memory back by itself."""

    def _written(self, answer: Any, source: Source) -> Written:
        ids = [self._numbers[token] for token in answer.hypotheses[0]]
        ids = ids[len(source.prompt) :][: source.longest]
        end = next((place for place, token in enumerate(ids) if token in self._ends), None)
        return Written(ids if end is None else ids[:end], end is not None)


def _take_avx512() -> None:
    """CTranslate2 leaves AVX-512 to Intel's processors unless it is told; those of others that have it gain by it too."""
    flags = Path("/proc/cpuinfo")
    if flags.exists() and " avx512f " in flags.read_text("utf-8"):
        os.environ.setdefault("CT2_FORCE_CPU_ISA", "AVX512")


def _chosen(wanted: float | None, generation: dict[str, Any], name: str, default: float) -> float:
    if wanted is not None:
        return wanted
    said = generation.get(name)
    return default if said is None else said
