"""Words that services share: what one writes is what the others read, label and count."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from brevity.common.contracts import vocabulary
from brevity.common.contracts.vocabulary import (
    Decision,
    GateCheck,
    RejectionCode,
    Severity,
    WarningCode,
    severity_of,
)
from brevity.common.events import SummaryWarning
from brevity.documents.model import WARNING_CODES
from brevity.feedback.drift.quality import warning_share
from brevity.feedback.registry.versions import Version
from brevity.feedback.web import model_words, words
from brevity.nlp import extractive
from brevity.summarize.engines.guard import UNFAITHFUL
from brevity.trainer.jobs.model import Outcome
from tests.support.feedback import completed

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*ROOT.glob("libs/*/src/**/*.py"), *ROOT.glob("services/*/src/**/*.py")])
WORD = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)+|[a-z]+")
REJECTING = ("ingest/document", "ingest/handler", "ingest/references", "ingest/extract/", "common/events/")
"""Where submissions are read, by the path of a module."""
AT_THE_DOOR = {"no_such_file", "nothing_to_send"}


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call))


def name_of(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def written(call: ast.Call, position: int | None) -> str | None:
    """The literal given as `code`, by name or at `position`."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}.get("code")
    if given is None and position is not None and len(call.args) > position:
        given = call.args[position]
    return given.value if isinstance(given, ast.Constant) and isinstance(given.value, str) else None


def test_every_warning_that_is_written_is_a_word_of_all() -> None:
    found = {
        code
        for path in SOURCES
        for call in calls(path)
        if name_of(call) in ("Flag", "FaithfulnessFlag", "SummaryWarning", "Warned")
        and (code := written(call, 0))
    }
    # Yielded by the checks of facts, not given to a call.
    facts = {code for code in WarningCode if code.severity is Severity.FACT}
    assert found, "the producers of warnings have other names: the walk sees none"
    assert found | facts | set(WARNING_CODES) <= set(WarningCode)


def test_the_checks_of_facts_name_the_facts() -> None:
    text = (ROOT / "libs/nlp/src/brevity/nlp/faithfulness.py").read_text("utf-8")
    yielded = {
        node.value.elts[0].value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Yield)
        and isinstance(node.value, ast.Tuple)
        and isinstance(node.value.elts[0], ast.Constant)
    }
    assert yielded == {code for code in WarningCode if code.severity is Severity.FACT}


def test_the_reading_of_files_and_the_page_know_each_warning() -> None:
    assert set(words.WARNINGS) == set(WarningCode)
    documented = "\n".join(path.read_text("utf-8") for path in (ROOT / "docs").glob("*.md"))
    assert [code for code in WarningCode if f"`{code}`" not in documented] == []


@pytest.mark.parametrize("code", WarningCode)
def test_quality_falls_by_what_a_summary_states_and_not_by_notices(code: WarningCode) -> None:
    summary = completed("d").model_copy(update={"warnings": [SummaryWarning(code=code, message="?")]})
    assert (warning_share(summary) > 0) == (code.severity is not Severity.NOTICE)
    assert (code in UNFAITHFUL) == (code.severity is not Severity.NOTICE)


def test_a_warning_of_another_release_is_a_notice() -> None:
    assert severity_of("of_another_release") is Severity.NOTICE


def test_the_schema_names_the_warnings() -> None:
    described = SummaryWarning.model_fields["code"].description or ""
    assert [code for code in WarningCode if f"`{code}`" not in described] == []


def test_every_rejection_that_is_written_is_a_word_and_is_documented() -> None:
    found = {
        (code, str(path.relative_to(ROOT)))
        for path in SOURCES
        if any(part in str(path) for part in REJECTING)
        for call in calls(path)
        if name_of(call) == "Rejected" and (code := written(call, None)) and code not in AT_THE_DOOR
    }
    assert found, "the producers of rejections have moved: the walk sees none"
    assert {(code, path) for code, path in found if code not in set(RejectionCode)} == set()
    page = (ROOT / "docs/rejections.md").read_text("utf-8")
    documented = {
        code for row in re.findall(r"^\| (`.+?) \|", page, re.M) for code in re.findall(r"`(\w+)`", row)
    }
    assert documented == set(RejectionCode)


def test_the_page_knows_each_decision_and_check() -> None:
    assert set(model_words.DECISIONS) == set(Decision)
    assert set(model_words.CHECKS) == set(GateCheck)
    assert set(get_args(Outcome)) <= set(Decision)


def test_decisions_and_checks_are_written_as_words() -> None:
    """`registry.decide(version, WORD, ...)` and the gate's table of checks take the enums' members, no literals."""
    literal = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in SOURCES
        for call in calls(path)
        if name_of(call) == "decide" and len(call.args) > 1 and isinstance(call.args[1], ast.Constant)
    ]
    assert literal == []


def test_a_decision_of_an_earlier_release_is_shown_by_its_label() -> None:
    told = {
        "model": "extractive",
        "version": "2",
        "model_version": "extractive-1",
        "engine": "extractive",
        "artifact": {"uri": "s3://b/m"},
        "decision": "rolled back",
    }
    decision = Version.model_validate(told).decision
    assert decision is not None
    assert model_words.DECISIONS[decision] == "Rolled back"


def test_styles_are_the_same_in_the_library_that_shares_nothing() -> None:
    assert set(get_args(extractive.Style)) == set(get_args(vocabulary.Style)) == set(words.STYLES)
    assert set(words.LENGTHS) == set(get_args(vocabulary.Length))


def test_closed_words_are_declared_once() -> None:
    """No module but the vocabulary spells a closed set of words out again; `brevity.nlp` shares nothing and may."""
    owned = {
        frozenset(get_args(kind))
        for name in (
            "Style",
            "Length",
            "DocumentState",
            "TrainingReason",
            "JobState",
            "RolloutMode",
            "ServedState",
        )
        for kind in [getattr(vocabulary, name)]
    }
    again = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in SOURCES
        if path.name != "vocabulary.py" and "libs/nlp/" not in str(path)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Literal"
        and isinstance(node.slice, ast.Tuple)
        and frozenset(item.value for item in node.slice.elts if isinstance(item, ast.Constant)) in owned
    ]
    assert again == []
