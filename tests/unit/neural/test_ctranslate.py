"""CTranslate2 in float32 beside the model it was made of, for every family: the same probabilities, the same whole answers.

The weights are random, all but one: the row of the end sign is made longer, so that some texts end by themselves, some at
their least length and some at their most. No choice here is closer than 0.0007 of a step's logits' spread, a hundred times
what float32 rounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForSeq2SeqLM

from brevity.neural.archive import BadModel, kind_of
from brevity.neural.convert import convert, vocabulary
from brevity.neural.ctranslate import CTranslate2Generator
from brevity.neural.port import Generated, GenerationError, Request
from brevity.neural.seq2seq import Seq2SeqGenerator
from tests.support.samples import sample_texts
from tests.support.tiny_seq2seq import ARCHITECTURES, tiny_seq2seq

TEXTS = sample_texts()
REQUESTS = [
    Request(TEXTS[0][:300], "en", 20),
    Request(TEXTS[1], "en", 30),
    Request(TEXTS[0][:100], "en", 5),
    Request(TEXTS[0][:160], "en", 12),
    Request(TEXTS[3][:250], "en", 18),
]
GERMAN = [Request(TEXTS[0][:300], "en", 20, output_language="de"), Request(TEXTS[0][:300], "de", 20)]
FAMILIES = ("mbart50", "nllb", "m2m100")


@dataclass(frozen=True)
class Pair:
    folder: Path
    parent: Seq2SeqGenerator
    child: CTranslate2Generator


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pair]:
    root = tmp_path_factory.mktemp("models")
    return {name: _pair(name, root) for name in ARCHITECTURES}


def _pair(architecture: str, root: Path) -> Pair:
    folder = tiny_seq2seq(architecture, root / architecture)
    model: Any = AutoModelForSeq2SeqLM.from_pretrained(folder, local_files_only=True)
    with torch.no_grad():
        model.get_output_embeddings().weight[model.config.eos_token_id] *= 3
    model.generation_config.no_repeat_ngram_size = 3
    if architecture == "bart":
        model.generation_config.forced_bos_token_id = 0  # as bart-large-cnn has both
    if architecture == "pegasus":
        model.generation_config.repetition_penalty = 1.3
    model.save_pretrained(folder)
    convert(folder, root / f"{architecture}-float32", "float32")
    assert kind_of(root / f"{architecture}-float32") == "ctranslate2"
    child = CTranslate2Generator.load(root / f"{architecture}-float32")
    return Pair(folder, Seq2SeqGenerator.load(folder), child)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_whole_answers_are_the_parents_token_by_token_alone_and_in_a_batch(
    architecture: str, pairs: dict[str, Pair]
) -> None:
    parent, child = pairs[architecture].parent, pairs[architecture].child
    requests = [*REQUESTS, *(GERMAN if architecture in FAMILIES else ())]
    sources = [_source(parent, request) for request in requests]
    assert [_source(child, request) for request in requests] == sources

    wanted = parent._run(sources, [])
    assert [child._run([source], [])[0] for source in sources] == wanted
    assert child._run(sources, []) == wanted
    # What is compared is worth it: texts end in different ways, and no two of them are the same.
    assert any(row.finished for row in wanted)
    assert max(len(set(row.ids)) for row in wanted) > 10
    assert len({tuple(row.ids) for row in wanted}) == len(wanted)

    assert child.generate(requests) == parent.generate(requests)
    assert child.context_tokens == parent.context_tokens
    assert child.languages() == parent.languages()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_each_token_is_as_probable_as_its_parent_says(architecture: str, pairs: dict[str, Pair]) -> None:
    parent, child = pairs[architecture].parent, pairs[architecture].child
    source = _source(parent, REQUESTS[0])
    written = [*source.prompt, *_source(parent, REQUESTS[2]).ids[1:-1]]
    [found] = child._translator.score_batch([child._tokens(source.ids)], [child._tokens(written)])
    with torch.inference_mode():
        logits = parent.model(
            input_ids=torch.tensor([source.ids]),
            decoder_input_ids=torch.tensor([[parent._start, *written]]),
        ).logits[0]
    ended = torch.tensor([*written, parent.tokenizer.eos_token_id])
    wanted = logits.log_softmax(-1).gather(1, ended[:, None])[:, 0]
    assert found.log_probs == pytest.approx(wanted.tolist(), abs=1e-3)


def test_an_expression_to_avoid_is_avoided_as_by_the_parent(pairs: dict[str, Pair]) -> None:
    parent, child = pairs["bart"].parent, pairs["bart"].child
    [free] = parent.generate(REQUESTS[1:2])
    assert isinstance(free, Generated)
    held = Request(REQUESTS[1].text, "en", 30, avoid=(free.text.split()[0],))
    assert child.generate([held]) == parent.generate([held])
    assert child.generate([held]) != [free]


def test_what_ends_too_early_in_a_batch_is_written_again_to_its_own_least(pairs: dict[str, Pair]) -> None:
    parent, child = pairs["bart"].parent, pairs["bart"].child
    requests = [Request(TEXTS[1][:400], "en", words) for words in (5, 20, 40)]
    sources = [_source(parent, request) for request in requests]
    loose = child._translated(sources, [])  # held to the least of the shortest alone
    assert any(row.finished and len(row.ids) < s.shortest for row, s in zip(loose, sources, strict=True))
    answers = child._run(sources, [])
    assert all(len(row.ids) >= source.shortest for row, source in zip(answers, sources, strict=True))
    assert answers == parent._run(sources, [])


def test_every_row_of_weights_has_a_name_and_every_token_that_is_used_a_row(
    pairs: dict[str, Pair], tmp_path: Path
) -> None:
    tokenizer = pairs["bart"].parent.tokenizer
    size = len(tokenizer)
    names = vocabulary(tokenizer, size + 3)
    assert names[:size] == tokenizer.convert_ids_to_tokens(list(range(size)))
    assert len(set(names)) == size + 3

    changed: Any = type(tokenizer).from_pretrained(pairs["bart"].folder, local_files_only=True)
    changed.add_special_tokens({"mask_token": "<hole>"})
    assert vocabulary(changed, size) == names[:size]  # as distilbart has it: no text can hold its mask
    changed.add_tokens(["bridgework"])
    model: Any = AutoModelForSeq2SeqLM.from_pretrained(pairs["bart"].folder, local_files_only=True)
    model.save_pretrained(tmp_path / "grown")
    changed.save_pretrained(tmp_path / "grown")
    with pytest.raises(BadModel, match="bridgework") as refusal:
        convert(tmp_path / "grown", tmp_path / "out", "float32")
    assert "resize_token_embeddings" in refusal.value.remedy
    assert not (tmp_path / "out").exists()


def test_a_language_code_without_weights_is_refused(pairs: dict[str, Pair]) -> None:
    for architecture in FAMILIES:
        tokenizer = pairs[architecture].parent.tokenizer
        with pytest.raises(BadModel, match="rows of weights"):
            vocabulary(tokenizer, len(tokenizer) - 20)


def _source(generator: Seq2SeqGenerator | CTranslate2Generator, request: Request) -> Any:
    [source] = generator._encoder.encode([request])
    assert not isinstance(source, GenerationError)
    return source
