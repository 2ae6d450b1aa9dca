"""Text as a page was set, back as it is typed."""

from __future__ import annotations

import time

import pytest

from brevity.documents import read
from brevity.documents.typeset import as_typed


@pytest.mark.parametrize(
    ("page", "typed"),
    [
        ("The commis-\nsion con-\n  siders it", "The commission\nconsiders\nit"),
        (
            "Na ter\u00e7a-\nfeira o conselho\ndecidiu encerrar a central.\nA presidente elogiou.",
            "Na ter\u00e7a-feira\no conselho\ndecidiu encerrar a central.\nA presidente elogiou.",
        ),
        ("a well-\nknown well-known bridge", "a well-known\nwell-known bridge"),
        ("Vor-\nund Nachteile", "Vor- und\nNachteile"),
        ("the Anglo-\nSaxon world", "the Anglo-\nSaxon world"),
        ("a list -\nof two", "a list -\nof two"),
        ("in 1914-\n18 and 3-\nfold", "in 1914-\n18 and 3-\nfold"),
        ("Koh\u00adle\u00adheiz\u00adwerk", "Kohleheizwerk"),
        ("of\ufb01ce in\u200bspec\u200bted \ufb02oor", "office inspected floor"),
        ("ภาษา\u200bไทย", "ภาษา\u200bไทย"),
    ],
)
def test_words_are_whole_and_signs_of_setting_are_gone(page: str, typed: str) -> None:
    assert as_typed(page) == typed


def test_a_read_text_holds_the_words_that_were_cut() -> None:
    page = (
        "The depart-\nment of roads had no money for open-\ning the con\u00adcrete of the bridge in spring.\n"
    )
    assert read(page.encode(), "text/plain").text == (
        "The department\nof roads had no money for opening\nthe concrete of the bridge in spring."
    )


@pytest.mark.parametrize("unit", ["ab-\n", "a", "-", "- \t", "a-\n \n", "\u00ad", "a\u200b", "\ufdf2"])
def test_time_grows_as_the_text_does(unit: str) -> None:
    text = unit * (2_000_000 // len(unit))
    begun = time.process_time()
    as_typed(text)
    assert time.process_time() - begun < 10
