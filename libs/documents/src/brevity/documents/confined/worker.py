"""The confined readers: `python -I -m brevity.documents.confined.worker`, started by `readers`.

This process has read everything that reading needs, and forks a child for each file, which costs some milliseconds. A
child sees one file, can open no other and no connection, start no process, and is ended by the kernel at its limits of
memory and time. A hostile file can exhaust or crash its own child only. `protocol` says how they talk.
"""

from __future__ import annotations

import codecs
import importlib
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from brevity.common.errors import Rejected
from brevity.documents.budget import Budget
from brevity.documents.building import build
from brevity.documents.compact import MOST_BLOCKS, dump_blocks
from brevity.documents.confined.protocol import ANSWER, JOB, STARTED, WAITING
from brevity.documents.encodings import ENCODINGS
from brevity.documents.formats import FORMATS
from brevity.documents.model import Document, Found

Reader = Callable[..., Found | Document]


def main() -> None:
    jobs = socket.socket(fileno=0)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a child: its socket says all
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is the service's to obey
    readers = _load()
    while True:
        job, sockets, _, _ = socket.recv_fds(jobs, JOB.size, 1)
        if not job:
            return
        if not sockets:
            continue
        if os.fork() == 0:
            jobs.close()
            _child(socket.socket(fileno=sockets[0]), job, readers)
        os.close(sockets[0])


def _child(parent: socket.socket, job: bytes, readers: dict[str, Reader]) -> None:
    """Read one file and end the process."""
    try:
        seconds, memory, most, options_size, size = JOB.unpack(job)
        parent.sendall(STARTED)
        _confine(seconds, memory)
        options = json.loads(_receive(parent, options_size))
        data = _receive(parent, size)
        kind = options["format"]
        head, blocks, text = _answer(options, data, Budget(kind, seconds, most, size), readers[kind])
        signal.setitimer(signal.ITIMER_PROF, 0)
        parent.sendall(ANSWER.pack(len(head), len(blocks), len(text)) + head)
        parent.sendall(blocks)
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


def _answer(
    options: dict[str, Any], data: bytes, budget: Budget, reader: Reader
) -> tuple[bytes, bytes, bytes]:
    kind = options["format"]
    try:
        known = {"charset": options.get("charset")} if FORMATS[kind].in_characters else {}
        found = reader(data, budget, **known)
        document = found if isinstance(found, Document) else build(found, kind)
        blocks = document.blocks if len(document.blocks) <= MOST_BLOCKS else ()
        head = {
            "format": document.format,
            "title": document.title and document.title[:_LONGEST_TITLE],
            "warnings": [[warned.code, warned.message[:500]] for warned in document.warnings[:20]],
            "words_dropped": document.words_dropped,
        }
        return json.dumps(head).encode(), dump_blocks(blocks), document.text.encode()
    except Rejected as error:
        answer = {"code": error.code, "message": error.message, "remedy": error.remedy}
    except MemoryError:
        answer = {"code": "too_complex", "message": f"reading the {kind} file needs too much memory"}
    except Exception as error:  # noqa: BLE001 - whatever a broken file raises, it is the file's fault
        # What is written in characters is never wrong: what stops its readers is its size.
        code, what = (
            ("too_complex", "too much to read") if FORMATS[kind].in_characters else ("unreadable", "damaged")
        )
        answer = {"code": code, "message": f"the {kind} file is {what} ({type(error).__name__})"}
    return json.dumps(answer).encode(), b"", b""


def _load() -> dict[str, Reader]:
    """Every format's reader, with all that they import and load: a child can open no file."""
    for name in ENCODINGS:
        codecs.lookup(name)
    readers: dict[str, Reader] = {}
    for each in FORMATS.values():
        module = importlib.import_module(f"brevity.documents.formats.{each.module}")
        readers[each.name] = getattr(module, f"read_{each.name}")
    for name in dict.fromkeys(each.module for each in FORMATS.values()):
        warm = getattr(sys.modules[f"brevity.documents.formats.{name}"], "warm", None)
        if warm is not None:
            warm()
    return readers


_LINUX = sys.platform == "linux"
_LONGEST_TITLE = 2_000

if __name__ == "__main__":
    main()
