"""The tests' own measure of memory: a small process that a large one starts is small."""

import subprocess
import sys

CODE = "from tests.support.memory import peak_bytes; print(peak_bytes())"


def test_a_process_is_not_charged_with_the_peak_of_the_one_that_started_it() -> None:
    large = f"import subprocess, sys; held = bytearray(400_000_000); subprocess.run([sys.executable, '-c', {CODE!r}])"
    small = int(subprocess.run([sys.executable, "-c", large], capture_output=True, check=True).stdout)
    assert 2_000_000 < small < 200_000_000
