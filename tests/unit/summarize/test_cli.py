import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from brevity.common.errors import BrevityError
from brevity.summarize.cli import summarize
from tests.unit.summarize.texts import BRIDGE

APP = typer.Typer(pretty_exceptions_enable=False)
APP.command()(summarize)


def _run(*arguments: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(APP, list(arguments), input=stdin)


def _objects(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def _file(folder: Path, name: str, content: str | bytes) -> str:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


@pytest.mark.parametrize("name", ["note.txt", "note.md"])
def test_a_file_gives_its_summary(tmp_path: Path, name: str) -> None:
    result = _run(_file(tmp_path, name, BRIDGE), "--words", "40")
    assert result.exit_code == 0
    assert 0 < len(result.stdout.split()) <= 40


def test_standard_input_gives_the_same_summary(tmp_path: Path) -> None:
    from_file = _run(_file(tmp_path, "a.txt", BRIDGE), "--words", "40")
    assert _run("-", "--words", "40", stdin=BRIDGE).stdout == from_file.stdout


def test_warnings_go_to_standard_error() -> None:
    result = _run("-", "--language", "und", stdin=BRIDGE)
    assert "language_undetermined" in result.stderr
    assert "language_undetermined" not in result.stdout


def test_json_names_the_source_place_of_each_sentence() -> None:
    [value] = _objects(_run("-", "--words", "40", "--json", stdin=BRIDGE))
    assert value["engine"] == "extractive"
    assert value["model_version"]
    for sentence in value["sentences"]:
        assert BRIDGE[sentence["start"] : sentence["end"]] == sentence["text"]
        assert sentence["spans"][0] == {"start": sentence["start"], "end": sentence["end"]}


def test_lines_come_out_in_order_and_bad_ones_in_their_place(tmp_path: Path) -> None:
    lines = [
        json.dumps({"id": "a", "text": BRIDGE, "words": 40}),
        "{not json",
        "",
        json.dumps(["a", "list"]),
        json.dumps({"id": "no-text"}),
        json.dumps({"id": 7, "text": "A note."}),
        json.dumps({"id": "few", "text": BRIDGE, "words": 1}),
        json.dumps({"id": "empty", "text": " … "}),
        '{"id": "half", "text": "hello \\ud800"}',
        json.dumps({"document_id": "z", "text": BRIDGE}),
    ]
    result = _run(_file(tmp_path, "in.jsonl", "\n".join(lines)), "--words", "60")
    values = _objects(result)
    assert result.exit_code == 1
    assert [value["id"] for value in values] == ["a", None, None, "no-text", 7, "few", "empty", "half", "z"]
    codes = [value.get("error", {}).get("code") for value in values]
    assert codes == [
        None, "not_json", "not_an_object", "bad_line", None, "bad_line", "no_text", "bad_line", None,
    ]  # fmt: skip
    assert all(set(value["error"]) == {"code", "message", "remedy"} for value in values if "error" in value)
    assert "Line 2" in values[1]["error"]["message"]
    assert values[0]["summary_words"] <= 40 < values[-1]["summary_words"] <= 60
    assert "6 documents" in result.stderr


def test_good_lines_end_with_status_0_on_standard_input() -> None:
    result = _run(
        "-", "--jsonl", stdin="".join(json.dumps({"id": i, "text": "A note."}) + "\n" for i in range(40))
    )
    assert result.exit_code == 0
    assert [value["id"] for value in _objects(result)] == list(range(40))


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [("a.txt", b"\xff\xfe\x00", "not_utf8"), ("a.txt", "  ", "no_text"), (None, b"", "unreadable")],
)
def test_an_unusable_file_is_a_clear_error(
    tmp_path: Path, name: str | None, content: str | bytes, code: str
) -> None:
    path = _file(tmp_path, name, content) if name else str(tmp_path / "missing.txt")
    error = _run(path).exception
    assert isinstance(error, BrevityError)
    assert error.code == code


def test_a_wrong_option_is_an_error() -> None:
    assert isinstance(_run("-", "--words", "1", stdin=BRIDGE).exception, BrevityError)
    assert _run("-", "--style", "sonnet", stdin=BRIDGE).exit_code == 2
