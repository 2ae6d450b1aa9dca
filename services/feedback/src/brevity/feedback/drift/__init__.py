"""Drift monitors: sequential tests with a stated false-alarm rate on what comes in and how well it is summarized."""

from brevity.feedback.drift.alarm import Alarm
from brevity.feedback.drift.monitors import Monitors, ReferenceDocument
from brevity.feedback.drift.scope import DriftSettings
from brevity.feedback.drift.series import Peak, PointKey
from brevity.feedback.drift.text import TextStatistics, measure
from brevity.feedback.drift.watch import Watch

__all__ = [
    "Alarm",
    "DriftSettings",
    "Monitors",
    "Peak",
    "PointKey",
    "ReferenceDocument",
    "TextStatistics",
    "Watch",
    "measure",
]
