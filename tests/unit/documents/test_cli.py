"""`brevity read`, and what it says of each file."""

from __future__ import annotations

import json
from pathlib import Path

import typer
from typer.testing import CliRunner

from brevity.documents.cli import read_command
from brevity.documents.languages import language_of, language_warnings, mixed_languages
from brevity.documents.reading import read

DATA = Path(__file__).parents[2] / "data" / "reading"
APP = typer.Typer()
APP.command()(read_command)


def test_a_folder_is_read_in_one_go_and_what_is_skipped_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("The harbour\n\nIt opened in 1931 and was closed last year.")
    (tmp_path / "b.csv").write_text("a,b\n1,2")
    (tmp_path / "c.TEXT").write_text("A text with an odd suffix holds a few words too.")
    (tmp_path / ".hidden.txt").write_text("Nobody looks here at all.")
    done = CliRunner().invoke(APP, [str(tmp_path), "--json"])
    assert done.exit_code == 0
    first, skipped, last = map(json.loads, done.stdout.splitlines())
    assert (first["kind"], first["title"], first["language"]) == ("text", "The harbour", "en")
    assert first["text"][: first["blocks"][0]["end"]] == "The harbour"
    assert first["warnings"] == []
    assert skipped["error"]["code"] == "unsupported_type"
    assert "CSV" in skipped["error"]["message"]
    assert last["path"].endswith("c.TEXT")


def test_a_file_that_was_named_and_cannot_be_read_is_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("a,b\n1,2")
    done = CliRunner().invoke(APP, [str(path)])
    assert done.exit_code == 1
    assert "CSV data" in done.stderr
    assert CliRunner().invoke(APP, [str(tmp_path / "none.txt")]).exit_code == 1


def test_a_person_sees_blocks_with_their_kinds() -> None:
    done = CliRunner().invoke(APP, [str(DATA / "plain" / "paper.txt")])
    assert "title: Low-Cost Acoustic Monitoring" in done.stdout
    assert "heading 2 | Abstract" in done.stdout


def test_the_language_is_that_of_the_prose_and_a_second_one_is_told() -> None:
    texts = json.loads((DATA / "languages.json").read_text("utf-8"))
    german = read(texts["de"])
    assert language_of(german).tag == "de"
    assert mixed_languages(german) is None
    both = mixed_languages(read(f"{texts['de']}\n\n{texts['fr']}"))
    assert both is not None
    assert both.code == "mixed_languages"


def test_a_language_that_is_a_guess_is_told() -> None:
    document = read("hola que tal")
    assert [each.code for each in language_warnings(document, language_of(document))] == [
        "language_undetermined"
    ]
    sure = read("The ferry to the island sails twice a day in summer.")
    assert language_warnings(sure, language_of(sure)) == []
