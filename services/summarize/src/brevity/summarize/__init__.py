"""The summarize service, and summaries in one call: `from brevity.summarize import summarize`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brevity.summarize.oneshot import Result, summarize, summarize_many

__all__ = ["Result", "summarize", "summarize_many"]


def __getattr__(name: str) -> Any:
    """Import the one-shot functions when first used: the service and the command line start without them."""
    if name in __all__:
        return getattr(import_module("brevity.summarize.oneshot"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
