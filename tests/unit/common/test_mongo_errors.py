"""What the store driver's errors mean to every service."""

from __future__ import annotations

import pytest
from bson.errors import InvalidDocument
from pymongo.errors import (
    BulkWriteError,
    DuplicateKeyError,
    PyMongoError,
    ServerSelectionTimeoutError,
    WriteError,
)

from brevity.common.errors import BrevityError, Rejected, Unavailable
from brevity.common.storage.mongo import only_duplicates, translated


def bulk(*codes: int, concern: bool = False) -> BulkWriteError:
    errors = [{"index": n, "code": code} for n, code in enumerate(codes)]
    return BulkWriteError({"writeErrors": errors, "writeConcernErrors": [{"code": 64}] if concern else []})


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (InvalidDocument("a number of 65 bits"), Rejected),
        (OverflowError(), Rejected),
        (WriteError("bad value", 2), Rejected),
        (WriteError("the disk is full", 14031), Unavailable),
        (bulk(2), Rejected),
        (bulk(11_000, 14031), Unavailable),
        (bulk(2, concern=True), Unavailable),
        (ServerSelectionTimeoutError("nobody answers"), Unavailable),
    ],
)
def test_an_error_says_whether_the_value_or_the_server_is_at_fault(
    error: Exception, kind: type[BrevityError]
) -> None:
    with pytest.raises(kind), translated():
        raise error


def test_what_the_caller_understands_is_left_to_it() -> None:
    with pytest.raises(DuplicateKeyError), translated(passing=(DuplicateKeyError,)):
        raise DuplicateKeyError("taken", 11_000)
    with pytest.raises(PyMongoError), translated(passing=(BulkWriteError,)):
        raise bulk(11_000)


def test_only_taken_keys_are_harmless() -> None:
    assert only_duplicates(bulk(11_000, 11_000))
    assert not only_duplicates(bulk(11_000, 2))
    assert not only_duplicates(bulk(11_000, concern=True))
