"""The examples of events that were released: real ones of the past, which must be read for ever."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from brevity.common.events import ALL_EVENTS, Event

_FOLDER = Path(__file__).with_name("examples")


def examples(event: type[Event]) -> dict[str, dict[str, Any]]:
    """Examples of one event, by their name."""
    return {
        path.stem: json.loads(path.read_text("utf-8"))
        for path in sorted(_FOLDER.glob(f"{event.topic}/*.json"))
    }


ALL_EXAMPLES: dict[str, tuple[type[Event], dict[str, Any]]] = {
    f"{event.topic}-{name}": (event, value) for event in ALL_EVENTS for name, value in examples(event).items()
}
