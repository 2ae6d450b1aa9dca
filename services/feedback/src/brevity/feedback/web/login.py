"""Signing in and out."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from brevity.common.errors import Rejected
from brevity.common.http.auth import Doorkeeper
from brevity.feedback.web.page import PageRoute, page
from brevity.feedback.web.session import LONGEST_KEY, forget_key, keep_key, local_path, over_https


def login(doors: Doorkeeper) -> APIRouter:
    router = APIRouter(route_class=PageRoute)

    @router.get("/login")
    async def show_form(request: Request, next: str = "/") -> Response:
        if doors.open:
            return RedirectResponse(local_path(next), 303)
        return page(request, "login.html", next=local_path(next), wrong=None)

    @router.post("/login")
    async def sign_in(request: Request) -> Response:
        async with request.form(max_files=0, max_fields=5, max_part_size=16_384) as form:
            key, then = str(form.get("key") or "").strip(), local_path(str(form.get("next") or ""))
        try:
            if not key.isascii() or len(key) > LONGEST_KEY:
                raise Rejected("this key cannot be kept in a cookie", remedy="Ask for a shorter one.")
            await doors.principal({"authorization": f"Bearer {key}"})
        except Rejected as error:
            wrong = f"{error.message[:1].upper()}{error.message[1:]}."
            return page(request, "login.html", 403, next=then, wrong=wrong)
        answer = RedirectResponse(then, 303)
        keep_key(answer, key, secure=over_https(request.headers, request.url.scheme))
        return answer

    @router.post("/logout")
    async def sign_out(request: Request) -> Response:
        answer = RedirectResponse("/login", 303)
        forget_key(answer, secure=over_https(request.headers, request.url.scheme))
        return answer

    return router
