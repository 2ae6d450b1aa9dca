"""Reads files of many formats into one document model: a title and blocks in reading order."""

from brevity.documents.model import Block, BlockKind, Document
from brevity.documents.reading import Limits, read, read_file

__all__ = ["Block", "BlockKind", "Document", "Limits", "read", "read_file"]
