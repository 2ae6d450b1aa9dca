from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import pytest

from brevity.neural.openai import OpenAIGenerator, ServerSettings
from brevity.neural.port import Generated, GenerationError, Request, ServerAway
from tests.support.chat_server import KEY, MODEL, Seen, chat_server

TEXT = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"


@pytest.fixture(scope="module")
def server() -> Generator[tuple[str, Seen]]:
    with chat_server() as running:
        yield running


@pytest.fixture
def settings(server: tuple[str, Seen]) -> ServerSettings:
    return ServerSettings(
        server[0],
        MODEL,
        KEY,
        concurrency=3,
        timeout_seconds=10.0,
        tries=3,
        backoff_seconds=0.01,
        max_bytes=1_000_000,
    )


def ask(settings: ServerSettings, *texts: str, words: int = 60) -> list[Generated | GenerationError]:
    generator = OpenAIGenerator(settings)
    try:
        return generator.generate([Request(text, "en", words) for text in texts])
    finally:
        generator.close()


def error(answer: Generated | GenerationError) -> GenerationError:
    assert isinstance(answer, GenerationError), answer
    return answer


def test_a_summary_comes_back_cleaned_with_the_servers_own_counts(
    settings: ServerSettings, server: tuple[str, Seen]
) -> None:
    generator = OpenAIGenerator(settings)
    [answer] = generator.generate([Request(TEXT, "en", 60, style="paragraph")])
    assert answer == Generated(" ".join(TEXT.split()[:12]), 14, 12, len(TEXT))
    assert generator.usage == {"prompt_tokens": 14, "completion_tokens": 12}
    assert generator.model_version == f"openai-{MODEL}"
    generator.close()
    body = server[1].bodies[-1]
    assert (body["model"], body["temperature"], body["seed"], body["stream"]) == (MODEL, 0, 0, False)
    assert body["max_tokens"] == 212


@pytest.mark.parametrize("word", ["busy", "broken", "empty"])
def test_what_passes_is_tried_again(settings: ServerSettings, word: str) -> None:
    assert isinstance(ask(settings, f"{word} and then {TEXT}")[0], Generated)


def test_a_server_that_stays_down_holds_the_document_and_no_other(
    settings: ServerSettings, server: tuple[str, Seen]
) -> None:
    good, down = ask(settings, TEXT + " .", "down for good")
    assert isinstance(good, Generated)
    away = error(down)
    assert isinstance(away, ServerAway)
    assert (away.code, away.transient) == ("model_server_away", True)
    assert "status 503" in str(away)
    assert server[1].tries["down for good"] == 3


def test_a_server_that_is_slow_is_given_up(settings: ServerSettings) -> None:
    [answer] = ask(replace(settings, timeout_seconds=0.1, tries=2), "slow one")
    assert "took too long" in str(error(answer))


def test_a_server_that_is_not_there_is_away(settings: ServerSettings) -> None:
    [answer] = ask(replace(settings, base_url="http://127.0.0.1:9/v1", tries=1), TEXT)
    assert isinstance(answer, ServerAway)


def test_a_wrong_key_is_no_documents_fault(settings: ServerSettings) -> None:
    [answer] = ask(replace(settings, key="wrong"), TEXT)
    assert isinstance(answer, ServerAway)
    assert answer.code == "model_server_refused"
    assert "BREVITY_MODEL_SERVER_KEY" in answer.remedy
    assert KEY not in str(answer)


def test_a_redirect_is_never_followed(settings: ServerSettings, server: tuple[str, Seen]) -> None:
    [answer] = ask(settings, "redirect me")
    assert error(answer).code == "model_request_refused"
    assert server[1].elsewhere == 0


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("long", "model_context_exceeded"),
        ("odd", "model_request_refused"),
        ("huge", "model_answer_too_large"),
        ("refused", "model_refused"),
    ],
)
def test_what_will_not_pass_is_not_tried_again(
    settings: ServerSettings, server: tuple[str, Seen], word: str, code: str
) -> None:
    text = f"{word} text"
    [answer] = ask(settings, text)
    assert (error(answer).code, error(answer).transient) == (code, False)
    assert server[1].tries[text] == 1


def test_an_answer_that_was_cut_says_so(settings: ServerSettings) -> None:
    [answer] = ask(settings, "cut off here")
    assert isinstance(answer, Generated)
    assert not answer.finished


def test_as_many_at_once_as_allowed_and_in_order(settings: ServerSettings, server: tuple[str, Seen]) -> None:
    texts = [f"overlap number {n}" for n in range(9)]
    answers = ask(settings, *texts)
    assert [answer.text for answer in answers if isinstance(answer, Generated)] == texts
    assert 1 < server[1].most_at_once <= 3


def test_proxies_of_the_environment_are_not_used(
    settings: ServerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert isinstance(ask(settings, TEXT)[0], Generated)


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "ftp://x/v1", "vllm:8000/v1", "http://", "http://x/v1?y=1", ""]
)
def test_only_an_address_of_a_server_is_taken(address: str) -> None:
    with pytest.raises(ValueError, match="not the address"):
        OpenAIGenerator(ServerSettings(address, MODEL))


def test_the_context_keeps_room_for_prompt_and_answer() -> None:
    generator = OpenAIGenerator(ServerSettings("http://127.0.0.1:9/v1", MODEL, context_tokens=8_192))
    assert 4_000 < generator.context_tokens < 8_192 - 1_024
    assert generator.count_tokens(["", "abc", "abcd", "水水"]) == [0, 1, 2, 2]
    generator.close()
