"""Extractive summaries: exact places, lengths, styles, speakers, bounded time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from brevity.nlp.extractive import DEFAULT_MODEL, ExtractiveSummarizer
from brevity.nlp.ranker import BadModel
from brevity.nlp.transcript import read_sentences
from brevity.nlp.words import count_words, first_words
from tests.support.samples import sample_texts
from tests.unit.nlp.growth import MOST, growth

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
    assert count_words(extract.text) <= 60


def test_a_speaker_is_named_with_the_place_of_the_label_and_never_alone() -> None:
    sentences = read_sentences(TALK)
    assert {TALK[slice(*s.label)] for s in sentences if s.label} == {"Doctor", "Patient"}
    assert len(sentences) == 3 * 8
    extract = ENGINE.summarize(TALK, language="en", words=30, style="bullets")
    for sentence in extract.sentences:
        label, said = (TALK[a:b] for a, b in sentence.spans)
        assert sentence.text == f"{label}: {said}"


LONG = "Although nobody had asked for it, the council voted again on Tuesday, and the bridge will open in May"
TEXTS = {
    "en": TEXT,
    "talk": TALK,
    "names": TALK.replace("Doctor", "Dr O'Neill-Smith, 2nd floor").replace("Patient", "Mr 1,000.5"),
    "long": f"{LONG}. {LONG.upper()}; {LONG}.",
    "zh": "".join(f"第{n}个城市的地铁今年开通了新的线路，并且计划明年再开通三条线路。" for n in range(40)),
    "zh-long": "第一个城市的地铁今年开通了新的线路" * 30,
}


@pytest.mark.parametrize("words", [1, 3, 7, 19, 40, 100])
@pytest.mark.parametrize("style", ["paragraph", "bullets", "headline"])
@pytest.mark.parametrize("name", TEXTS)
def test_no_summary_is_longer_than_asked_for_speakers_included(name: str, style: str, words: int) -> None:
    extract = ENGINE.summarize(TEXTS[name], language=name[:2], words=words, style=style)  # type: ignore[arg-type]
    assert 0 < count_words(extract.text) <= words


def test_a_sentence_that_must_be_cut_ends_with_a_clause() -> None:
    extract = ENGINE.summarize(f"{LONG}.", language="en", words=15, style="paragraph")
    assert extract.text == "Although nobody had asked for it, the council voted again on Tuesday"


def test_greetings_scraps_and_questions_give_way_to_what_was_said() -> None:
    said = [f"We replaced pump {n} because its seal leaked after {n * 40} hours." for n in range(2, 9)]
    turns = [
        f"Anna: Good morning!\nBerit: Hello there.\nAnna: What did you do then?\nBerit: Mm-hm.\nBerit: {s}"
        for s in said
    ]
    extract = ENGINE.summarize("\n".join(turns), language="en", words=45, style="paragraph")
    assert len(extract.sentences) >= 2
    assert all("We replaced pump" in s.text for s in extract.sentences)


def test_an_unfamiliar_document_is_told_by_its_beginning() -> None:
    text = next(text for text in sample_texts() if " regjering" in text)
    extract = ENGINE.summarize(text, language="no", words=60, style="paragraph")
    beginning = first_words(text, 60)
    assert sum(s.spans[0].start < beginning for s in extract.sentences) > len(extract.sentences) / 2


def test_the_ranking_goes_on_until_the_words_are_spent() -> None:
    spans = ENGINE.rank(TEXT, language="en", words=60)
    sizes = [count_words(TEXT[slice(*span)]) for span in spans]
    assert sum(sizes[:-1]) < 60 <= sum(sizes)
    assert len(set(spans)) == len(spans)
    assert ENGINE.rank("…", language="en", words=60) == []


def test_chinese_sentences_are_joined_without_a_blank() -> None:
    text = "".join(f"第{n}个城市的地铁今年开通了新的线路。" for n in range(40))
    extract = ENGINE.summarize(text, language="zh", words=40, style="paragraph")
    assert len(extract.sentences) > 1
    assert " " not in extract.text


@pytest.mark.parametrize("text", ["", "   \n", "!!! ??"])
def test_a_text_without_words_gives_no_sentence(text: str) -> None:
    assert ENGINE.summarize(text, language="en", words=10, style="paragraph").sentences == ()


@pytest.mark.parametrize("unit", ["word ", "Anna: We met 12 men. ", "One line\n", "中文。"])
def test_the_cost_stays_linear_on_a_long_text_of_anything(unit: str) -> None:
    def run(text: str) -> None:
        assert ENGINE.summarize(text, language="en", words=50, style="paragraph").sentences

    assert growth(run, unit, 100_000) < MOST


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
