"""Errors say what is wrong and what to do, and their kind decides what happens next."""

from __future__ import annotations

import inspect

import pytest

from brevity.common import errors
from brevity.common.cli.root import exit_status
from brevity.common.errors import BrevityError, Fatal, Rejected, Transient, Unavailable
from brevity.common.http.problem import status_of

KINDS = [BrevityError, Rejected, Transient, Unavailable, Fatal]


def test_every_error_of_the_module_is_a_brevity_error() -> None:
    found = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)]
    assert set(found) >= set(KINDS)
    assert all(issubclass(kind, BrevityError) for kind in found)


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_always_has_a_code_a_message_and_a_remedy(kind: type[BrevityError]) -> None:
    error = kind("the store is away")
    assert error.message == "the store is away"
    assert error.code == kind.code
    assert error.remedy
    assert str(error) == f"the store is away ({error.code}) {error.remedy}"


@pytest.mark.parametrize("kind", KINDS)
def test_what_an_error_is_given_wins_over_its_kind(kind: type[BrevityError]) -> None:
    error = kind("it is too long", code="too_large", remedy="Split it.")
    assert (error.code, error.remedy) == ("too_large", "Split it.")
    assert kind("another").code == kind.code


def test_a_dependency_that_is_away_may_come_back_and_a_wrong_document_never_will() -> None:
    assert issubclass(Unavailable, Transient)
    assert not issubclass(Rejected, Transient)
    assert not issubclass(Fatal, Transient)


@pytest.mark.parametrize(
    ("error", "exits", "answers"),
    [
        (Rejected("x"), 1, 422),
        (Rejected("x", code="too_large"), 1, 413),
        (Transient("x"), 3, 503),
        (Unavailable("x"), 3, 503),
        (Fatal("x"), 2, 500),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BrevityError) else str(value),
)
def test_the_kind_decides_exit_status_and_http_status(error: BrevityError, exits: int, answers: int) -> None:
    assert exit_status(error) == exits
    assert status_of(error) == answers
