"""Sends one document through a deployed platform and waits for its summary; exit status 1 when none comes.

Needs Python alone. SMOKE_URL is ingest's address, SMOKE_FEEDBACK_URL feedback's (without it only the acceptance is
tried), SMOKE_API_KEY a key of a reviewer, SMOKE_SECONDS the longest wait (300).
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid
from typing import Any

TEXT = (
    "The bridge over the river was closed on Monday. Engineers found a crack in one of the pillars. Traffic goes by the "
    "old road until it is repaired. The work costs two million and takes until May. The city pays half of it. "
)


def ask(url: str, key: str, body: Any = None) -> Any:
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{url} is no HTTP address")
    request = urllib.request.Request(  # noqa: S310 - its scheme was looked at
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={"X-API-Key": key, "Content-Type": "application/json", "Accept": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return json.load(answer)


def main() -> int:
    ingest, feedback = os.environ.get("SMOKE_URL", ""), os.environ.get("SMOKE_FEEDBACK_URL", "")
    key = os.environ.get("SMOKE_API_KEY", "")
    ends = time.monotonic() + float(os.environ.get("SMOKE_SECONDS", "300"))
    if not ingest or not key:
        print("smoke: set SMOKE_URL and SMOKE_API_KEY", file=sys.stderr)
        return 1
    said = ""
    identity = ""
    while time.monotonic() < ends:
        try:
            if not identity:
                sent = ask(
                    f"{ingest}/v1/documents",
                    key,
                    {"text": f"{TEXT}Notice {uuid.uuid4().hex}.", "summary": {"words": 25}},
                )
                identity = sent["document_id"]
                if not feedback:
                    print(f"smoke: {identity} was accepted")
                    return 0
            found = ask(f"{feedback}/v1/summaries?document_id={identity}", key)["items"]
            if found:
                print(f"smoke: {identity} was summarized by {found[0]['model_version']}")
                return 0
            said = f"{identity} has no summary yet"
        except urllib.error.HTTPError as error:
            said = f"{error.url} answers {error.code}: {error.read(300).decode(errors='replace')}"
        except (OSError, KeyError, ValueError) as error:
            said = f"{type(error).__name__}: {error}"
        time.sleep(2)
    print(f"smoke: {said}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
