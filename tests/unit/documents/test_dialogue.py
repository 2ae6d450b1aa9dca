"""Subtitles, transcripts with times and exported chats: who says what and when, and nothing else."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from brevity.documents import BlockKind, Document, read
from brevity.documents.budget import Budget
from brevity.documents.building import build
from brevity.documents.characters import Decoded
from brevity.documents.formats.subtitles import read_srt, read_vtt
from brevity.documents.formats.text import document_of
from brevity.documents.normalise import normalise
from brevity.documents.plain.chats import find_chat
from brevity.documents.plain.timed import find_timed

Said = tuple[str | None, float | None, str]


def said(document: Document) -> list[Said]:
    return [
        (block.speaker, block.seconds, document.text[block.start : block.end])
        for block in document.blocks
        if block.kind is BlockKind.SPEECH
    ]


def plain(text: str) -> Document:
    return document_of(Decoded(text, "utf-8"))


def vtt(text: str) -> Document:
    return build(read_vtt(text.encode(), Budget.idle()), "vtt")


def srt(text: str) -> Document:
    return build(read_srt(text.encode(), Budget.idle()), "srt")


def test_voices_of_webvtt_are_speakers_and_cues_of_one_are_a_turn() -> None:
    document = vtt(
        "WEBVTT - Meeting\nKind: captions\n\nNOTE made by a machine\n\nSTYLE\n::cue { color: red }\n\nab12-0/0-0\n"
        "00:00:00.000 --> 00:00:07.100 align:start\n<v Aline Brandt>Good <i>morning</i>, let us</v>\n\nab12-1/1-0\n"
        "00:07.100 --> 00:14.200\n<v.loud Aline Brandt>begin &amp; see.</v>\n\nab12-2\n01:00:14.200 --> 01:00:20.000\n"
        "<v Tom Okafor>We are <00:00:15.000><c>over</c>.</v>\n[Music]\n\n01:00:20.100 --> 01:00:20.900\n\n01:00:21.000 --> 01:00:24.000\n<v Tom Okafor>Really."
    )
    assert said(document) == [
        ("Aline Brandt", 0.0, "Good morning, let us begin & see."),
        ("Tom Okafor", 3614.2, "We are over. Really."),
    ]
    assert document.words_dropped == 1


def test_names_before_colons_are_speakers_where_they_return() -> None:
    document = vtt(
        "WEBVTT\n\n1\n00:00.000 --> 00:02.000\nAnn: Shall we start?\n\n2\n00:02.000 --> 00:04.000\nBob: One thing: the lift.\n\n"
        "3\n00:04.000 --> 00:06.000\nIt is too dear.\n\n4\n00:06.000 --> 00:08.000\nAnn: Yes.\n"
    )
    assert said(document) == [
        ("Ann", 0.0, "Shall we start?"),
        ("Bob", 2.0, "One thing: the lift. It is too dear."),
        ("Ann", 6.0, "Yes."),
    ]


def test_subrip_loses_its_numbers_tags_and_line_ends() -> None:
    document = srt(
        "1\r\n00:00:01,000 --> 00:00:03,000\r\n{\\an8}<font color=red>The town will close\r\nits plant in 2026.</font>\r\n\r\n2\r\n"
        "00:00:03,100 --> 00:00:05,000\r\nThe council agreed.\r\n\r\n3\r\n00:00:30,000 --> 00:00:31,000\r\n- Really?\r\n- Yes.\r\n"
    )
    assert said(document) == [
        (None, 1.0, "The town will close its plant in 2026. The council agreed."),
        (None, 30.0, "Really?"),
        (None, 30.0, "Yes."),
    ]


def test_rolling_captions_are_read_once() -> None:
    document = vtt(
        "WEBVTT\n\n00:00.000 --> 00:02.000\nthe town will close\n\n00:02.000 --> 00:04.000\nthe town will close\nits last plant\n\n"
        "00:04.000 --> 00:06.000\nits last plant\nin October\n"
    )
    assert [text for _, _, text in said(document)] == ["the town will close its last plant in October"]


def test_subtitles_without_names_or_stops_are_cut_by_pauses_and_length() -> None:
    cues = "".join(
        f"00:{n // 20:02}:{n % 20 * 3:02}.000 --> 00:{n // 20:02}:{n % 20 * 3 + 2:02}.900\nwords of the speech that goes on\n\n"
        for n in range(200)
    )
    turns = said(vtt(f"WEBVTT\n\n{cues}"))
    assert 3 < len(turns) < 20


@pytest.mark.parametrize(
    "text",
    [
        "00:01:12 Ann: Shall we\nbegin?\n00:01:15 Bob Lee: Yes: now.\n00:01:20 Ann: Good.",
        "[00:01:12] Ann: Shall we\nbegin?\n[00:01:15] Bob Lee: Yes: now.\n[00:01:20] Ann: Good.",
        "Ann  1:12\nShall we\nbegin?\n\nBob Lee  1:15\nYes: now.\n\nAnn  1:20\nGood.",
        "Ann (01:12): Shall we\nbegin?\nBob Lee (01:15): Yes: now.\nAnn (01:20): Good.",
        "Ann [01:12]\nShall we\nbegin?\n\nBob Lee [01:15]\nYes: now.\n\nAnn [01:20]\nGood.",
        "01:12\nAnn\nShall we\nbegin?\n\n01:15\nBob Lee\nYes: now.\n\n01:20\nAnn\nGood.",
        "Ann\n1:12\nShall we\nbegin?\n\nBob Lee\n1:15\nYes: now.\n\nAnn\n1:20\nGood.",
        "00:01:12.000 --> 00:01:14.000\nAnn\nShall we\nbegin?\n\n00:01:15.000 --> 00:01:17.000\nBob Lee\nYes: now.\n\n00:01:20.000 --> 00:01:22.000\nAnn\nGood.",
    ],
)
def test_transcripts_with_times_are_speech(text: str) -> None:
    document = plain(f"Meeting of the clinic\n\n{text}")
    assert said(document) == [
        ("Ann", 72.0, "Shall we\nbegin?"),
        ("Bob Lee", 75.0, "Yes: now."),
        ("Ann", 80.0, "Good."),
    ]
    assert document.format == "transcript"
    assert document.text == normalise(f"Meeting of the clinic\n\n{text}")


def test_times_alone_are_a_transcript_without_names() -> None:
    lines = [
        "hello everybody",
        "today we talk about heat",
        "and about pumps",
        "in the river",
        "of Brackwater",
    ]
    document = plain("\n".join(f"0:{4 * n:02}\n{line}" for n, line in enumerate(lines)))
    assert said(document) == [(None, 4.0 * n, line) for n, line in enumerate(lines)]


ANDROID = "{date}, {time} - {rest}"
IOS = "[{date}, {time}:05] {rest}"


@pytest.mark.parametrize("form", [ANDROID, IOS, "\u200e" + IOS])
@pytest.mark.parametrize(
    ("date", "clock"),
    [
        ("11/15/25", "6:0{} PM"),
        ("15.11.25", "18:0{}"),
        ("2025-11-15", "18:0{}"),
        ("15/11/2025", "6:0{}\u202fp.m."),
    ],
)
def test_exported_chats_are_speech_without_stamps_and_notices(form: str, date: str, clock: str) -> None:
    if form != ANDROID and "p" in clock.lower():
        form = "[{date}, {time}] {rest}"
    rests = [
        "Mia: \u200eMessages and calls are end-to-end encrypted. No one outside of this chat can read them.",
        "Mia: still going to the lake? 🏕️",
        "Jo: yes: train at 10\nfrom the main station\n\nplatform 2",
        "Sam: <Media omitted>",
        "Mia: \u200eimage omitted",
        "Sam: I take the stove <This message was edited>",
        "Jo: Diese Nachricht wurde gelöscht.",
    ]
    text = "\n".join(form.format(date=date, time=clock.format(n), rest=rest) for n, rest in enumerate(rests))
    document = plain(text)
    assert document.format == "chat"
    assert said(document) == [
        ("Mia", None, "still going to the lake? 🏕️"),
        ("Jo", None, "yes: train at 10\nfrom the main station"),
        ("Jo", None, "platform 2"),
        ("Sam", None, "I take the stove"),
    ]
    furniture = [document.text[b.start : b.end] for b in document.blocks if b.kind is BlockKind.FURNITURE]
    assert len(furniture) == 4
    assert document.text == normalise(text)


@pytest.mark.parametrize(
    "text",
    [
        "Mia, [15.11.25 18:00]\nwho has a tent?\n\nJo, [15.11.25 18:01]\nI do\n\nMia, [15.11.25 18:02]\ngood",
        "[18:00] <Mia> who has a tent?\n[18:01] <Jo> I do\n[18:02] <Mia> good",
        "[18:00] Mia\nwho has a tent?\n[18:01] Jo\nI do\n[18:02] Mia\ngood",
        "Mia — 11/15/2025 6:00 PM\nwho has a tent?\nJo — 11/15/2025 6:01 PM\nI do\nMia — Today at 6:02 PM\ngood",
        "Mia  6:00 PM\nwho has a tent?\nJo  6:01 PM\nI do\nMia  6:02 PM\ngood",
        "18:00:01 From Mia to Everyone:\nwho has a tent?\n18:00:05 From Jo to Everyone:\nI do\n18:00:09 From Mia to Everyone:\ngood",
    ],
    ids=["telegram", "irc", "teams", "discord", "slack", "zoom"],
)
def test_chats_of_other_programs_are_speech(text: str) -> None:
    assert [(speaker, words) for speaker, _, words in said(plain(text))] == [
        ("Mia", "who has a tent?"),
        ("Jo", "I do"),
        ("Mia", "good"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Programme\n09:00 Welcome: coffee\n09:30 Keynote: the pumps\n10:30 Break: more coffee\n11:00 Panel: what next",
        "1. Term: this contract begins in May.\n2. Price: 40 crowns.\n3. Term: it ends in June.\n4. Notice: a month.",
        "The rose is red:\nthe violet blue.\n\nThe night is young:\nand so are you.\n\nThe day is long:\nthe day is new.",
        "At 10:30 the council met. At 11:45 it voted.\nBy 12:10 all was over, and at 13:00 people went home.",
        "2025-05-12 14:03:11 ERROR store: disk full\n2025-05-12 14:03:12 INFO store: retry\n2025-05-12 14:03:13 INFO store: done",
        "1:1 In the beginning was a town.\n1:2 And the town was cold.\n1:3 And a plant was built.\n1:4 It was warm.\n1:5 And good.",
        "Paris 2:1\nLyon 1:1\nParis 3:0\nLille 0:2",
        "12/05/2023 - Invoice: 40 crowns\n13/05/2023 - Invoice: 50 crowns\n14/05/2023 - Refund: 10 crowns",
    ],
)
def test_other_texts_are_neither_chats_nor_transcripts_with_times(text: str) -> None:
    assert find_chat(normalise(text)) is None
    assert find_timed(normalise(text)) is None


def test_prose_is_neither() -> None:
    samples = Path(__file__).parents[3] / "samples"
    for path in samples.rglob("*.txt"):
        text = normalise(path.read_text("utf-8"))
        assert find_chat(text) is None, path
        assert find_timed(text) is None, path


def test_subtitle_files_are_read_through_the_door() -> None:
    data = b"WEBVTT\n\n00:00.000 --> 00:02.000\n<v Ann>The town will close its plant in October.\n"
    document = read(data)
    assert (document.format, document.blocks[0].speaker) == ("vtt", "Ann")
    document = read(b"1\n00:00:01,000 --> 00:00:03,000\nThe town will close its plant.\n", name="talk.srt")
    assert (document.format, document.text) == ("srt", "The town will close its plant.")


@pytest.mark.parametrize(
    "text",
    [
        "12/05/2023, 14:03 - " * 30_000,
        "[12.05.23, 14:03:11] " * 30_000 + "\n" * 50_000,
        "00:01:12 Ann " * 40_000,
        "A" * 400_000,
        ("Ann" + " " * 40 + "\n") * 3_000,
        "[" * 200_000,
        "0:12\n" * 30_000,
        "00:00.000 --> 00:02.000\n" * 6_000,
        "<v " * 100_000,
    ],
)
def test_hostile_texts_take_linear_time(text: str) -> None:
    before = time.process_time()
    find_chat(text)
    find_timed(text)
    vtt(text)
    assert time.process_time() - before < 6
