"""MongoDB for every service: clients with one set of promises, and what the driver's errors mean to callers.

Services name PyMongo in their own dependencies; nothing else of this library needs it.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from bson.errors import BSONError
from pymongo import AsyncMongoClient, MongoClient
from pymongo.errors import BulkWriteError, DocumentTooLarge, PyMongoError, WriteError

from brevity.common.errors import Rejected, Unavailable
from brevity.common.settings import MongoSettings

DUPLICATE_KEY = 11_000
"""The server's code for a key that is taken."""

_SERVERS_FAULT = frozenset({50, 91, 189, 262, 10107, 11600, 11602, 13435, 14031})
"""Codes of failed writes that say nothing of the value: time limits, a server that stops or is no primary, a full disk."""


def mongo_client(settings: MongoSettings, service: str = "command") -> MongoClient[dict[str, Any]]:
    """A client that acknowledges writes by the majority and gives up after the set time; times come back in UTC.

    Args:
        service: Named to the server, e.g. `ingest`.
    """
    return MongoClient(settings.url.get_secret_value(), **_promises(settings, service))


def async_mongo_client(settings: MongoSettings, service: str = "command") -> AsyncMongoClient[dict[str, Any]]:
    """The same for an event loop."""
    return AsyncMongoClient(settings.url.get_secret_value(), **_promises(settings, service))


def _promises(settings: MongoSettings, service: str) -> dict[str, Any]:
    wait = int(settings.timeout_seconds * 1000)
    return {
        "serverSelectionTimeoutMS": wait,
        "connectTimeoutMS": wait,
        "timeoutMS": wait,
        "w": "majority",
        "tz_aware": True,
        "appname": f"brevity-{service}",
    }


@contextmanager
def translated(*, passing: tuple[type[PyMongoError], ...] = ()) -> Generator[None]:
    """The driver's errors as ours: Rejected `store_refused` for a value that is refused, Unavailable for all else.

    Args:
        passing: Errors that the caller understands itself, e.g. which writes of a bulk failed.
    """
    try:
        yield
    except passing:
        raise
    except BulkWriteError as error:
        if error.details.get("writeErrors") and not error.details.get("writeConcernErrors"):
            codes = sorted({int(item.get("code", 0)) for item in error.details["writeErrors"]})
            if _SERVERS_FAULT.intersection(codes):
                raise away(error) from error
            raise _refused(f"codes {codes}") from error
        raise away(error) from error
    except (DocumentTooLarge, WriteError, BSONError, OverflowError, UnicodeEncodeError) as error:
        if isinstance(error, WriteError) and error.code in _SERVERS_FAULT:
            raise away(error) from error
        raise _refused(type(error).__name__) from error
    except PyMongoError as error:
        raise away(error) from error


def away(error: PyMongoError) -> Unavailable:
    """The store as one that does not answer."""
    return Unavailable(f"MongoDB does not answer: {type(error).__name__}", code="mongo")


def only_duplicates(error: BulkWriteError) -> bool:
    """Whether every write of a bulk that failed met a key that was taken, and the others are kept for sure."""
    failed = error.details.get("writeErrors") or ()
    return not error.details.get("writeConcernErrors") and all(
        item.get("code") == DUPLICATE_KEY for item in failed
    )


def millisecond(at: datetime) -> datetime:
    """`at` as the store keeps it, so that a value read back equals the one written."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _refused(why: str) -> Rejected:
    return Rejected(
        f"the store refuses this value: {why}",
        code="store_refused",
        remedy="Give whole numbers of 64 bits and text in UTF-8, at most 16 MB together.",
    )
