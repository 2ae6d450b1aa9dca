"""A job's process that does what its parameters say, in the way the real worker speaks: for tests of the runner."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any


def main() -> None:
    job: dict[str, Any] = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_service, daemon=True).start()
    for action, value in job["parameters"]["script"]:
        match action:
            case "say":
                print(json.dumps(value), flush=True)
            case "log":
                print(value, file=sys.stderr, flush=True)
            case "sleep":
                time.sleep(value)
            case "hold":
                held = bytearray(value)
                held[::4096] = b"x" * len(held[::4096])
                time.sleep(60)
            case "write":
                Path(value).parent.mkdir(parents=True, exist_ok=True)
                Path(value).write_text("something")
            case "die":
                os._exit(value)
            case "unless_resumed":
                if job["checkpoint"].get("step") != "half":
                    print(json.dumps({"report": {"checkpoint": {"step": "half"}}}), flush=True)
                    time.sleep(60)
            case "wait_for":
                while not Path(value).exists():
                    time.sleep(0.1)
            case _:
                raise AssertionError(action)


def _end_with_service() -> None:
    sys.stdin.read()
    os._exit(70)


if __name__ == "__main__":
    main()
