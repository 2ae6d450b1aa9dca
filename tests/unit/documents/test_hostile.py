"""Hostile files: a clear end within bounded memory, and nobody else's file waits for many of them."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from brevity.common.errors import BrevityError
from brevity.documents import read
from brevity.documents.confined.readers import Readers
from tests.support.hostile import HOSTILE, Case
from tests.support.memory import peak_bytes

QUICK = (
    "combining marks, 240 KB",
    "wide characters, 20 MB",
    "open tags, 5 MB",
    "100,000 attributes, 0.8 MB",
    "DOCX, a cell over 1,000,000 columns",
    "DOCX, 3 MB in a cell over 500 columns",
    "DOCX, 2,000 tables in each other",
    "DOCX, entities of 10^11 words",
    "ZIP in a ZIP",
    "PDF, pages 20,000 deep",
    "PDF, pages in a circle",
    "PDF, arrays 100,000 deep",
)
LIMITS = {"seconds": 5.0, "memory": 201_326_592, "most_characters": 100_000}


@pytest.mark.parametrize("case", [case for case in HOSTILE if case.name in QUICK], ids=lambda case: case.name)
def test_a_hostile_document_has_a_clear_end_and_costs_little(case: Case) -> None:
    data = case.make()
    before, began = peak_bytes(), time.process_time()
    try:
        read(data, case.media_type)
        outcome = "accepted"
    except BrevityError as error:
        outcome = error.code
    assert outcome in case.outcomes
    assert peak_bytes() - before < 300 << 20
    assert time.process_time() - began < 10  # linear: hundredths of it; what was here before took minutes


@pytest.fixture
def reader():
    readers = Readers(at_once=1)
    yield readers
    readers.close()


def test_a_file_does_not_wait_for_all_of_another_senders_files(reader: Readers) -> None:
    ended: list[str] = []

    def send(caller: str, source: str) -> None:
        with contextlib.suppress(BrevityError):  # that it is refused is shown above
            reader.read("html", source.encode(), caller=caller, **LIMITS)
        ended.append(caller)

    reader.read("html", b"<p>warm", **LIMITS)
    slow = [threading.Thread(target=send, args=("hostile", "<div>" * 80_000)) for _ in range(3)]
    for thread in slow:
        thread.start()
    time.sleep(0.3)
    send("honest", "<p>Some words.")
    assert ended.count("hostile") <= 1
    for thread in slow:
        thread.join()


def test_neither_working_directory_nor_environment_decides_what_a_reader_imports(
    reader: Readers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "selectolax").mkdir()
    (tmp_path / "selectolax" / "__init__.py").write_text("raise SystemExit('imported from outside')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert reader.read("html", b"<p>Some words.", **LIMITS).text == "Some words."


def test_readers_come_back_when_what_starts_them_was_killed(reader: Readers) -> None:
    reader.read("html", b"<p>x", **LIMITS)
    process = reader._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert reader.read("html", b"<p>Some words.", **LIMITS).text == "Some words."


def test_a_text_over_the_limit_is_never_taken_from_a_reader(reader: Readers) -> None:
    with pytest.raises(BrevityError) as caught:
        reader.read("html", b"<p>" + b"word " * 100_000, **LIMITS)
    assert caught.value.code == "too_large"
