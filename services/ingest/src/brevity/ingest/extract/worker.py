"""The confined readers: `python -I -m brevity.ingest.extract.worker`, started by `readers`.

This process has read everything that reading needs, and forks a child for each file, which costs some milliseconds. A
child sees one file, can open no other and no connection, start no process, and is ended by the kernel at its limits of
memory and time. A hostile file can exhaust or crash its own child only.

Jobs come as one JOB each on the socket that is standard input, with the socket the child talks over. There the child
says STARTED, takes the file, and answers with the lengths of a JSON object and of a text, then both: `{"title": ...}`
and the text, or `{"code": ..., "message": ...}`.
"""

from __future__ import annotations

import codecs
import io
import json
import os
import resource
import signal
import socket
import struct
import sys
from pathlib import Path

from brevity.common.errors import Rejected
from brevity.documents.budget import Budget
from brevity.ingest.extract.documents import read_docx, read_pdf
from brevity.ingest.extract.texts import html_text, markdown_pieces

JOB = struct.Struct("!BIQQQ")
"""Index in KINDS, seconds of processor time, bytes of memory, most characters of text, bytes of the file."""
ANSWER = struct.Struct("!IQ")
KINDS = ("pdf", "docx", "html", "markdown")
STARTED = b"+"
WAITING = 3
"""How many times its processor time a child may live: a busy machine lets it wait."""
_ENCODINGS = (
    "utf-8 utf-16 utf-16-be utf-16-le utf-32 latin-1 cp1252 cp1250 mac-roman ascii gbk gb18030 big5 shift-jis"
)


def main() -> None:
    jobs = socket.socket(fileno=0)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a child: its socket says all
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is the service's to obey
    _import_all()
    while True:
        job, sockets, _, _ = socket.recv_fds(jobs, JOB.size, 1)
        if not job:
            return
        if not sockets:
            continue
        if os.fork() == 0:
            jobs.close()
            _child(socket.socket(fileno=sockets[0]), job)
        os.close(sockets[0])


def _child(parent: socket.socket, job: bytes) -> None:
    """Read one file and end the process."""
    try:
        kind, seconds, memory, most, size = JOB.unpack(job)
        parent.sendall(STARTED)
        _confine(seconds, memory)
        data = _receive(parent, size)
        head, text = _answer(KINDS[kind], data, Budget(KINDS[kind], seconds, most, size))
        signal.setitimer(signal.ITIMER_PROF, 0)
        parent.sendall(ANSWER.pack(len(head), len(text)) + head)
        parent.sendall(text)
    finally:
        os._exit(0)


def _confine(seconds: int, memory: int) -> None:
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() if _LINUX else 0
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, WAITING * seconds)
    limits = {
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_AS: held + memory,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_NOFILE: 0,  # what is open stays open; nothing more can be, no connection either
    }
    for limit, most in limits.items():
        resource.setrlimit(limit, (most, most))


def _receive(parent: socket.socket, size: int) -> bytes:
    data = bytearray(size)
    view, at = memoryview(data), 0
    while at < size:
        read = parent.recv_into(view[at:])
        if not read:
            raise EOFError
        at += read
    return bytes(data)


def _answer(kind: str, data: bytes, budget: Budget) -> tuple[bytes, bytes]:
    try:
        text, title = _read(kind, data, budget)
        return json.dumps({"title": title and title[:_LONGEST_TITLE]}).encode(), text.encode(
            "utf-8", "surrogatepass"
        )
    except Rejected as error:
        answer = {"code": error.code, "message": error.message, "remedy": error.remedy}
    except MemoryError:
        answer = {"code": "too_complex", "message": f"reading the {kind} file needs too much memory"}
    except Exception as error:  # noqa: BLE001 - whatever a broken file raises, it is the file's fault
        # HTML and Markdown are never wrong: what stops their readers is their size.
        code, what = (
            ("unreadable", "damaged") if kind in ("pdf", "docx") else ("too_complex", "too much to read")
        )
        answer = {"code": code, "message": f"the {kind} file is {what} ({type(error).__name__})"}
    return json.dumps(answer).encode(), b""


def _read(kind: str, data: bytes, budget: Budget) -> tuple[str, str | None]:
    if kind == "pdf":
        return read_pdf(data, budget)
    if kind == "docx":
        return read_docx(data, budget)
    source = data.decode("utf-8", "surrogatepass")
    if kind == "html":
        text, title = html_text(source)
        return budget.earn(text), title
    title, parts = None, []
    for text, heading in markdown_pieces(source):
        parts.append(budget.earn(text))
        title = title or heading
    return "\n\n".join(parts), title


def _import_all() -> None:
    """Import what is imported only when needed: a child can open no file."""
    from docx import Document
    from pypdf import PdfWriter

    for name in _ENCODINGS.split():
        codecs.lookup(name)
    page, paper = io.BytesIO(), io.BytesIO()
    writer = PdfWriter()
    writer.add_blank_page(72, 72)
    writer.write(page)
    document = Document()
    document.add_table(1, 1).cell(0, 0).text = "x"
    document.save(paper)
    everything = Budget("pdf", 3_600, 1_000, 0)
    for kind, data in (
        ("pdf", page.getvalue()),
        ("docx", paper.getvalue()),
        ("html", b"<p>x"),
        ("markdown", b"x"),
    ):
        _read(kind, data, everything)
    signal.setitimer(signal.ITIMER_PROF, 0)


_LINUX = sys.platform == "linux"
_LONGEST_TITLE = 2_000

if __name__ == "__main__":
    main()
