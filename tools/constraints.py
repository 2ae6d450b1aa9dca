"""Pins what is installed now: `make constraints` writes constraints.txt.

Versions only, no addresses and no hashes, so that the file fits whatever index an installation uses.
"""

from __future__ import annotations

import sys
from importlib.metadata import distributions
from pathlib import Path

TARGET = Path(__file__).resolve().parents[1] / "constraints.txt"
_UNPINNED = {"pip", "setuptools", "wheel"}


def pins() -> list[str]:
    """`name==version` for each installed distribution that is not one of this workspace's own packages."""
    found = {
        (dist.name or "").lower().replace("_", "-"): dist.version
        for dist in distributions()
        if not (dist.name or "").startswith("brevity-")
    }
    return [f"{name}=={version}" for name, version in sorted(found.items()) if name and name not in _UNPINNED]


def main() -> int:
    lines = ["# Written by `make constraints`; every version that an installation may take.", *pins()]
    TARGET.write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
