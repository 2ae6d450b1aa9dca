"""Recipes by engine: what is refused, and with which words."""

from __future__ import annotations

import sys

import pytest
from pydantic import ValidationError

from brevity.common.errors import Rejected
from brevity.trainer.recipe import ENGINES, recipe_of


def test_each_engine_has_a_recipe_of_its_own() -> None:
    kinds = {engine: type(recipe_of(engine, {}, variant=engine == "ctranslate2")) for engine in ENGINES}
    assert {engine: kind.__name__ for engine, kind in kinds.items()} == {
        "extractive": "RankerRecipe",
        "seq2seq": "Seq2SeqRecipe",
        "llm": "LoraRecipe",
        "ctranslate2": "ConvertRecipe",
    }
    assert type(recipe_of("seq2seq", {"decoder_layers": 6}, variant=True)).__name__ == "DistillRecipe"


@pytest.mark.parametrize(
    ("engine", "parameters"),
    [
        ("seq2seq", {"learning_rte": 1e-5}),
        ("seq2seq", {"base": "/etc"}),
        ("seq2seq", {"decoder_layers": 6}),
        ("llm", {"rank": 0}),
    ],
)
def test_a_wrong_parameter_is_refused(engine: str, parameters: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        recipe_of(engine, parameters)


def test_a_conversion_needs_a_parent() -> None:
    with pytest.raises(Rejected) as raised:
        recipe_of("ctranslate2", {})
    assert raised.value.code == "no_parent"


def test_without_the_extra_a_request_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "accelerate", None)  # as if it were not installed
    with pytest.raises(Rejected) as raised:
        recipe_of("seq2seq", {})
    assert raised.value.code == "missing_extra"
    assert "accelerate" in raised.value.message
    assert "brevity-trainer[neural]" in raised.value.remedy
    assert recipe_of("extractive", {})
