"""Who the champion of a model is: by the trainer's own record of promotions. The registry's alias is a view of it."""

from __future__ import annotations

from pymongo import DESCENDING

from brevity.common.storage.mongo import translated
from brevity.trainer.mongo import Store


class Champions:
    """Calls block; safe to share between threads."""

    def __init__(self, store: Store) -> None:
        self._records = store.promotions

    def of(self, model: str) -> str | None:
        """The version that was promoted last; None when none ever was. Raises Unavailable."""
        with translated():
            found = list(self._records.find({"model": model}).sort("sequence", DESCENDING).limit(1))
        return str(found[0]["event"]["version"]) if found else None
