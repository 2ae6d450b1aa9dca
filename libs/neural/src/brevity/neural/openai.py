"""Models behind any server that speaks OpenAI's chat completions: vLLM, llama.cpp, TGI, hosted ones.

Only the configured address is ever asked: redirects are not followed and proxies of the environment not used. What a
server is slow or too busy for is tried again after a pause; its answers are read up to a limit.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from brevity.neural.answers import clean
from brevity.neural.port import Generated, GenerationError, Request, ServerAway
from brevity.neural.prompts import longest, messages

_BYTES_A_TOKEN = 3
"""A cautious guess without the server's tokenizer: English takes some four bytes a token, Chinese three."""
_TOKENS_A_WORD = 3
_ROOM = 32
_BUSY = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
_REFUSED = frozenset({401, 402, 403, 404})
_CODES_TOO_LONG = ("context_length_exceeded", "string_above_max_length")


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """The server and how it is asked.

    Args:
        base_url: Up to and including `/v1`.
        key: Sent as a bearer token.
        context_tokens: What the model takes, prompt and answer included.
        concurrency: Requests at once.
        tries: Attempts for one request; the pause before the second is `backoff_seconds` and doubles with each further
            one, unless the server names another (up to `timeout_seconds`).
        max_bytes: Largest answer.
        languages: Those the model is said to have, as ISO 639-1 codes; None: nobody says.
    """

    base_url: str
    model: str
    key: str | None = None
    context_tokens: int = 8_192
    answer_tokens: int = 1_024
    concurrency: int = 8
    timeout_seconds: float = 60.0
    tries: int = 4
    backoff_seconds: float = 0.5
    max_bytes: int = 4_194_304
    languages: frozenset[str] | None = None


class _Again(Exception):
    """This attempt failed in a way that another may not."""

    def __init__(self, why: str, pause: float | None = None) -> None:
        super().__init__(why)
        self.pause = pause


class OpenAIGenerator:
    """A `Generator` over HTTP. Tokens of a text are estimated from its bytes; those of answers are the server's own.

    Raises:
        ValueError: `base_url` is not an address.
    """

    def __init__(self, settings: ServerSettings) -> None:
        address = urlsplit(settings.base_url)
        if (
            address.scheme not in ("http", "https")
            or not address.hostname
            or address.query
            or address.fragment
        ):
            raise ValueError(f"{settings.base_url!r} is not the address of a server")
        self._settings = settings
        self.model_version = f"openai-{settings.model}"
        self._answer = max(1, min(settings.answer_tokens, settings.context_tokens // 4))
        head = max(sum(_tokens(m["content"]) + 8 for m in messages(request)) for request in longest())
        self._context = max(16, settings.context_tokens - self._answer - head)
        headers = {"authorization": f"Bearer {settings.key}"} if settings.key else {}
        self._http = httpx.Client(
            headers=headers,
            timeout=httpx.Timeout(settings.timeout_seconds, connect=min(5.0, settings.timeout_seconds)),
            limits=httpx.Limits(max_connections=settings.concurrency),
            follow_redirects=False,
            trust_env=False,
        )
        self._url = settings.base_url.rstrip("/") + "/chat/completions"
        self._pool = ThreadPoolExecutor(settings.concurrency, thread_name_prefix="model-server")
        self._lock = threading.Lock()
        self.usage = {"prompt_tokens": 0, "completion_tokens": 0}
        """Tokens that the server has counted, all answers together."""

    @property
    def context_tokens(self) -> int:
        return self._context

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [_tokens(text) for text in texts]

    def languages(self) -> frozenset[str] | None:
        return self._settings.languages

    def generate(self, requests: Sequence[Request]) -> list[Generated | GenerationError]:
        return list(self._pool.map(self._one, requests))

    def close(self) -> None:
        """Give connections and threads back."""
        self._pool.shutdown()
        self._http.close()

    def _one(self, request: Request) -> Generated | GenerationError:
        settings = self._settings
        answer = min(request.words * _TOKENS_A_WORD + _ROOM, self._answer)
        body = {
            "model": settings.model,
            "messages": messages(request),
            "max_tokens": answer,
            "temperature": 0,
            "seed": 0,
            "stream": False,
        }
        pause, why = settings.backoff_seconds, ""
        for attempt in range(settings.tries):
            try:
                return self._generated(request, self._post(body))
            except GenerationError as error:
                return error
            except _Again as error:
                why = str(error)
                if attempt + 1 < settings.tries:
                    time.sleep(min(settings.timeout_seconds, pause if error.pause is None else error.pause))
                pause *= 2
        return ServerAway(
            f"the model server did not answer after {settings.tries} tries: {why}",
            code="model_server_away",
            remedy="Work resumes by itself when it answers again.",
        )

    def _post(self, body: Mapping[str, Any]) -> dict[str, Any]:
        try:
            with self._http.stream("POST", self._url, json=body) as response:
                data = self._read(response)
                status, headers = response.status_code, response.headers
        except httpx.TimeoutException:
            raise _Again("it took too long") from None
        except httpx.HTTPError as error:
            raise _Again(f"the connection failed ({type(error).__name__})") from None
        if status in _BUSY:
            raise _Again(f"status {status}", _seconds(headers.get("retry-after")))
        if status in _REFUSED:
            raise ServerAway(
                f"the model server refuses the request (status {status})",
                code="model_server_refused",
                remedy="Check BREVITY_MODEL_SERVER_URL, BREVITY_MODEL_SERVER_KEY and the model's name.",
            )
        if status != 200:
            raise _refusal(status, data)
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            raise _Again("its answer is not JSON") from None
        if not isinstance(value, dict):
            raise _Again("its answer is not an object")
        return value

    def _read(self, response: httpx.Response) -> bytes:
        data = bytearray()
        for piece in response.iter_bytes():
            data += piece
            if len(data) > self._settings.max_bytes:
                raise GenerationError(
                    f"the model server's answer has more than {self._settings.max_bytes} bytes",
                    code="model_answer_too_large",
                    remedy="See what the server sends; summaries are a few kilobytes.",
                )
        return bytes(data)

    def _generated(self, request: Request, value: Mapping[str, Any]) -> Generated:
        try:
            choice = value["choices"][0]
            content = choice["message"]["content"]
        except (KeyError, IndexError, TypeError):
            raise _Again("its answer holds no message") from None
        if not isinstance(content, str):
            raise GenerationError(
                "the model wrote no text",
                code="model_refused",
                remedy="The server's filter, or the model, declined this document.",
            )
        text = clean(content, request.style)
        usage = value.get("usage")
        counts = usage if isinstance(usage, dict) else {}
        read, written = counts.get("prompt_tokens"), counts.get("completion_tokens")
        read = read if isinstance(read, int) else _tokens(request.text)
        written = written if isinstance(written, int) else _tokens(content)
        with self._lock:
            self.usage["prompt_tokens"] += read
            self.usage["completion_tokens"] += written
        return Generated(
            text, read, written, len(request.text), finished=choice.get("finish_reason") != "length"
        )


def _tokens(text: str) -> int:
    return -(-len(text.encode("utf-8", "surrogatepass")) // _BYTES_A_TOKEN)


def _seconds(given: str | None) -> float | None:
    """A Retry-After in seconds; dates are not used by model servers."""
    try:
        return max(0.0, float(given)) if given else None
    except ValueError:
        return None


def _refusal(status: int, data: bytes) -> GenerationError:
    text = data[:4_096].decode("utf-8", "replace")
    if status == 413 or any(code in text for code in _CODES_TOO_LONG) or "maximum context length" in text:
        return GenerationError(
            "the model server finds the text too long",
            code="model_context_exceeded",
            remedy="Set BREVITY_MODEL_CONTEXT_TOKENS to what the served model takes.",
        )
    return GenerationError(
        f"the model server does not accept the request (status {status})",
        code="model_request_refused",
        remedy="See the server's log; it may not know one of the parameters.",
    )
