"""ZIP archives, which many formats are: looked at before anything is unpacked."""

from __future__ import annotations

import io
import zipfile

from brevity.common.errors import Rejected

_MOST_UNPACKED = 200_000_000
_MOST_RATIO = 200
_MOST_ENTRIES = 5_000


def check_archive(data: bytes) -> None:
    """Raises Rejected `zip_bomb` when the archive would unpack to far more than it is."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > _MOST_ENTRIES or unpacked > _MOST_UNPACKED or unpacked > _MOST_RATIO * len(data):
        raise Rejected(
            f"the file unpacks to {unpacked:,} bytes in {len(entries):,} parts, too much for its size",
            code="zip_bomb",
        )
