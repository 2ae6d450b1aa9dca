"""Errors a caller can act on.

    BrevityError
    ├── Rejected        the input is at fault; retrying can never help: reject or dead-letter at once
    ├── Transient       one document failed and may pass later: retry with a durable attempt count
    │   └── Unavailable a dependency is away or full: hold the partition, count no attempt
    └── Fatal           the service cannot go on (misconfigured, dead letters exhausted): stop and say why

Every error carries a `code` (snake_case, closed set, fit for a metric label), a `message` for a person
(what is wrong, never the document's text) and a `remedy` (what to do about it).
"""

from __future__ import annotations

from collections.abc import Callable


class BrevityError(Exception):
    """Base of every error Brevity raises on purpose."""

    code: str = "error"
    default_remedy: str = "See the service's log for this document_id."

    def __init__(self, message: str, *, code: str | None = None, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.remedy = remedy or type(self).default_remedy

    def __str__(self) -> str:
        return f"{self.message} ({self.code}) {self.remedy}"


class Rejected(BrevityError):
    """The input itself is wrong and will never work as it is."""

    code = "rejected"
    default_remedy = "Correct the document and submit it again."


class Transient(BrevityError):
    """This document failed now and may pass later."""

    code = "transient"
    default_remedy = (
        "It is retried by itself; if it fails for good it can be replayed with `brevity dlq replay`."
    )


class Unavailable(Transient):
    """A dependency did not do what a document needs: it is away or at its limit, unless only this document fails there.

    Args:
        probe: Asks the dependency, in the same way, for something that is known to be there; returns when it answers
            and raises when not. It tells an outage from one document that the dependency will not serve.
        busy: It refuses because it has too much to do, and before it looks at what it is asked.
    """

    code = "unavailable"
    default_remedy = "Work resumes by itself when the dependency answers again."

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        remedy: str | None = None,
        probe: Callable[[], None] | None = None,
        busy: bool = False,
    ) -> None:
        super().__init__(message, code=code, remedy=remedy)
        self.probe = probe
        self.busy = busy


class Fatal(BrevityError):
    """The service cannot continue without a person."""

    code = "fatal"
    default_remedy = "Correct the cause and start the service again; nothing was committed past it."


def remedy_for_caller(error: BrevityError) -> str:
    """What somebody can do who waits for the answer: nothing is retried for them as it is for a record."""
    if error.remedy in {Transient.default_remedy, Unavailable.default_remedy}:
        return "Try again in a moment; asking for the same again is harmless."
    return error.remedy
