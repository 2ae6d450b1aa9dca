"""Texts as the tokens that an encoder-decoder model reads, each cut openly where the model's window ends.

Special tokens that stand in a text are read as plain characters. Multilingual models get their language codes: that of
the source before or after its tokens, as their tokenizer puts it, and that of the summary as the decoder's first token.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from brevity.neural.languages import CODES, MT5, Family, base, code_of, family_of, name_of
from brevity.neural.port import GenerationError, Request
from brevity.nlp.language import UNDETERMINED
from brevity.nlp.words import count_words

SHORTEST, LONGEST = 0.6, 1.4
"""A summary's tokens, as shares of what the wanted words take."""
_ROOM_TOKENS = 8
_TOKENS_A_WORD = (1.0, 8.0)
_WINDOW = 1_024
"""For models that say nothing of one and know no positions, such as mT5."""
_UNLIMITED = 1_000_000
"""A tokenizer that was saved without a limit names a number above this."""
_FALLBACK = "en"
"""The code for a text whose language could not be told: every such model has it."""


@dataclass(frozen=True, slots=True)
class Source:
    """A request in tokens.

    `ids` are what the encoder reads, special tokens included; `tokens` of them are the text's. `prompt` are the decoder's
    first tokens after its start. A summary takes `shortest` to `longest` tokens.
    """

    ids: list[int]
    tokens: int
    seen_characters: int
    prompt: tuple[int, ...]
    shortest: int
    longest: int


@dataclass(frozen=True, slots=True)
class _Frame:
    """The special tokens around a text in one language."""

    head: list[int]
    tail: list[int]


class Encoder:
    """Used by one thread at a time: the tokenizers of multilingual models hold the source's language as a state.

    Args:
        config: The model's configuration, as attributes.
        context: A limit on source tokens below the model's own.
        prefix: What is written before each text; None takes what the configuration says (T5: `summarize: `).
        languages: What the model has, where neither its codes nor its family say.
    """

    def __init__(
        self,
        tokenizer: Any,
        config: Any,
        *,
        context: int | None = None,
        prefix: str | None = None,
        languages: frozenset[str] | None = None,
    ) -> None:
        self._tokenizer = tokenizer
        # M2M-100's tokenizer keeps its codes beside its vocabulary.
        self.family: Family | None = family_of(
            {*tokenizer.get_vocab(), *getattr(tokenizer, "lang_token_to_id", ())}
        )
        self._prefix = _prefix(config) if prefix is None else prefix
        self._languages = languages
        self._mt5 = getattr(config, "model_type", None) == "mt5"
        self._window = _window(config, tokenizer, context)
        self._answer = _answer(config, self._window)
        self._frames: dict[str | None, _Frame] = {}
        self._lead = len(self._tokens([self._prefix])[0]["ids"]) if self._prefix else 0
        frame = self._frame(CODES[self.family]["en"] if self.family else None)
        self.context_tokens = self._window - len(frame.head) - len(frame.tail) - self._lead

    def languages(self) -> frozenset[str] | None:
        if self._languages is not None:
            return self._languages
        if self.family is not None:
            return frozenset(CODES[self.family])
        return MT5 if self._mt5 else None

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(found["ids"]) for found in self._tokens(texts, places=False)]

    def encode(self, requests: Sequence[Request]) -> list[Source | GenerationError]:
        """One for each request, in order; `language_not_supported` for a language that the model has no code for."""
        out: list[Source | GenerationError] = []
        found = self._tokens([self._prefix + request.text for request in requests])
        for request, tokens in zip(requests, found, strict=True):
            try:
                out.append(self._source(request, tokens))
            except GenerationError as error:
                out.append(error)
        return out

    def banned(self, expressions: Sequence[str]) -> list[list[int]]:
        """Token sequences of expressions, each within a text and at its beginning."""
        forms = [form for expression in expressions for form in (expression, f" {expression}")]
        sequences = {tuple(found["ids"]) for found in self._tokens(forms)}
        return [list(sequence) for sequence in sorted(sequences) if sequence]

    def decode(self, rows: Sequence[Sequence[int]]) -> list[str]:
        return [text.strip() for text in self._tokenizer.batch_decode(rows, skip_special_tokens=True)]

    def _source(self, request: Request, tokens: Mapping[str, Any]) -> Source:
        written = request.output_language or request.language
        frame = self._frame(self._code(request.language))
        target = self._code(written)
        ids: list[int] = tokens["ids"]
        room = self._window - len(frame.head) - len(frame.tail)
        seen = len(request.text)
        if len(ids) > room:
            ids, end = self._cut(self._prefix + request.text, tokens, room)
            seen = max(0, end - len(self._prefix))
        read = max(1, len(ids) - self._lead)
        low, high = _TOKENS_A_WORD
        ratio = min(high, max(low, read / max(1, count_words(request.text[:seen]))))
        longest = max(1, min(math.ceil(request.words * LONGEST * ratio) + _ROOM_TOKENS, self._answer))
        return Source(
            ids=[*frame.head, *ids, *frame.tail],
            tokens=read,
            seen_characters=seen,
            prompt=() if target is None else (self._tokenizer.convert_tokens_to_ids(target),),
            shortest=min(int(request.words * SHORTEST * ratio), read // 2, longest - 1),
            longest=longest,
        )

    def _code(self, language: str) -> str | None:
        if self.family is None:
            return None
        wanted = _FALLBACK if base(language) == UNDETERMINED else language
        code = code_of(wanted, self.family)
        if code is None:
            raise GenerationError(
                f"the model has no code for {name_of(language)}",
                code="language_not_supported",
                remedy="Serve a model that has the language, or ask for a summary in another.",
            )
        return code

    def _frame(self, code: str | None) -> _Frame:
        """What the tokenizer puts around a text: read off an empty one and a short one, which share its head."""
        if code not in self._frames:
            if code is not None:
                # M2M-100's calls its languages by their bare tags.
                self._tokenizer.src_lang = code.strip("_") if self.family == "m2m100" else code
            empty, short = (list(self._tokenizer(text)["input_ids"]) for text in ("", "a"))
            head = next((n for n, (a, b) in enumerate(zip(empty, short, strict=False)) if a != b), len(empty))
            self._frames[code] = _Frame(empty[:head], empty[head:])
        return self._frames[code]

    def _tokens(self, texts: Sequence[str], *, places: bool = True) -> list[dict[str, Any]]:
        """Token numbers of each text by itself, with their places where they are wanted and the tokenizer tells them."""
        if not texts:
            return []
        placed = places and self._tokenizer.is_fast
        found = self._tokenizer(
            list(texts),
            add_special_tokens=False,
            split_special_tokens=True,
            return_offsets_mapping=placed,
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )
        spots = found["offset_mapping"] if placed else [None] * len(texts)
        return [{"ids": ids, "places": at} for ids, at in zip(found["input_ids"], spots, strict=True)]

    def _cut(self, text: str, tokens: Mapping[str, Any], room: int) -> tuple[list[int], int]:
        """The first `room` tokens, and the character where they end."""
        ids: list[int] = tokens["ids"]
        if tokens["places"] is not None:
            return ids[:room], int(tokens["places"][room - 1][1])
        # Without places: the longest beginning that fits, by bisection; it need not be exact to the character.
        low, high = 0, len(text)
        best: list[int] = []
        while high - low > 1:
            middle = (low + high) // 2
            tried: list[int] = self._tokens([text[:middle]])[0]["ids"]
            if len(tried) <= room:
                low, best = middle, tried
            else:
                high = middle
        return best, low


def _window(config: Any, tokenizer: Any, wanted: int | None) -> int:
    """Most tokens the encoder takes: of its positions, its tokenizer and the settings the least.

    PEGASUS' positions are computed and could go on; past what it was trained with they mean nothing, so they count too.
    """
    names = ("max_encoder_position_embeddings", "max_position_embeddings", "n_positions")
    positions = next((int(value) for name in names if (value := getattr(config, name, None))), None)
    limit = getattr(tokenizer, "model_max_length", None)
    known = [positions, limit if limit and limit < _UNLIMITED else None, wanted]
    return min([int(value) for value in known if value], default=_WINDOW)


def _answer(config: Any, window: int) -> int:
    """Most tokens the decoder writes: its positions, less its start, a language code and the end sign."""
    names = ("max_decoder_position_embeddings", "max_position_embeddings")
    positions = next((int(value) for name in names if (value := getattr(config, name, None))), window)
    return max(1, positions - 3)


def _prefix(config: Any) -> str:
    tasks = getattr(config, "task_specific_params", None) or {}
    said = tasks.get("summarization", {}).get("prefix")
    if said is not None:
        return str(said)
    return "summarize: " if getattr(config, "model_type", None) == "t5" else ""
