"""Where a model lies: `NAME` (the engine's own), `NAME:/path`, or `NAME:s3://bucket/key#sha256=HEX`."""

from __future__ import annotations

from pydantic import ValidationError

from brevity.common.errors import Fatal
from brevity.common.events import ObjectRef

_SCHEME = "s3://"
_CHECK = "#sha256="


def engine_of(uri: str) -> str:
    """The engine's name in `uri`."""
    return uri.partition(":")[0]


def object_of(uri: str) -> ObjectRef | None:
    """The object that `uri` names; None for one that lies in the file system. Raises Fatal when it is malformed."""
    location = uri.partition(":")[2]
    if not location.startswith(_SCHEME):
        return None
    address, _, digest = location.partition(_CHECK)
    try:
        return ObjectRef(uri=address, sha256=digest or None)
    except ValidationError:
        raise Fatal(
            f"{location!r} is not the address of a model",
            code="bad_model_address",
            remedy="Write s3://BUCKET/KEY, and #sha256= with 64 hexadecimal digits after it to have the bytes checked.",
        ) from None
