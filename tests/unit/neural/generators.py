"""Small real generators: they read as many words as their context has, and write sentences of what they read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from brevity.neural.port import Generated, GenerationError, Request
from brevity.nlp.extractive import ExtractiveSummarizer
from brevity.nlp.words import count_words, first_words


class Words:
    """A generator whose tokens are words. `write` makes the answer from the request, cut to what was read."""

    model_version = "words-1"

    def __init__(
        self,
        context: int,
        write: Callable[[Request], str],
        *,
        languages: frozenset[str] | None = None,
        fails: Callable[[Request], GenerationError | None] = lambda request: None,
    ) -> None:
        self.context_tokens = context
        self._write = write
        self._languages = languages
        self._fails = fails
        self.calls: list[list[Request]] = []
        self.read = self.written = 0

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [count_words(text) for text in texts]

    def languages(self) -> frozenset[str] | None:
        return self._languages

    def generate(self, requests: Sequence[Request]) -> list[Generated | GenerationError]:
        self.calls.append(list(requests))
        return [self._one(request) for request in requests]

    def _one(self, request: Request) -> Generated | GenerationError:
        error = self._fails(request)
        if error is not None:
            return error
        seen = first_words(request.text, self.context_tokens)
        read = request.text[:seen]
        text = self._write(
            Request(read, request.language, request.words, style=request.style, avoid=request.avoid)
        )
        tokens = count_words(read), count_words(text)
        self.read += tokens[0]
        self.written += tokens[1]
        return Generated(text, *tokens, seen)


_SUMMARIZER = ExtractiveSummarizer.load()


def extract(request: Request) -> str:
    """The best sentences of the text, by the bundled extractive model."""
    return _SUMMARIZER.summarize(
        request.text, language=request.language, words=request.words, style=request.style
    ).text


def lead(request: Request) -> str:
    """The first words of the text: the cheapest honest summary."""
    return request.text[: first_words(request.text, request.words)]
