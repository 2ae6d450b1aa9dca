"""Reads files of many formats into one document model: a title and blocks in reading order."""
