"""Replay seeds: `python -m tests.simulation SEED [SEED ...]` tells what happened, `FIRST..LAST` runs a range and counts."""

from __future__ import annotations

import logging
import sys
import time

import structlog

from tests.simulation.sweep import quiet, sweep
from tests.simulation.world import World


def main(arguments: list[str]) -> int:
    if not arguments:
        print(__doc__)
        return 2
    failed = 0
    for argument in arguments:
        if ".." in argument:
            first, last = (int(part) for part in argument.split(".."))
            began = time.process_time()
            with quiet():
                found = sweep(range(first, last + 1))
            for verdict in found.failed:
                print(verdict)
            failed += len(found.failed)
            seconds = time.process_time() - began
            print(
                f"{found.seeds} seeds, {found.records} records, {sum(found.faults.values())} faults, {seconds:.1f} s"
            )
            print(dict(found.faults.most_common()))
            continue
        structlog.configure(
            processors=[structlog.processors.ExceptionPrettyPrinter(), structlog.processors.LogfmtRenderer()],
            wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        )
        verdict = World(int(argument), say=print).run()
        print(verdict, dict(verdict.faults))
        failed += not verdict.clean
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
