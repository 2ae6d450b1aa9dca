"""WebVTT and SubRip: what is said, by whom and when, without numbers and timings."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from brevity.documents.budget import Budget
from brevity.documents.characters import decode
from brevity.documents.model import BlockKind, Found, Part

_TIME = r"(?:\d{1,3}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?"
_TIMING = re.compile(rf"^[ \t]*({_TIME})[ \t]*-->[ \t]*({_TIME})[^\n]*$", re.MULTILINE)
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+([^<>]{1,200})>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z0-9][^<>]{0,300}>|\{\\?[^{}\n]{1,60}\}")
_NAME = re.compile(r"^(?:>>\s*)?([^\W\d_][^\n:.!?,;]{0,39}|SPEAKER[_ ]?\d+):\s+(?=\S)")
_DASH = re.compile(r"^[-–—]\s*(?=\S)")
_SOUND = re.compile(r"^(?:[\[(♪♫#*][^\[\]()]*[\])♪♫#*]|[♪♫\s]+)$")
_STOP = re.compile(r"[.!?…。！？؟।][\"'”’»)\]]*$")
_ROLLING = 0.05
"""Seconds between cues of rolling captions, at most."""
_PAUSE = 2.5
"""Seconds of silence that end a turn."""
_LONG = 400
"""Characters of a turn after which the next sentence begins another."""
_LONGEST = 1_500
"""Characters of a turn without a stop."""


@dataclass(slots=True)
class _Said:
    text: str
    speaker: str | None
    start: float
    end: float
    begins: bool = False
    """Whether another speaker begins, whoever it is."""


def read_vtt(data: bytes, budget: Budget, charset: str | None = None) -> Found:
    """Turns of a WebVTT file; speakers from `<v Name>`, else from `Name:` where names return."""
    return _read(data, budget, charset)


def read_srt(data: bytes, budget: Budget, charset: str | None = None) -> Found:
    """Turns of a SubRip file."""
    return _read(data, budget, charset)


def _read(data: bytes, budget: Budget, charset: str | None) -> Found:
    decoded = decode(data, charset)
    text = decoded.text.replace("\r\n", "\n").replace("\r", "\n")
    found = Found([], warnings=list(decoded.warnings))
    said = list(_named(_said(text, found)))
    for turn in _turns(said):
        budget.earn(turn.text)
        found.parts.append(
            Part(BlockKind.SPEECH, turn.text, speaker=turn.speaker, seconds=round(turn.start, 3))
        )
    return found


def _said(text: str, found: Found) -> Iterator[_Said]:
    timings = list(_TIMING.finditer(text))
    before: list[str] = []
    ended = 0.0
    for at, timing in enumerate(timings):
        end = timings[at + 1].start() if at + 1 < len(timings) else len(text)
        lines = _lines(text[timing.end() : end], last=at + 1 == len(timings))
        start, stop = seconds_of(timing[1]), seconds_of(timing[2])
        fresh = _fresh(before, lines) if start - ended < _ROLLING else lines
        before, ended = lines or before, stop
        speaker: str | None = None
        pieces: list[str] = []
        begins = False
        for line in fresh:
            for piece, voice in _voices(line):
                dash = _DASH.match(piece)
                if pieces and ((voice and voice != speaker) or dash):
                    yield _Said(" ".join(pieces), speaker, start, stop, begins)
                    pieces, begins = [], False
                speaker = voice or speaker
                begins = begins or dash is not None
                piece = piece[dash.end() :] if dash else piece
                if _SOUND.match(piece):
                    found.words_dropped += len(piece.split())
                elif piece:
                    pieces.append(piece)
        if pieces:
            yield _Said(" ".join(pieces), speaker, start, stop, begins)


def _lines(body: str, *, last: bool) -> list[str]:
    """The lines of a cue, without the name of the next one."""
    lines = [line.strip() for line in body.split("\n")][1:]  # after the rest of the timing's own line
    if lines and not lines[0]:
        return []
    while lines and not lines[-1]:
        lines.pop()
    if not last and len(lines) > 1 and not lines[-2]:
        lines.pop()  # the number or name of the next cue stands alone above its timing
    kept: list[str] = []
    for line in lines:
        if line.startswith(("NOTE ", "STYLE", "REGION")) or line == "NOTE":
            break
        if line:
            kept.append(line)
    return kept


def _fresh(before: list[str], lines: list[str]) -> list[str]:
    """Lines that did not stand there in the cue before: rolling captions show each line twice."""
    if before and lines:
        for overlap in range(min(len(before), len(lines)), 0, -1):
            if [_plain(line) for line in before[-overlap:]] == [_plain(line) for line in lines[:overlap]]:
                return lines[overlap:]
    return lines


def _plain(line: str) -> str:
    return " ".join(_TAG.sub("", line).split())


def _voices(line: str) -> Iterator[tuple[str, str | None]]:
    """The pieces of a line, each with whom a tag names."""
    end, speaker = 0, None
    for voice in _VOICE.finditer(line):
        if line[end : voice.start()].strip():
            yield _words(line[end : voice.start()]), speaker
        end, speaker = voice.end(), _words(voice[1])
    yield _words(line[end:]), speaker


def _words(text: str) -> str:
    return " ".join(html.unescape(_TAG.sub("", text)).split())


def _named(said: Iterable[_Said]) -> Iterator[_Said]:
    """Speakers by `Name:` where no tag names any, and a name comes again or most cues have one."""
    said = list(said)
    if not any(each.speaker for each in said):
        names = Counter(" ".join(name[1].split()) for each in said if (name := _NAME.match(each.text)))
        total = sum(names.values())
        known = {name for name, count in names.items() if count > 1 or 2 * total > len(said)}
        for each in said:
            name = _NAME.match(each.text)
            if name and " ".join(name[1].split()) in known:
                each.speaker, each.text, each.begins = (
                    " ".join(name[1].split()),
                    each.text[name.end() :],
                    True,
                )
    yield from said


def _turns(said: Iterable[_Said]) -> Iterator[_Said]:
    """Cues of one speaker as one; without names, until a pause or a good length."""
    turn: _Said | None = None
    for each in said:
        if turn is None:
            turn = each
            continue
        same = each.speaker == turn.speaker or (each.speaker is None and not each.begins)
        pause = each.start - turn.end >= _PAUSE and (
            _STOP.search(turn.text[-8:]) is not None or each.speaker is None
        )
        full = len(turn.text) > _LONG and _STOP.search(turn.text[-8:]) is not None
        if not same or (each.begins and not each.speaker) or pause or full or len(turn.text) > _LONGEST:
            yield turn
            if each.speaker is None and not each.begins:
                each.speaker = turn.speaker
            turn = each
        else:
            turn.text, turn.end = f"{turn.text} {each.text}", max(turn.end, each.end)
    if turn is not None:
        yield turn


def seconds_of(time: str) -> float:
    """Of `1:02:03.4`, `2:03,4` and the like."""
    seconds = 0.0
    for part in time.replace(",", ".").split(":"):
        seconds = seconds * 60 + float(part)
    return seconds
