"""The page people read, rate, submit and compare in: made on the server, livened by small modules (docs/page.md)."""

from brevity.feedback.web.routes import OPEN_PATHS, add_page

__all__ = ["OPEN_PATHS", "add_page"]
