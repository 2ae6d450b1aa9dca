"""Ids are derived from what they name: the same on every machine, different for different things."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from brevity.common.ids import canonical_json, content_hash, deterministic_id

_PARTS = st.lists(st.text(max_size=20), max_size=4)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def test_an_id_never_changes_from_one_release_to_the_next() -> None:
    assert deterministic_id("sum", "default", "Straße") == "sum_06fbfc7809c9eecbb6ebf9086e7ebf81"
    assert content_hash(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@given(_PARTS, _PARTS)
def test_ids_are_equal_exactly_when_their_parts_are(one: list[str], other: list[str]) -> None:
    assert (deterministic_id("doc", *one) == deterministic_id("doc", *other)) == (one == other)


def test_moving_a_letter_from_one_part_to_the_next_makes_another_id() -> None:
    assert (
        deterministic_id("x", "ab", "c") != deterministic_id("x", "a", "bc") != deterministic_id("x", "abc")
    )


@given(_JSON)
def test_canonical_json_reads_back_and_is_stable(value: object) -> None:
    written = canonical_json(value)
    assert json.loads(written) == value
    assert canonical_json(json.loads(written)) == written


def test_the_order_of_keys_does_not_matter() -> None:
    assert canonical_json({"b": 1, "a": [2, {"d": 3, "c": 4}]}) == b'{"a":[2,{"c":4,"d":3}],"b":1}'
    assert canonical_json({"a": [2, {"c": 4, "d": 3}], "b": 1}) == canonical_json(
        {"b": 1, "a": [2, {"d": 3, "c": 4}]}
    )
