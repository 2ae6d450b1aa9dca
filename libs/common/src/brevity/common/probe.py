"""Asks a health address, for containers that carry no other client: `python -m brevity.common.probe URL`."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request


def main(arguments: list[str]) -> int:
    """0 when the address answers 200 within four seconds, 1 when not, 2 when it is no HTTP address."""
    if len(arguments) != 1 or not arguments[0].startswith("http://"):
        print("usage: python -m brevity.common.probe http://HOST:PORT/PATH", file=sys.stderr)
        return 2
    try:
        with urllib.request.urlopen(arguments[0], timeout=4) as answer:  # noqa: S310 - its scheme was looked at
            return 0 if answer.status == 200 else 1
    except urllib.error.HTTPError as error:
        print(
            f"{arguments[0]} answers {error.code}: {error.read(300).decode(errors='replace')}",
            file=sys.stderr,
        )
    except OSError as error:
        print(f"{arguments[0]} does not answer: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
