"""Drift monitors beside river's detectors: false alarms, delays and misses over simulated streams of real documents.

Every stream begins with a reference window. Documents then come from one domain, or change to another at once or over
600 documents; ratings stay at 90 % up, or fall to 75 %. A detector's alarm before the change, or in a stream without
one, is false; its first alarm after the change is the detection. In streams without a
change each document is also summarized, rated and corrected. All detectors see the same numbers in the same order and
keep silent for 500 observations after an alarm.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from river.drift import ADWIN, KSWIN

from bench.corpus import DATA_DIR
from bench.drift_streams import MODEL, START, TENANT, Real, Step, Stream, load, streams
from bench.report import QUICK, finish, show
from brevity.common.events import FeedbackRecorded
from brevity.feedback.drift import Monitors, ReferenceDocument, Watch
from brevity.feedback.drift.lexicon import Lexicon
from brevity.feedback.drift.measures import BINS, INPUT

QUIET = 500


class Watcher(Protocol):
    """A detector over one stream."""

    def learn(self, reference: list[Real]) -> None: ...

    def document(self, step: Step) -> int:
        """Alarms raised on the document."""
        ...

    def outcome(self, step: Step, *, rating_alone: bool) -> int:
        """Alarms raised on the rating, and unless that is all, on the summary and its correction."""
        ...


class Brevity:
    """The monitors as the service runs them, over all documents and by tenant and language."""

    def learn(self, reference: list[Real]) -> None:
        documents = [
            ReferenceDocument(f"ref-{n}", TENANT, real.language, START, real.statistics)
            for n, real in enumerate(reference)
        ]
        self._monitors = Monitors.trained_on(documents, model_version=MODEL)

    def document(self, step: Step) -> int:
        real = step.real
        return len(
            self._monitors.observe_statistics(
                f"d-{step.number}", TENANT, real.language, step.at, real.statistics
            )
        )

    def outcome(self, step: Step, *, rating_alone: bool) -> int:
        summary = step.real.summary.model_copy(
            update={"summary_id": f"s-{step.number}", "submitted_at": step.at}
        )
        alarms = [] if rating_alone else self._monitors.observe_summary(summary)
        event = FeedbackRecorded(
            feedback_id=f"f-{step.number}",
            summary_id=f"s-{step.number}",
            document_id=f"d-{step.number}",
            tenant=TENANT,
            rating="up" if step.liked else "down",
            edit_distance=None if rating_alone else step.real.edit_distance,
            reviewer="bench",
            engine="extractive",
            model_version=MODEL,
            language=step.real.language,
            recorded_at=step.at,
        )
        alarms += self._monitors.observe_feedback(event)
        return len(alarms)


class River:
    """One of river's detectors on each statistic that the monitors watch, and one on the ratings."""

    def __init__(self, make: Callable[[int], Any]) -> None:
        self._inputs = [make(n) for n in range(len(INPUT.statistics))]
        self._ratings = make(len(self._inputs))
        self._lexicon = Lexicon()
        self._silent = {"documents": 0, "ratings": 0}

    def learn(self, reference: list[Real]) -> None:
        for number, real in enumerate(reference):
            if number % 2 == 0:
                self._lexicon.learn(real.statistics, real.language)
        for real in reference[1::2]:
            self._update(real)

    def _update(self, real: Real) -> bool:
        values = INPUT.cells(self._lexicon.values(real.statistics, real.language)) / BINS
        for detector, value in zip(self._inputs, values, strict=True):
            detector.update(float(value))
        return any(detector.drift_detected for detector in self._inputs)

    def document(self, step: Step) -> int:
        return self._alarm("documents", self._update(step.real))

    def outcome(self, step: Step, *, rating_alone: bool) -> int:
        self._ratings.update(int(step.liked))
        return self._alarm("ratings", self._ratings.drift_detected)

    def _alarm(self, kind: str, found: bool) -> int:
        if self._silent[kind]:
            self._silent[kind] -= 1
            return 0
        self._silent[kind] = QUIET if found else 0
        return int(found)


DETECTORS: dict[str, Callable[[], Watcher]] = {
    "Brevity": Brevity,
    "ADWIN": lambda: River(lambda n: ADWIN()),
    "KSWIN": lambda: River(lambda n: KSWIN(seed=n)),
}
PEER = "ADWIN"
# KSWIN takes some milliseconds a document: it watches one stream in ten, and none in a quick run.
EVERY = {"KSWIN": 10}


@dataclass
class Tally:
    """What one detector did over the streams of one kind."""

    streams: int = 0
    seen: int = 0
    false_alarms: int = 0
    alarmed: int = 0
    """Streams with a false alarm."""
    delays: list[int] = field(default_factory=list[int])
    missed: int = 0


def watch(make: Callable[[], Watcher], stream: Stream, pools: dict[str, list[Real]], tally: Tally) -> None:
    tally.streams += 1
    watcher = make()
    watcher.learn(stream.reference(pools))
    found: int | None = None
    before = tally.false_alarms
    for step in stream.steps(pools):
        changed = stream.change is not None and step.number >= stream.change
        documents = watcher.document(step) if stream.kind != "ratings fall" else 0
        outcomes = 0
        if stream.kind in ("no drift", "ratings fall"):
            outcomes = watcher.outcome(step, rating_alone=stream.kind == "ratings fall")
        if not changed:
            tally.seen += 1
            tally.false_alarms += documents + outcomes
        elif documents + outcomes:
            found = step.number - (stream.change or 0) + 1
            break
    tally.alarmed += tally.false_alarms > before
    if found is not None:
        tally.delays.append(found)
    elif stream.change is not None:
        tally.missed += 1


def measured(pools: dict[str, list[Real]], chosen: Iterable[Stream]) -> dict[str, dict[str, Tally]]:
    """Tallies by detector and kind of stream."""
    found: dict[str, dict[str, Tally]] = {name: {} for name in DETECTORS}
    for stream in chosen:
        for name, make in DETECTORS.items():
            tally = found[name].setdefault(stream.kind, Tally())
            if name not in EVERY or (stream.seed % EVERY[name] == 0 and not QUICK):
                watch(make, stream, pools, tally)
    return found


EXCHANGEABLE = ("no drift", "abrupt change", "gradual change", "ratings fall")
"""Streams that are so until their change: the guarantee is about these."""


def rate(tallies: dict[str, Tally]) -> float:
    """False alarms per 10,000 documents, over the exchangeable streams until their change."""
    counted = [tallies[kind] for kind in EXCHANGEABLE]
    return 1e4 * sum(t.false_alarms for t in counted) / sum(t.seen for t in counted)


def repeated_votes(runs: int) -> int:
    """Alarms after 27 thumbs-down of one reviewer on one summary, among ratings of 90 % up, over `runs` runs."""
    alarms = 0
    for seed in range(runs):
        draw = np.random.default_rng(seed)
        watch = Watch()
        for number in range(427):
            pressed = number >= 400
            event = FeedbackRecorded(
                feedback_id=f"f-{number}",
                summary_id="s-pressed" if pressed else f"s-{number}",
                document_id=f"d-{number}",
                tenant=TENANT,
                rating="down" if pressed or draw.random() > 0.9 else "up",
                reviewer="pressing" if pressed else "bench",
                engine="extractive",
                model_version="",
                language="en",
                recorded_at=START,
            )
            alarms += len(watch.feedback(event))
    return alarms


def main() -> int:
    pools = load(150 if QUICK else 600)
    if not pools:
        print(f"No data sets in {DATA_DIR}; set DATA_DIR to the folder of the data.", file=sys.stderr)
        return 2
    chosen = streams(QUICK)
    found = measured(pools, chosen)
    table = []
    for kind in dict.fromkeys(stream.kind for stream in chosen):
        for name in DETECTORS:
            t = found[name][kind]
            if not t.streams:
                continue
            delays = (
                [f"{q:,.0f}" for q in (statistics.fmean(t.delays), *np.quantile(t.delays, [0.5, 0.95, 1]))]
                if t.delays
                else ["-"] * 4
            )
            table.append([kind, t.streams, name, t.seen, 1e4 * t.false_alarms / t.seen, *delays, t.missed])
    show(
        f"{len(chosen)} streams",
        ["stream", "streams", "detector", "calm documents", "false alarms per 10,000", "delay, mean", "median", "95 %",
         "most", "missed"],
        table,
    )  # fmt: skip
    ours, peer = found["Brevity"], found[PEER]

    def mean(tallies: dict[str, Tally], kind: str) -> float:
        return statistics.fmean(tallies[kind].delays)

    finish(
        "drift",
        {
            "false_alarms_per_10000": rate(ours),
            "delay_documents": float(np.quantile(ours["abrupt change"].delays, 0.95)),
            "delay_ratings": float(np.quantile(ours["ratings fall"].delays, 0.95)),
            "missed": sum(t.missed for t in ours.values()),
            "delay_vs_peer": max(mean(ours, k) / mean(peer, k) for k in ("abrupt change", "ratings fall")),
            "rhythm_alarms": ours["weekly rhythm"].false_alarms / ours["weekly rhythm"].streams,
            "batch_of_10_alarms": ours["10 odd in a row"].alarmed / ours["10 odd in a row"].streams,
            "repeated_vote_alarms": repeated_votes(5 if QUICK else 40),
            "peer_false_alarms_per_10000": rate(peer),
            "streams": len(chosen),
        },
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
