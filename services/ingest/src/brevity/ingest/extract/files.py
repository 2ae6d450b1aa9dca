"""From a submission's bytes or string to plain text; PDF and DOCX through a confined child process."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import dataclass

from brevity.common.errors import Rejected, Unavailable
from brevity.ingest.extract.kinds import Kind, kind_of, kind_of_text
from brevity.ingest.extract.texts import decode_text, html_text, markdown_text


@dataclass(frozen=True, slots=True)
class Extracted:
    """Text as found (not yet normalised), the title the file gives itself, and the file's kind."""

    text: str
    title: str | None
    kind: Kind


def extract_bytes(data: bytes, media_type: str | None, *, seconds: float, memory: int) -> Extracted:
    """The text of a file. Raises Rejected with the reason; Unavailable when no child process can be started."""
    kind = kind_of(data, media_type)
    if kind in ("pdf", "docx"):
        return _in_child(kind, data, seconds, memory)
    return _of_string(decode_text(data), kind)


def extract_string(text: str, media_type: str | None) -> Extracted:
    """The text of a submission's `text` field. Raises Rejected `unsupported_type`."""
    return _of_string(text, kind_of_text(media_type))


def _of_string(text: str, kind: Kind) -> Extracted:
    if kind == "html":
        return Extracted(*html_text(text), kind)
    if kind == "markdown":
        return Extracted(*markdown_text(text), kind)
    return Extracted(text, None, kind)


def _in_child(kind: Kind, data: bytes, seconds: float, memory: int) -> Extracted:
    command = [
        sys.executable,
        "-m",
        "brevity.ingest.extract.worker",
        kind,
        str(math.ceil(seconds)),
        str(memory),
    ]
    try:
        # An empty environment: the child needs no secret, and cannot leak one.
        done = subprocess.run(  # noqa: S603 - our own program, no part of it from outside
            command, input=data, capture_output=True, timeout=seconds + 5, env={}, check=False
        )
    except subprocess.TimeoutExpired:
        raise _too_complex(kind, seconds) from None
    except OSError as error:
        raise Unavailable(f"cannot start the file reader: {error.strerror}", code="file_reader") from error
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise _too_complex(kind, seconds) from None
    if "code" in answer:
        raise Rejected(
            answer["message"],
            code=answer["code"],
            remedy="Open the file, save it again without a password, or send its text.",
        )
    return Extracted(answer["text"], answer["title"], kind)


def _too_complex(kind: Kind, seconds: float) -> Rejected:
    return Rejected(
        f"the {kind} file cannot be read within {seconds:g} s and the memory allowed",
        code="too_complex",
        remedy="Send a smaller file or its text; the limits are BREVITY_INGEST_EXTRACT_*.",
    )
