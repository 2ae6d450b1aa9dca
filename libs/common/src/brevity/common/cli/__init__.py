"""The `brevity` command: one program, assembled from what the installed packages bring."""

from brevity.common.cli.root import main

__all__ = ["main"]
