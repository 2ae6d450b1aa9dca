"""Blocks point into one normalised text."""

from __future__ import annotations

from brevity.documents.building import build
from brevity.documents.model import BlockKind, Found, Part
from brevity.documents.normalise import normalise


def test_each_block_holds_its_part_and_the_text_is_in_its_normal_form() -> None:
    found = Found(
        [
            Part(BlockKind.HEADING, "  The\nharbour ", level=1),
            Part(BlockKind.PARAGRAPH, "It opened\r\nin 1931. Cafe\u0301s came later."),
            Part(BlockKind.PARAGRAPH, " \n "),
            Part(BlockKind.LIST_ITEM, "first", level=1),
            Part(BlockKind.LIST_ITEM, "second", level=1),
            Part(BlockKind.TABLE, "year\tships\n1931\t4"),
            Part(BlockKind.SPEECH, "Are we ready?", speaker="Ann", seconds=4.5),
            Part(BlockKind.SPEECH, "We are.", speaker="Bo"),
        ],
        title=" On\n harbours ",
    )
    document = build(found, "html")
    assert document.title == "On harbours"
    assert [document.text[block.start : block.end] for block in document.blocks] == [
        "The harbour",
        "It opened in 1931. Caf\u00e9s came later.",
        "first",
        "second",
        "year\tships\n1931\t4",
        "Are we ready?",
        "We are.",
    ]
    assert document.text == normalise(document.text)
    assert "first\nsecond\n\nyear" in document.text
    assert document.text.endswith("Ann: Are we ready?\nBo: We are.")
    assert document.blocks[-2].seconds == 4.5
