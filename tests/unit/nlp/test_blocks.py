"""Sentences of a text whose blocks are known."""

from __future__ import annotations

from brevity.nlp.extractive import ExtractiveSummarizer, shown_of
from brevity.nlp.transcript import read_sentences
from brevity.nlp.types import Block

TEXT = (
    "The harbour\n\nThe bridge was closed on Monday be-\ncause of a crack. THE TOWN WANTS\nIT OPENED\n\n"
    "Menu Search Login\n\nAnn Lee: We need\nmore money. When?\n\nIt rains."
)


def block(kind: str, piece: str, speaker: str | None = None) -> Block:
    start = TEXT.index(piece)
    return Block(kind, start, start + len(piece), speaker)


BLOCKS = (
    block("heading", "The harbour"),
    block("paragraph", "The bridge was closed on Monday be-\ncause of a crack. THE TOWN WANTS\nIT OPENED"),
    block("furniture", "Menu Search Login"),
    block("speech", "We need\nmore money. When?", "Ann Lee"),
    block("paragraph", "It rains."),
)


def test_sentences_are_of_prose_and_cross_neither_lines_nor_blocks() -> None:
    found = read_sentences(TEXT, "en", BLOCKS)
    assert [shown_of(TEXT[slice(*sentence.span)]) for sentence in found] == [
        "The bridge was closed on Monday because of a crack.",
        "THE TOWN WANTS IT OPENED",
        "We need more money.",
        "When?",
        "It rains.",
    ]
    assert [sentence.label and TEXT[slice(*sentence.label)] for sentence in found] == [
        None, None, "Ann Lee", "Ann Lee", None,
    ]  # fmt: skip


def test_a_summary_takes_nothing_but_prose_unless_there_is_none() -> None:
    summarizer = ExtractiveSummarizer.load()
    extract = summarizer.summarize(TEXT, language="en", words=30, style="paragraph", blocks=BLOCKS)
    assert "Menu" not in extract.text
    assert "harbour" not in extract.text
    assert "Ann Lee: We need more money." in extract.text
    tables = (Block("table", 0, len(TEXT)),)
    assert summarizer.summarize(TEXT, language="en", words=30, style="paragraph", blocks=tables).text


def test_a_line_end_within_a_word_or_between_characters_without_blanks_is_nothing() -> None:
    assert (
        shown_of("in-\n spectors saw\nthe well-\nKnown co\u00adast") == "inspectors saw the well- Known coast"
    )
    assert shown_of("市议会周二\n决定关闭。\n  反对者") == "市议会周二决定关闭。反对者"
