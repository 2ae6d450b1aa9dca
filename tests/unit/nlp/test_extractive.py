"""Extractive summaries: exact places, lengths, styles, speakers, bounded time."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from brevity.nlp.extractive import DEFAULT_MODEL, ExtractiveSummarizer
from brevity.nlp.ranker import BadModel
from brevity.nlp.transcript import read_sentences
from brevity.nlp.words import count_words

ENGINE = ExtractiveSummarizer.load()
TEXT = "\n\n".join(
    f"Station {n} opened in {1900 + n}.  It serves line {n % 7},\nwhich carries {n * 120} people a day. "
    f"Nobody there remembers winter number {n}."
    for n in range(1, 40)
)
TALK = "Doctor: How are you today?\nPatient: My left knee hurts when I climb stairs. It began in May.\n" * 8


@pytest.mark.parametrize("style", ["paragraph", "bullets", "headline"])
def test_each_sentence_stands_where_it_says_and_comes_from_its_source(style: str) -> None:
    extract = ENGINE.summarize(TEXT, language="en", words=60, style=style)  # type: ignore[arg-type]
    assert extract.sentences
    for sentence in extract.sentences:
        assert extract.text[sentence.start : sentence.end] == sentence.text
        assert " ".join(" ".join(TEXT[a:b].split()) for a, b in sentence.spans) == sentence.text
    assert count_words(extract.text) <= 60 * 1.15


def test_a_speaker_is_named_with_the_place_of_the_label_and_never_alone() -> None:
    sentences = read_sentences(TALK)
    assert {TALK[slice(*s.label)] for s in sentences if s.label} == {"Doctor", "Patient"}
    assert len(sentences) == 3 * 8
    extract = ENGINE.summarize(TALK, language="en", words=30, style="bullets")
    for sentence in extract.sentences:
        label, said = (TALK[a:b] for a, b in sentence.spans)
        assert sentence.text == f"{label}: {said}"


def test_chinese_sentences_are_joined_without_a_blank() -> None:
    text = "".join(f"第{n}个城市的地铁今年开通了新的线路。" for n in range(40))
    extract = ENGINE.summarize(text, language="zh", words=40, style="paragraph")
    assert len(extract.sentences) > 1
    assert " " not in extract.text


@pytest.mark.parametrize("text", ["", "   \n", "!!! ??"])
def test_a_text_without_words_gives_no_sentence(text: str) -> None:
    assert ENGINE.summarize(text, language="en", words=10, style="paragraph").sentences == ()


def test_a_million_characters_on_one_line_take_seconds() -> None:
    began = time.perf_counter()
    assert ENGINE.summarize("word " * 200_000, language="en", words=50, style="paragraph").sentences
    assert time.perf_counter() - began < 30


@pytest.mark.parametrize(
    "change",
    [{"features": []}, {"trees": {}}, {"cues": []}, {"kinds": [{"language": "en"}]}, {"format": "other"}],
)
def test_a_damaged_model_is_refused_by_name(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(json.loads(DEFAULT_MODEL.read_text()) | change))
    with pytest.raises(BadModel, match=r"broken\.json"):
        ExtractiveSummarizer.load(path)


def test_trees_that_point_outside_the_file_are_refused(tmp_path: Path) -> None:
    model = json.loads(DEFAULT_MODEL.read_text())
    model["trees"]["roots"][0] = 10**9
    path = tmp_path / "broken.json"
    path.write_text(json.dumps(model))
    with pytest.raises(BadModel, match="outside the file"):
        ExtractiveSummarizer.load(path)
