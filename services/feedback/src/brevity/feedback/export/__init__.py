"""Summaries as files: PDF, Word, Markdown, JSON lines. Values in, bytes out."""

from brevity.feedback.export.exporting import LIMITS, Gathering, export
from brevity.feedback.export.jsonl import stream_jsonl
from brevity.feedback.export.model import Exported, ExportItem, Format, Review

__all__ = ["LIMITS", "ExportItem", "Exported", "Format", "Gathering", "Review", "export", "stream_jsonl"]
