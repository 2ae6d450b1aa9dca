"""Neural engines: batches by tokens beside what one would write without them, int8, the platform's share, memory.

Random weights: the texts mean nothing, the work is that of the true shapes. Each method writes the tokens that each
document's summary takes; what is counted is those, not what a fixed batch writes beyond them.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tests.support.memory import peak_bytes

from bench.corpus import documents
from bench.neural_models import BART_LARGE, PEGASUS_LARGE, SMALL, Model, build, parameters
from bench.report import QUICK, finish, show
from brevity.neural.batched import Batching, Decoding
from brevity.neural.convert import convert
from brevity.neural.ctranslate import CTranslate2Generator, CTranslateSettings
from brevity.neural.encoding import Encoder, Source
from brevity.neural.port import Generated, Request
from brevity.neural.seq2seq import Seq2SeqGenerator, Seq2SeqSettings
from brevity.summarize.engines.neural import NeuralEngine
from brevity.summarize.engines.port import Job, Summary

DOCUMENTS = 16 if QUICK else 32
NAIVE_BATCH = 8
_GREEDY = Decoding(beams=1, no_repeat_ngram=0)
# bfloat16 without sparsity, from the maker's data sheets
_PEAK_FLOPS = {"H100": 989e12, "H200": 989e12, "A100": 312e12, "L4": 121e12}


@dataclass(frozen=True, slots=True)
class Timed:
    """What a method took for all documents."""

    method: str
    seconds: float
    tokens: int

    @property
    def tokens_per_second(self) -> float:
        return self.tokens / self.seconds


def mix(count: int, most_words: int) -> list[Request]:
    """Requests of real text: lengths of the source from a log-normal distribution, summaries of a sixth, 8 to 60 words."""
    draw = random.Random(11)
    _, texts = documents(count)
    requests: list[Request] = []
    for text in texts:
        words = text.split()
        length = max(20, min(len(words), most_words, int(draw.lognormvariate(4.6, 0.7))))
        requests.append(
            Request(text=" ".join(words[:length]), language="en", words=max(8, min(60, length // 6)))
        )
    return requests


class Naive:
    """transformers as it is usually called: `generate` for batches of a fixed count, padded, in order of arrival."""

    def __init__(self, generator: Seq2SeqGenerator, tokenizer: Any, sources: Sequence[Source]) -> None:
        self._model = generator.model
        self._pad = tokenizer.pad_token_id
        self._sources = sources

    def run(self, size: int) -> None:
        for start in range(0, len(self._sources), size):
            batch = self._sources[start : start + size]
            width = max(len(source.ids) for source in batch)
            longest = max(source.longest for source in batch)
            device = self._model.device
            with torch.inference_mode():
                self._model.generate(
                    input_ids=torch.tensor(
                        [s.ids + [self._pad] * (width - len(s.ids)) for s in batch], device=device
                    ),
                    attention_mask=torch.tensor(
                        [[1] * len(s.ids) + [0] * (width - len(s.ids)) for s in batch], device=device
                    ),
                    min_new_tokens=longest,
                    max_new_tokens=longest,
                    do_sample=False,
                    num_beams=1,
                )


def direct(folder: Path, sources: Sequence[Source], tokenizer: Any, kind: str) -> Callable[[], None]:
    """CTranslate2 called as its documentation does: batches of a fixed count, in order of arrival."""
    import ctranslate2

    translator = ctranslate2.Translator(str(folder), device="auto", compute_type=kind)
    name = tokenizer.convert_ids_to_tokens

    def run() -> None:
        for start in range(0, len(sources), NAIVE_BATCH):
            batch = sources[start : start + NAIVE_BATCH]
            longest = max(source.longest for source in batch)
            translator.translate_batch(
                [name(source.ids) for source in batch],
                beam_size=1,
                min_decoding_length=longest,
                max_decoding_length=longest,
                max_input_length=0,
            )

    return run


def timed(method: str, tokens: int, run: Callable[[], object]) -> Timed:
    gc.collect()
    began = time.perf_counter()
    run()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return Timed(method, time.perf_counter() - began, tokens)


@contextlib.contextmanager
def loaded(folder: Path) -> Iterator[Seq2SeqGenerator]:
    generator = Seq2SeqGenerator.load(
        folder, Seq2SeqSettings(decoding=_GREEDY, batching=Batching(tokens=16_384))
    )
    try:
        yield generator
    finally:
        del generator
        gc.collect()


def measure(model: Model, home: Path) -> dict[str, float]:
    """The table of one shape, and its ratios."""
    folder = build(model, home / "model")
    requests = mix(DOCUMENTS, 700)
    with loaded(folder) as generator:
        tokenizer = generator.tokenizer
        encoder = Encoder(tokenizer, generator.model.config)
        sources = [source for source in encoder.encode(requests) if isinstance(source, Source)]
        tokens = sum(source.longest for source in sources)
        read = sum(len(source.ids) for source in sources)
        weights = parameters(generator.model)
        naive = Naive(generator, tokenizer, sources)
        generator.generate(requests[:2])  # what is made once is made
        ours = timed("ours: batches by tokens", tokens, lambda: generator.generate(requests))
        fixed = timed(
            f"transformers, fixed batches of {NAIVE_BATCH}",
            tokens,
            lambda: naive.run(NAIVE_BATCH),
        )
        single = timed("transformers, one by one", tokens, lambda: naive.run(1))
        engine = NeuralEngine("seq2seq", generator)
        jobs = [Job(text=r.text, language=r.language, words=r.words) for r in requests]
        whole = timed("ours, behind the platform's engine", tokens, lambda: engine.summarize(jobs))
        assert all(isinstance(answer, Generated) for answer in generator.generate(requests[:2]))
        assert all(isinstance(answer, Summary) for answer in engine.summarize(jobs[:2]))
    rows = [single, fixed, ours, whole]
    small: dict[str, Timed] = {}
    for kind in ("float32", "int8"):
        out = home / kind
        convert(folder, out, kind)
        call = direct(out, sources, tokenizer, kind)
        call()
        plain = timed(f"CTranslate2 {kind}, fixed batches of {NAIVE_BATCH}", tokens, call)
        converted = CTranslate2Generator.load(
            out, CTranslateSettings(decoding=_GREEDY, batching=Batching(tokens=16_384))
        )
        converted.generate(requests)  # once before, as the call beside it
        mine = timed(
            f"ours, CTranslate2 {kind}",
            tokens,
            lambda ready=converted: ready.generate(requests),
        )
        small[kind] = mine
        small[f"{kind} direct"] = plain
        rows += [plain, mine]
        del converted, call
        gc.collect()
    show(
        f"{model.name}: {weights / 1e6:.0f} million weights, {len(sources)} documents, {read:,} tokens read, {tokens:,} written",
        ["method", "seconds", "tokens/s", "documents/s", "of one by one"],
        [
            [r.method, r.seconds, r.tokens_per_second, len(sources) / r.seconds, single.seconds / r.seconds]
            for r in rows
        ],
    )
    if torch.cuda.is_available():
        _utilisation(weights, read + tokens, ours.seconds)
    return {
        "vs_generate_one_by_one": single.seconds / ours.seconds,
        "vs_naive_batches": fixed.seconds / ours.seconds,
        "vs_ctranslate2_direct": small["float32 direct"].seconds / small["float32"].seconds,
        "int8_vs_float32": small["float32"].seconds / small["int8"].seconds,
        "overhead": whole.seconds / ours.seconds,
    }


def _utilisation(weights: int, tokens: int, seconds: float) -> None:
    """Two operations a weight and token, against the card's limit (Kaplan et al. 2020, section 2.1)."""
    card = torch.cuda.get_device_name()
    peak = next((value for name, value in _PEAK_FLOPS.items() if name in card), None)
    done = 2 * weights * tokens / seconds
    share = f"{done / peak:.1%} of its limit" if peak else "limit unknown"
    print(f"{card}: {done / 1e12:.1f} TFLOP/s, {share}; {torch.cuda.max_memory_allocated() / 1e9:.1f} GB")


def _peak(folder: str, long_words: int, pipe: Any) -> None:
    """In a process of its own: peak memory in bytes over a mix, and how many summaries failed."""
    generator = Seq2SeqGenerator.load(
        folder, Seq2SeqSettings(decoding=_GREEDY, batching=Batching(tokens=8_192), context_tokens=512)
    )
    engine = NeuralEngine("seq2seq", generator)
    jobs = [Job(text=r.text, language="en", words=r.words) for r in mix(9 if QUICK else 99, 300)]
    _, texts = documents(400)
    if long_words:
        jobs.append(Job(text=" ".join(" ".join(texts).split()[:long_words]), language="en", words=60))
    engine.summarize(jobs[:2])
    before = peak_bytes()
    failed = sum(not isinstance(answer, Summary) for answer in engine.summarize(jobs))
    pipe.send((before, peak_bytes(), failed))


def memory(folder: Path) -> dict[str, float]:
    """Peak memory with one document of a hundred very long, as ratios to the same mix without it and with one half as long."""
    lengths = [0, 4_000] if QUICK else [0, 100_000, 200_000]
    figures: dict[int, tuple[int, int, int]] = {}
    context = multiprocessing.get_context("spawn")
    for words in lengths:
        ours, theirs = context.Pipe()
        process = context.Process(target=_peak, args=(str(folder), words, theirs))
        process.start()
        figures[words] = ours.recv()
        process.join()
    show(
        "Memory of the process (small shape), very long documents in parts of 512 tokens",
        ["mix", "before MB", "peak MB", "failed"],
        [
            ["short alone" if not words else f"one of {words:,} words among them", a / 1e6, b / 1e6, failed]
            for words, (a, b, failed) in figures.items()
        ],
    )
    assert all(failed == 0 for _, _, failed in figures.values())
    peaks = {words: peak for words, (_, peak, _) in figures.items()}
    ratios = {"memory_long": peaks[lengths[1]] / peaks[0]}
    return ratios if QUICK else {**ratios, "memory_twice_as_long": peaks[lengths[2]] / peaks[lengths[1]]}


def main() -> None:
    ratios: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        shapes = (SMALL,) if QUICK else (BART_LARGE, PEGASUS_LARGE)
        for number, model in enumerate(shapes):
            found = measure(model, home / str(number))
            for key, value in found.items():
                worst = max if key == "overhead" else min
                ratios[key] = worst(ratios.get(key, value), value)
        small = home / "0/model" if QUICK else build(SMALL, home / "small")
        ratios |= memory(small)
    finish("neural", ratios)


if __name__ == "__main__":
    main()
