"""Blocks found in plain text, which stays as it is."""
