"""Text of a line as it is read, from what stands on the page from left to right."""

from __future__ import annotations

import re
import unicodedata

RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_MIRROR = str.maketrans("()[]{}<>«»‹›", ")(][}{><»«›‹")
_OPEN, _CLOSED = "([{«‹", ")]}»›"


def logical(pieces: list[str]) -> str:
    """Pieces from left to right, in the order in which they are read.

    All of a line goes from the right, but words of other scripts and numbers in it go from the left.
    """
    text = "".join(pieces)
    letters = RIGHT_TO_LEFT.findall(text)
    latin = sum(unicodedata.bidirectional(character) == "L" for character in text)
    from_right = len(letters) * 2 >= latin
    kinds = [_direction(piece) for piece in pieces]
    foreign = "L" if from_right else "R"
    runs: list[str] = []
    at = 0
    while at < len(pieces):
        end = at + 1
        if kinds[at] == foreign or (from_right and kinds[at] == "N"):
            end = _end_of_run(kinds, at, foreign, numbers=from_right)
        piece = pieces[at:end]
        runs.append("".join(piece if from_right else reversed(piece)))
        at = end
    if not from_right:
        return "".join(runs)
    return _mirrored("".join(reversed(runs)))


def _direction(piece: str) -> str:
    for character in piece:
        kind = unicodedata.bidirectional(character)
        if kind == "L":
            return "L"
        if kind in {"R", "AL"}:
            return "R"
        if kind in {"EN", "AN"}:
            return "N"
        if kind in {"ES", "CS", "ET"}:
            return "S"
    return " "


def _end_of_run(kinds: list[str], start: int, foreign: str, *, numbers: bool) -> int:
    """Past the last piece of a run that goes the other way: blanks and signs belong to it where it goes on behind."""
    end = at = start + 1
    wordy = kinds[start] == foreign
    while at < len(kinds):
        kind = kinds[at]
        if kind == foreign or (numbers and kind == "N"):
            wordy = wordy or kind == foreign
            end = at + 1
        elif (kind == "S" and not wordy) or (kind in " S" and (wordy or foreign in kinds[at + 1 : at + 3])):
            pass
        else:
            break
        at += 1
    return end


def _mirrored(text: str) -> str:
    """Brackets turned round where the file gives them as they look instead of as they are meant."""
    for character in text:
        if character in _OPEN:
            return text
        if character in _CLOSED:
            return text.translate(_MIRROR)
    return text
