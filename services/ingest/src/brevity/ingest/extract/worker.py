"""The child process that reads PDF and DOCX files: `python -m brevity.ingest.extract.worker KIND SECONDS MEMORY`.

File on stdin, one JSON object on stdout: `{"text": ..., "title": ...}` or `{"code": ..., "message": ...}`. A hostile
file can exhaust or crash this process only.
"""

from __future__ import annotations

import io
import json
import resource
import sys
import zipfile

from brevity.common.errors import Rejected

_MOST_UNPACKED = 200_000_000
_MOST_RATIO = 200
_MOST_ENTRIES = 5_000


def main(kind: str, seconds: int, memory: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    data = sys.stdin.buffer.read()
    answer: dict[str, str | None]
    try:
        text, title = read_pdf(data) if kind == "pdf" else read_docx(data)
        answer = {"text": text, "title": title}
    except Rejected as error:
        answer = {"code": error.code, "message": error.message}
    except MemoryError:
        answer = {"code": "too_complex", "message": "reading the file needs too much memory"}
    except Exception as error:  # noqa: BLE001 - whatever a broken file raises, it is the file's fault
        answer = {"code": "unreadable", "message": f"the {kind} file is damaged ({type(error).__name__})"}
    sys.stdout.buffer.write(json.dumps(answer).encode())


def read_pdf(data: bytes) -> tuple[str, str | None]:
    """Text of every page. Raises Rejected `encrypted`."""
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise Rejected("the PDF file needs a password", code="encrypted")
    text = "\n\n".join(page.extract_text() for page in reader.pages)
    title = reader.metadata.title if reader.metadata else None
    return text, str(title).strip() or None if title else None


def read_docx(data: bytes) -> tuple[str, str | None]:
    """Text of paragraphs and tables in order. Raises Rejected `zip_bomb`."""
    check_archive(data)
    from docx import Document
    from docx.table import Table

    document = Document(io.BytesIO(data))
    parts: list[str] = []
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            parts.extend("\t".join(cell.text for cell in row.cells) for row in block.rows)
        else:
            parts.append(block.text)
    return "\n\n".join(parts), (document.core_properties.title or "").strip() or None


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


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
