"""Blocks of plain text and of Markdown: nothing is lost, line ends are ends only where they were meant."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path

import pytest

from brevity.documents import BlockKind, Document, read, read_file
from brevity.documents.normalise import normalise

DATA = Path(__file__).parents[2] / "data" / "reading"
TEXTS: dict[str, str] = json.loads((DATA / "languages.json").read_text("utf-8"))
PROSE = {BlockKind.PARAGRAPH, BlockKind.LIST_ITEM, BlockKind.QUOTATION, BlockKind.SPEECH}


_CUT = re.compile(r"[^\W\d_]-\n\s*[^\W\d_]")
"""A word that a line's end cuts."""


def told(document: Document, *kinds: BlockKind) -> list[str]:
    return [" ".join(document.text[b.start : b.end].split()) for b in document.blocks if b.kind in kinds]


def wrap(text: str, width: int) -> str:
    if " " in text:
        return textwrap.fill(text, width)
    return "\n".join(text[at : at + width // 2] for at in range(0, len(text), width // 2))


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("width", [40, 66, 80])
def test_a_wrapped_paragraph_is_one_block_in_every_script(language: str, width: int) -> None:
    text = TEXTS[language]
    if language == "th" and width < 60:
        pytest.skip("what is a word of Thai takes a dictionary: its phrases fill such lines unevenly")
    document = read(f"{wrap(text, width)}\n\n{wrap(text[::-1], width)}")
    assert told(document, BlockKind.PARAGRAPH)[0].replace(" ", "") == text.replace(" ", "")
    assert len(document.blocks) == 2


def test_a_wrapped_paragraph_in_capitals_is_one_block() -> None:
    document = read(textwrap.fill(TEXTS["de"].upper(), 60))
    assert len(document.blocks) == 1


@pytest.mark.parametrize("language", ["de", "zh", "ar", "ru"])
def test_lines_that_were_not_wrapped_are_blocks_of_their_own(language: str) -> None:
    lines = ["A" + TEXTS[language][a : a + n] for a, n in ((0, 30), (30, 55), (90, 24), (114, 41), (155, 20))]
    document = read("\n".join(lines))
    assert len(document.blocks) == 5


def test_the_text_is_what_normalising_makes_of_it_and_blocks_lie_in_it_in_order() -> None:
    for path in sorted((DATA / "plain").glob("*.txt")):
        source = path.read_bytes().decode("utf-8")
        document = read_file(path)
        if not _CUT.search(source):  # else its words are whole again
            assert document.text == normalise(source)
        ends = [0, *(place for block in document.blocks for place in (block.start, block.end))]
        assert ends == sorted(ends)
        assert ends[-1] <= len(document.text)
        within = set[int]()
        for block in document.blocks:
            assert not document.text[block.start].isspace()
            assert not document.text[block.end - 1].isspace()
            within.update(range(block.start, block.end))
        lost = [c for n, c in enumerate(document.text) if n not in within and c.isalpha()]
        assert len(lost) < 20, path  # the marks of lists: (a), (iii)


def test_a_mail_is_its_senders_own_new_words() -> None:
    document = read_file(DATA / "plain" / "thread.txt")
    own = told(document, *PROSE)
    assert own[0] == "Hi Marek,"
    assert own[1].startswith("I checked the sensor logs")
    assert len(own) == 2  # a greeting and a name are the signature
    assert "confidential" in told(document, BlockKind.FURNITURE)[-1]


def test_a_paper_is_its_prose() -> None:
    document = read_file(DATA / "plain" / "paper.txt")
    assert document.title == "Low-Cost Acoustic Monitoring of Prestressed Bridges"
    assert told(document, BlockKind.HEADING)[1:] == [
        "Abstract", "Introduction", "Methods", "Results", "Acknowledgements", "References",
    ]  # fmt: skip
    prose = " ".join(told(document, *PROSE))
    assert "Department of Civil" not in prose
    assert "E(r)" not in prose
    assert "Grout loss" not in prose
    assert prose.startswith("Wire breaks in hidden")
    assert prose.endswith("grant no. 2021-0455.")


def test_a_contracts_clauses_are_items_without_their_numbers() -> None:
    document = read_file(DATA / "plain" / "contract.txt")
    assert told(document, BlockKind.HEADING)[:3] == ["SERVICE AGREEMENT", "DEFINITIONS", "TERM"]
    items = told(document, BlockKind.LIST_ITEM)
    assert items[0] == '"Services" means the services described in Schedule 1.'
    assert "keep records of all work for six years; and" in items


def test_page_numbers_and_repeated_notices_are_furniture() -> None:
    page = read_file(DATA / "plain" / "hyph.txt")
    assert told(page, BlockKind.FURNITURE) == ["87", "88"]
    letter = read_file(DATA / "plain" / "newsletter.txt")
    assert len(told(letter, BlockKind.FURNITURE)) == 4
    assert not any("independent newsletter" in text for text in told(letter, *PROSE))


def test_a_numbered_line_within_a_wrapped_sentence_is_no_item() -> None:
    text = (
        "Die Stadt eröffnet das neue Bad am Rand der alten Siedlung am kommenden\n"
        "3. Mai mit einem Fest für alle, die an der langen Planung beteiligt waren,\n"
        "und mit einer kleinen Ausstellung über die Geschichte des alten Bades dort."
    )
    assert len(read(text).blocks) == 1


def test_a_list_is_items_each_with_its_own_lines() -> None:
    text = "We need:\n- bread from the baker on the corner,\n  and two rolls\n- milk\n- salt\n\nThat is all."
    assert told(read(text), BlockKind.LIST_ITEM) == [
        "bread from the baker on the corner, and two rolls",
        "milk",
        "salt",
    ]


def test_a_dialogue_is_speech_with_its_speakers() -> None:
    text = "Doctor: How are you today?\nPatient: Not well.\nI could not sleep.\nDoctor: Since when?\nPatient: Sunday."
    document = read(text)
    assert [block.speaker for block in document.blocks] == ["Doctor", "Patient", "Doctor", "Patient"]
    assert told(document, BlockKind.SPEECH)[1] == "Not well. I could not sleep."


def test_markdown_is_what_its_page_shows() -> None:
    document = read_file(DATA / "plain" / "readme.md")
    assert document.title == "Tidewatch"
    assert document.words_dropped > 0
    assert told(document, BlockKind.HEADING) == ["Tidewatch", "Installation", "Features"]
    assert told(document, BlockKind.LIST_ITEM)[2] == "Tide prediction from astronomical tables"
    assert told(document, BlockKind.NOTE) == ["The wiring changed in version 2."]
    prose = told(document, *PROSE)
    assert prose[0].startswith("Tidewatch reads cheap water level sensors")
    assert not any(
        mark in document.text for mark in ("**", "<div", "permalink", "badge", "TODO", "|--", "[^1]")
    )


def test_markdown_is_the_same_as_a_string_and_as_a_file() -> None:
    path = DATA / "plain" / "readme.md"
    assert read(path.read_text("utf-8"), "text/markdown") == read_file(path)
