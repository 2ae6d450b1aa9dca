"""The page as a browser without scripts sees it: signing in by the form, and finding things in what comes back; and the
summaries that its tests look at."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
from selectolax.lexbor import LexborHTMLParser, LexborNode

from tests.support.feedback import completed
from tests.support.feedback_service import FeedbackService

NOW = datetime.now(UTC).replace(microsecond=0)
HTML = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
SCRIPT = "<script>alert(1)</script>\"'&"
HARBOUR = completed("harbour").summary_id
HARBOUR_OTHER = completed("harbour", model_version="other-2").summary_id
HOSTILE = completed("hostile", text=f"{SCRIPT}. A storm had broken the pier.").summary_id


@contextmanager
def browser(service: FeedbackService, name: str | None = "anna") -> Generator[httpx.Client]:
    """A client that behaves as a browser does on our pages; signed in as `name`, if any."""
    with httpx.Client(
        base_url=service.address, headers=HTML, trust_env=False, timeout=20, follow_redirects=True
    ) as client:
        if name is not None:
            answer = client.post("/login", data={"key": f"first-{name}-0123456789", "next": "/"})
            assert answer.status_code == 200, answer.text
            assert answer.url.path == "/"
        yield client


def tree(answer: httpx.Response, status: int = 200) -> LexborHTMLParser:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    return LexborHTMLParser(answer.text)


def one(page: LexborHTMLParser, selector: str) -> LexborNode:
    found = page.css(selector)
    assert len(found) == 1, f"{len(found)} of {selector}"
    return found[0]


def words(node: LexborNode) -> str:
    return " ".join(node.text().split())
