"""Hands files to confined processes, a few at once, and shares these fairly among those whose files they are."""

from __future__ import annotations

import json
import math
import os
import socket
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Generator
from contextlib import closing, contextmanager
from functools import cache
from typing import Any

from brevity.common.errors import Rejected, Unavailable
from brevity.documents.compact import BYTES_A_BLOCK, MOST_BLOCKS, load_blocks
from brevity.documents.confined.protocol import ANSWER, JOB, LONGEST_HEAD, STARTED, WAITING
from brevity.documents.model import Document, Warned

MOST_AT_ONCE = min(8, max(2, os.cpu_count() or 1))
"""The deployment leaves room for the memory of as many."""
_LONGEST_HEAD = 65_536
_CHUNK = 1 << 20
_CALLERS = 1_000
_STARTING_SECONDS = 120.0
"""A first start imports everything; from a cold disk of a busy machine that takes a minute."""


class Readers:
    """Reads files in processes of their own; safe to share between threads.

    Args:
        at_once: Files being read at the same time. Whose turn was longest ago is next, so that one sender's thousand
            hostile files delay another's file by the time of one.
    """

    def __init__(self, at_once: int = MOST_AT_ONCE) -> None:
        self._free = at_once
        self._turn = threading.Condition()
        self._waiting: list[str] = []
        self._turns: OrderedDict[str, int] = OrderedDict()  # when each had a place last
        self._count = 0
        self._starting = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._jobs: socket.socket | None = None

    def read(
        self,
        kind: str,
        data: bytes,
        *,
        seconds: float,
        memory: int,
        most_characters: int,
        caller: str = "",
        charset: str | None = None,
    ) -> Document:
        """What a file of the format `kind` says.

        Args:
            seconds: Most processor time.
            memory: Most bytes of memory beyond those of a process that reads nothing.
            most_characters: Most text.
            caller: Whose file it is.
            charset: The encoding that whoever sent it named, where the format is written in characters.

        Raises:
            Rejected: Why it cannot be read: `too_complex` at the limits, else as the reader says.
            Unavailable: No process can be started.
        """
        whole = math.ceil(seconds)
        options = json.dumps({"format": kind, "charset": charset}).encode()
        job = JOB.pack(whole, memory, most_characters, len(options), len(data))
        with self._place(caller), closing(self._start(job)) as child:
            child.settimeout(WAITING * whole + 5)
            try:
                child.sendall(options)
                child.sendall(data)
                return _document(child, most_characters)
            except (OSError, EOFError, ValueError, KeyError, TypeError):
                # Ended by its limits. Closing the socket ends what may be left of it at its next word.
                raise _too_complex(kind, seconds) from None

    @property
    def process_id(self) -> int:
        """Of the process that forks the readers; it is started if need be."""
        with self._starting:
            self._listening()
            assert self._process is not None  # noqa: S101 - it listens
            return self._process.pid

    def close(self) -> None:
        """End the process that starts the readers; those at work end at their limits."""
        with self._starting:
            self._stop()

    @contextmanager
    def _place(self, caller: str) -> Generator[None]:
        with self._turn:
            self._waiting.append(caller)
            self._turn.wait_for(lambda: self._free and self._next() == caller)
            self._waiting.remove(caller)
            self._free -= 1
            self._count += 1
            self._turns[caller] = self._count
            self._turns.move_to_end(caller)
            if len(self._turns) > _CALLERS:
                self._turns.popitem(last=False)
            self._turn.notify_all()
        try:
            yield
        finally:
            with self._turn:
                self._free += 1
                self._turn.notify_all()

    def _next(self) -> str:
        return min(self._waiting, key=lambda caller: self._turns.get(caller, 0))

    def _start(self, job: bytes) -> socket.socket:
        """A connection to a child that has begun `job`."""
        for _ in range(2):  # the process that starts them may have died since the last time
            ours, theirs = socket.socketpair()
            try:
                with self._starting, theirs:
                    socket.send_fds(self._listening(), [job], [theirs.fileno()])
                ours.settimeout(_STARTING_SECONDS)
                if ours.recv(1) == STARTED:
                    return ours
            except OSError:
                pass
            ours.close()
            with self._starting:
                self._stop()
        raise Unavailable("cannot start the file reader", code="file_reader")

    def _listening(self) -> socket.socket:
        if self._jobs is None or self._process is None or self._process.poll() is not None:
            self._stop()
            ours, theirs = socket.socketpair()
            command = [sys.executable, "-I", "-m", "brevity.documents.confined.worker"]
            with theirs:
                # Isolated (-I): neither the working directory nor a variable decides what is imported. An empty
                # environment: it needs no secret, and cannot leak one.
                self._process = subprocess.Popen(command, stdin=theirs.fileno(), cwd="/", env={})  # noqa: S603 - our own program
            self._jobs = ours
        return self._jobs

    def _stop(self) -> None:
        if self._jobs is not None:
            self._jobs.close()
            self._jobs = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@cache
def shared_readers() -> Readers:
    """The readers of this process."""
    return Readers()


def _document(child: socket.socket, most_characters: int) -> Document:
    """A child's answer. Raises ValueError for what no reader of ours says."""
    head_size, blocks_size, text_size = ANSWER.unpack(_receive(child, ANSWER.size))
    if (
        head_size > LONGEST_HEAD
        or blocks_size > BYTES_A_BLOCK * MOST_BLOCKS
        or text_size > 4 * most_characters
    ):
        raise ValueError
    head: Any = json.loads(_receive(child, head_size))
    if "code" in head:
        raise Rejected(head["message"], code=head["code"], remedy=head.get("remedy") or _REMEDY)
    blocks = tuple(load_blocks(_receive(child, blocks_size)))
    text = str(_receive(child, text_size), "utf-8")
    warnings = tuple(Warned(code, message) for code, message in head["warnings"])
    return Document(text, blocks, head["format"], head["title"], warnings, head["words_dropped"])


def _receive(child: socket.socket, size: int) -> bytearray:
    data = bytearray(size)
    view, at = memoryview(data), 0
    while at < size:
        read = child.recv_into(view[at : at + _CHUNK])
        if not read:
            raise EOFError
        at += read
    return data


def _too_complex(kind: str, seconds: float) -> Rejected:
    return Rejected(
        f"the {kind} file takes more time or memory to read than one may",
        code="too_complex",
        remedy="Send a smaller file or its text; the limits are BREVITY_INGEST_EXTRACT_*.",
    )


_REMEDY = "Open the file, save it again without a password, or send its text."
