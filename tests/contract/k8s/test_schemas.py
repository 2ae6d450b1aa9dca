"""Every object is what its kind's schema says, with no field that the schema does not know."""

from __future__ import annotations

import pytest

from tests.contract.k8s.rendering import OVERLAYS, rendered, written
from tests.contract.k8s.schemas import built_in_problems, crds, custom_problems


def test_the_files_as_they_are_written() -> None:
    objects = [one for _, one in written()]
    assert len(objects) > 80
    assert built_in_problems(objects) == []


def test_the_files_custom_kinds() -> None:
    assert custom_problems([one for _, one in written()], crds()) == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay(overlay: str) -> None:
    objects = rendered(overlay)
    assert len(objects) > 80
    assert built_in_problems(objects) == []
    assert custom_problems(objects, crds()) == []
