"""What the store driver's errors mean to a caller."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from bson.errors import BSONError
from pymongo.errors import BulkWriteError, DocumentTooLarge, PyMongoError

from brevity.common.errors import Rejected, Unavailable


@contextmanager
def translated() -> Generator[None]:
    """Errors of the driver as ours: Rejected for a value that no store holds, Unavailable for everything else; which
    writes of a bulk failed is the caller's to understand."""
    try:
        yield
    except BulkWriteError:
        raise
    except (DocumentTooLarge, BSONError, OverflowError, UnicodeEncodeError) as error:
        raise Rejected(
            f"the store cannot hold this value: {type(error).__name__}",
            code="store_refused",
            remedy="Give whole numbers of 64 bits and text in UTF-8.",
        ) from error
    except PyMongoError as error:
        raise Unavailable(f"MongoDB does not answer: {type(error).__name__}", code="mongo") from error
