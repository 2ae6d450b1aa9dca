"""Characters are right, or a warning or a refusal says that they may not be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from brevity.common.errors import Rejected
from brevity.documents.characters import decode, of_string

DATA = Path(__file__).parents[2] / "data" / "reading"
TEXTS: dict[str, str] = json.loads((DATA / "languages.json").read_text("utf-8"))
WRITTEN_IN = {
    "de": "cp1252 cp850 mac-roman iso8859-15",
    "fr": "cp1252 cp850 mac-roman",
    "es": "cp1252 cp850",
    "pt": "cp1252",
    "sv": "cp1252 cp850",
    "da": "cp1252 cp850",
    "pl": "cp1250 iso8859-2 cp852",
    "cs": "cp1250 iso8859-2 cp852",
    "hu": "cp1250 iso8859-2",
    "tr": "cp1254",
    "ru": "cp1251 koi8-r cp866 iso8859-5",
    "uk": "cp1251 koi8-u",
    "el": "cp1253 iso8859-7",
    "he": "cp1255",
    "ar": "cp1256 iso8859-6",
    "th": "cp874",
    "ja": "cp932 euc_jp iso2022_jp",
    "zh": "gbk",
    "zh-Hant": "big5",
    "ko": "euc_kr",
}
CASES = [(language, encoding) for language, names in WRITTEN_IN.items() for encoding in names.split()]


@pytest.mark.parametrize(("language", "encoding"), CASES)
def test_an_old_encoding_is_found_without_being_named(language: str, encoding: str) -> None:
    data = TEXTS[language].encode(encoding)
    decoded = decode(data)
    assert decoded.text == data.decode(encoding)
    assert not decoded.warnings


@pytest.mark.parametrize("path", sorted((DATA / "text-encodings").glob("*.txt")), ids=lambda path: path.stem)
def test_text_files_of_many_origins_are_read(path: Path) -> None:
    begins = {
        "cp1251": "Городской совет",
        "gbk": "青石市议会",
        "latin2": "Rada miasta Gródek",
        "sjis": "東雲市",
    }
    text = decode(path.read_bytes()).text
    assert text.startswith(begins.get(path.stem, "Der Gemeinderat von Grünau")), text[:40]


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_read_with_and_without_a_mark(language: str, encoding: str) -> None:
    assert decode(TEXTS[language].encode(encoding)).text == TEXTS[language]


@pytest.mark.parametrize("size", [40, 100])
def test_a_short_text_is_right_or_says_that_it_may_not_be(size: int) -> None:
    silent: list[tuple[str, str]] = []
    for language, encoding in CASES:
        for at in (0, 60):
            data = TEXTS[language][at : at + size].encode(encoding, "ignore")
            try:
                decoded = decode(data)
            except Rejected:
                continue
            if decoded.text != data.decode(encoding) and not decoded.warnings:
                silent.append((language, encoding))
    assert len(silent) <= 0.02 * 2 * len(CASES), silent


def test_a_declared_encoding_wins_unless_it_cannot_be_true() -> None:
    short = "Żółw".encode("cp1250")
    assert decode(short, "windows-1250").text == "Żółw"
    assert decode("Żółw".encode("iso8859-2"), "ISO-8859-2").text == "Żółw"
    assert decode(TEXTS["ru"].encode("koi8-r"), "iso-8859-1").text == TEXTS["ru"]
    assert decode(TEXTS["ru"].encode(), "windows-1251").text == TEXTS["ru"]
    assert decode(TEXTS["ru"].encode("cp1251"), "utf-8").text == TEXTS["ru"]
    assert decode(TEXTS["ru"].encode("cp1251"), "no-such-encoding").text == TEXTS["ru"]


@pytest.mark.parametrize(
    "head",
    [
        '<meta charset="{}">',
        "<html><head><META content='text/html; charset={}' http-equiv=Content-Type>",
        '<?xml version="1.0" encoding="{}"?><html>',
    ],
)
def test_a_page_names_its_encoding(head: str) -> None:
    page = (head.format("windows-1250") + "<p>Żółw").encode("cp1250")
    assert decode(page, markup=True).text.endswith("Żółw")


def test_a_broken_byte_is_told_and_does_not_change_the_rest() -> None:
    data = (TEXTS["de"] * 3).encode()
    decoded = decode(data[:100] + b"\xff" + data[100:])
    assert "müssen künftig anders geheizt" in decoded.text
    assert [warned.code for warned in decoded.warnings] == ["characters_doubtful"]
    assert not decode(data[:-1] + "ü".encode()[:1]).warnings  # cut off at its end


def test_text_that_was_misread_before_it_came_is_told() -> None:
    twice = TEXTS["de"].encode().decode("cp1252")
    assert [warned.code for warned in of_string(twice).warnings] == ["characters_doubtful"]
    assert not any(of_string(text).warnings for text in TEXTS.values())


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (bytes(range(256)) * 10, "binary"),
        (b"\x00\x01\x02\x03" * 300, "binary"),
        (bytes(range(128, 256)) * 9, "not_utf8"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(Rejected) as caught:
        decode(data)
    assert caught.value.code == code
