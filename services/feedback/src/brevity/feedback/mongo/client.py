"""The client, and what its errors mean to us."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from bson.errors import BSONError
from pymongo import AsyncMongoClient
from pymongo.errors import BulkWriteError, DocumentTooLarge, PyMongoError, WriteError

from brevity.common.errors import Rejected, Unavailable
from brevity.common.settings import MongoSettings

DUPLICATE_KEY = 11_000


def mongo_client(settings: MongoSettings) -> AsyncMongoClient[dict[str, Any]]:
    """A client that acknowledges writes by the majority and gives up after the set time."""
    wait = int(settings.timeout_seconds * 1000)
    return AsyncMongoClient(
        settings.url.get_secret_value(),
        serverSelectionTimeoutMS=wait,
        connectTimeoutMS=wait,
        timeoutMS=wait,
        w="majority",
        tz_aware=True,
        appname="brevity-feedback",
    )


@contextmanager
def translated() -> Generator[None]:
    """Errors of the driver as ours: Rejected for a value that is refused, Unavailable for everything else."""
    try:
        yield
    except BulkWriteError as error:
        if error.details.get("writeErrors") and not error.details.get("writeConcernErrors"):
            codes = sorted({int(item.get("code", 0)) for item in error.details["writeErrors"]})
            raise _refused(f"codes {codes}") from error
        raise _away(error) from error
    except (DocumentTooLarge, WriteError, BSONError, OverflowError, UnicodeEncodeError) as error:
        raise _refused(type(error).__name__) from error
    except PyMongoError as error:
        raise _away(error) from error


def _refused(why: str) -> Rejected:
    return Rejected(f"the store refuses this value: {why}", code="store_refused")


def _away(error: PyMongoError) -> Unavailable:
    return Unavailable(f"MongoDB does not answer: {type(error).__name__}", code="mongo")
