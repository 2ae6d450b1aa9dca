"""The learning loop: how long it takes, what it gains, what it costs the other domains, and how safe its steps are.

- Time: the demo's own story (`make demo-drift`) on a platform of its own, from the first drifted document to the first
  summary by the new model, by stage.
- Quality: see bench.loop_quality.
- Swaps under load and wrong decisions of the gate: bench.swap and bench.gate, whole.

QUICK=1 leaves the time out, which takes longer than a minute by itself, and takes fewer documents of two domains.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from deploy.local.demo import DemoPlatform, told
from deploy.local.demo_data import Sizes
from deploy.local.demo_loop import Report
from deploy.local.java import free_port
from deploy.local.ports import Ports

from bench import gate, loop_quality, swap
from bench.report import QUICK, finish, show
from brevity.common.cli.terminal import Terminal

SIZES = Sizes()


def turned() -> Report:
    """One turn of the loop on real servers."""
    ports = Ports(*(free_port() for _ in Ports.__slots__))
    with tempfile.TemporaryDirectory() as home:
        platform = DemoPlatform(Path(home), ports, SIZES)
        try:
            platform.start()
            return told(platform, SIZES, Terminal(file=io.StringIO()))
        finally:
            platform.stop()


def show_time(report: Report) -> dict[str, float]:
    """The tables; the seconds together, and without those that the trainer was told to wait."""
    show(
        f"From the first drifted document to the first summary by the new model (debounce set to {SIZES.quiet_seconds:g} s)",
        ["stage", "seconds"],
        [*report.stages, ("together", report.seconds)],
    )
    show(
        "Quality in service, ROUGE-2 (%)",
        ["domain", "documents", "before", "after"],
        [[name, a.documents, 100 * a.rouge2, 100 * b.rouge2] for name, (a, b) in report.quality.items()],
    )
    return {
        "seconds_to_new_model": report.seconds,
        "seconds_to_new_model_without_debounce": report.seconds - SIZES.quiet_seconds,
    }


def show_moves(moves: list[loop_quality.Moved]) -> dict[str, float]:
    """The table; the least gain of a new domain, and the worst ratio of an old one that has enough documents."""
    ceilings = loop_quality.ceilings()
    show(
        "ROUGE-2 (%) of the new domain, champion trained without it",
        ["change: new domain", "documents", "before", "after", "ratio", "± error", "oracle"],
        [
            [m.domain, m.documents, 100 * m.before, 100 * m.after, m.ratio, m.error, 100 * ceilings[m.domain]]
            for m in moves
            if m.new
        ],
    )
    old = [m for m in moves if not m.new]
    show(
        f"ROUGE-2 (%) of the domains that were known (judged from {loop_quality.JUDGED} documents on)",
        ["change", "old domain", "documents", "before", "after", "ratio", "± error"],
        [[m.change, m.domain, m.documents, 100 * m.before, 100 * m.after, m.ratio, m.error] for m in old],
    )
    least = 0 if QUICK else loop_quality.JUDGED
    return {
        "rouge2_gain_min": min(m.ratio for m in moves if m.new),
        "old_domains_worst": min(m.ratio for m in old if m.documents >= least),
    }


def main() -> int:
    moves = loop_quality.moves()
    if not moves:
        print("No data sets found; set DATA_DIR to the folder of the data.", file=sys.stderr)
        return 2
    quality = show_moves(moves)
    wrong = gate.measured()
    swaps = swap.measured()
    finish(
        "loop",
        {
            **quality,
            **{name: swaps[name] for name in ("swap_failed_requests", "swap_p99_ratio", "swaps")},
            **{name: wrong[name] for name in ("gate_false_promotions", "gate_false_refusals")},
            **({} if QUICK else show_time(turned())),
        },
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
