"""Plain text out of files: type by content, then the reader of that type."""
