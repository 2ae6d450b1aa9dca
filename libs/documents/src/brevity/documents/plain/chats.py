"""Exported chats: `12/05/2023, 14:03 - Ann: text`, `[12.05.23, 14:03:11] Ann: text` and their relatives."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from brevity.documents.model import Block, BlockKind

_DATE = r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\.?"
_TIME = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:[ \u00a0\u202f]?[AaPp]\.?[ \u00a0]?[Mm]\.?)?"
_NAME = r"(?P<name>[^\n:<>\[\]]{1,60}?)"
_HEADS = (
    # WhatsApp of iOS; Telegram and others, copied
    re.compile(
        rf"^[\u200e\u200f\u202a-\u202e]*\[(?:{_DATE},?[ \u00a0\u202f]+{_TIME}|{_TIME},?[ \u00a0\u202f]+{_DATE})\][ \u00a0]*[\u200e\u200f]*(?:~[ \u00a0\u202f]*)?(?:{_NAME}:(?=[ \u00a0\n\u200e]|$)[ \u00a0]?)?",
        re.MULTILINE,
    ),
    # WhatsApp of Android
    re.compile(
        rf"^[\u200e\u200f]*{_DATE},?[ \u00a0\u202f]+(?:(?:at|um|à|alle|às|a las)[ ])?{_TIME}[ \u00a0]+[-–][ \u00a0]+(?:{_NAME}:(?=[ \u00a0\n\u200e]|$)[ \u00a0]?)?",
        re.MULTILINE,
    ),
    # Telegram
    re.compile(rf"^{_NAME}, \[{_DATE},?[ ]+{_TIME}\]:?[ ]?\n?", re.MULTILINE),
    # IRC and Slack logs
    re.compile(rf"^\[?(?:{_DATE}[ T])?{_TIME}\]?[ ]+<[@+~%& ]?(?P<name>[^\s<>]{{1,40}})>[ ]", re.MULTILINE),
    # Discord, Slack and Teams, copied
    re.compile(
        rf"^(?P<name>[^\n:<>\[\]]{{1,40}}?)(?:[ ]+—[ ]+|[ ]{{1,3}})(?:\[?(?:{_DATE},?|Today at|Yesterday at|Heute um|Gestern um|Aujourd’hui à|Hoy a las)[ ]+{_TIME}\]?|\[?\d{{1,2}}:\d{{2}}[ \u00a0\u202f][AP]M\]?)[ ]*\n",
        re.MULTILINE,
    ),
    re.compile(rf"^\[(?:{_DATE}[ ,]+)?{_TIME}\][ ]+{_NAME}[ ]*\n", re.MULTILINE),
    # Zoom
    re.compile(rf"^{_TIME}[ \t]+From[ \t]+{_NAME}[ \t]*(?:[tT]o[ \t]+[^\n:]{{1,60}})?:[ \t\n]", re.MULTILINE),
)
_LEAST = 3
_MOST_LINES_A_MESSAGE = 12
_SYSTEM = re.compile(
    r"^[\u200e\u200f<(\[*_ ]*(?:"
    r"messages and calls are end-to-end|nachrichten und anrufe sind|nachrichten, die du in|les messages et (?:les )?appels sont|los mensajes y (?:las )?llamadas|"
    r"as mensagens e (?:as )?(?:ligações|chamadas)|i messaggi e le chiamate|berichten en oproepen|"
    r"media omitted|medien ausgeschlossen|médias? omis|multimedia omitido|archivo omitido|mídia (?:oculta|omitida)|media omessi|media weggelaten|"
    r"(?:image|video|audio|gif|sticker|document|contact card|photo|imagen|imagem|immagine|bild|foto|vidéo|vídeo|ton|audio|sticker|dokument)[ \u00a0]+"
    r"(?:omitted|weggelassen|absente?|omitid[oa]|ocultad[oa]|omess[oa]|omis)|"
    r"(?:this message was deleted|you deleted this message|diese nachricht wurde gelöscht|du hast diese nachricht gelöscht|ce message a été supprimé|"
    r"vous avez supprimé ce message|se eliminó este mensaje|este mensaje fue eliminado|eliminaste este mensaje|mensagem apagada|questo messaggio è stato eliminato)|"
    r"missed (?:voice|video|group)|(?:verpasster|appel .{0,12}manqué|llamada perdida)|waiting for this message|null$|"
    r"(?:.{1,40}(?:created group|added you|changed the (?:subject|group)|joined using|left$|pinned a message|has joined|joined the (?:group|channel|meeting)))"
    r")",
    re.IGNORECASE,
)
_EDITED = re.compile(
    r"[ \u00a0\u200e]*<(?:this message was edited|diese nachricht wurde bearbeitet|ce message a été modifié|se editó este mensaje)>\s*$",
    re.IGNORECASE,
)


def find_chat(text: str) -> Sequence[Block] | None:
    """Blocks of an exported chat: messages as speech, what the program wrote as furniture; None for any other text.

    Stamps, names and notices of pictures stay in the text, outside of the blocks that sentences are taken from.
    """
    for pattern in _HEADS:
        heads = list(pattern.finditer(text))
        if _is_chat(text, heads):
            return tuple(_blocks(text, heads))
    return None


def _is_chat(text: str, heads: Sequence[re.Match[str]]) -> bool:
    names = Counter(name.strip() for head in heads if (name := head["name"]))
    said = sum(names.values())
    if said < _LEAST or 2 * said < len(heads) or len(names) * 4 > said * 3 + 4 or max(names.values()) < 2:
        return False
    if any(" - " in name or len(name.split()) > 8 for name in names):
        return False
    lines = text.count("\n") + 1
    before = text.count("\n", 0, heads[0].start())
    return before <= max(3, lines // 10) and lines <= _MOST_LINES_A_MESSAGE * len(heads)


def _blocks(text: str, heads: Sequence[re.Match[str]]) -> Iterator[Block]:
    if text[: heads[0].start()].strip():
        yield from _pieces(text, 0, heads[0].start(), BlockKind.FURNITURE, None)
    ends = [head.start() for head in heads[1:]] + [len(text)]
    for head, end in zip(heads, ends, strict=True):
        start = head.end()
        said = text[start:end]
        edited = _EDITED.search(said, max(0, len(said) - 80))
        end = start + edited.start() if edited else end
        name = head["name"]
        system = name is None or _SYSTEM.match(said.lstrip()) is not None
        if system and name is None:
            start = head.end()
        kind = BlockKind.FURNITURE if system else BlockKind.SPEECH
        yield from _pieces(text, start, end, kind, None if system or name is None else " ".join(name.split()))


def _pieces(text: str, start: int, end: int, kind: BlockKind, speaker: str | None) -> Iterator[Block]:
    """The stretch as blocks, one for each of its paragraphs."""
    for paragraph in re.finditer(r"\S(?:[^\n]|\n(?!\n))*", text[start:end]):
        words = paragraph[0].strip(" \t\n\u200e\u200f\u00a0")
        if words:
            begin = start + paragraph.start() + paragraph[0].index(words[0])
            yield Block(kind, begin, begin + len(words), speaker=speaker)
