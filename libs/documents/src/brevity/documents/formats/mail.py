"""Mail messages (RFC 5322, MIME): headers, the sender's words, what they answer as furniture, attachments by name."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import Message
from itertools import islice

from brevity.documents.budget import Budget
from brevity.documents.characters import decode
from brevity.documents.formats.html import read_html
from brevity.documents.model import BlockKind, Found, Part, Warned
from brevity.documents.normalise import normalise
from brevity.documents.plain.mail import is_furniture, mail_blocks, opens_answered, opens_forwarded
from brevity.nlp.words import count_words

_HEADERS = ("From", "To", "Cc", "Date", "Subject")
_MOST_PARTS = 1_000
_MOST_NAMED = 10
_LONGEST_HEADER = 1_000
_RICHER = 3
"""So many times the words of the plain part are in the HTML part when the former only points to it."""
_FEW_WORDS = 25
_DEEPEST = 3


def read_eml(data: bytes, budget: Budget, charset: str | None = None) -> Found:
    """The message's text, plain where it has a plain part that says as much; its subject as title.

    A message that only holds another is read as that one.
    """
    del charset  # every part names its own
    return _message(message_from_bytes(data, policy=policy.compat32), budget, 0)


def _message(message: Message, budget: Budget, depth: int) -> Found:
    found = Found([], title=_header(message, "Subject") or None)
    for name in _HEADERS:
        value = _header(message, name)
        if value:
            found.parts.append(Part(BlockKind.MAIL_HEADER, budget.earn(f"{name}: {value}")))
    plain, rich, inner, names = _sorted_parts(message)
    body = _body(plain, rich, found, budget)
    if not any(part.kind is not BlockKind.FURNITURE for part in body) and inner and depth < _DEEPEST:
        within = _message(inner[0], budget, depth + 1)
        within.parts[:0] = body
        body, inner = within.parts, inner[1:]
        found.warnings += within.warnings
        found.words_dropped += within.words_dropped
    found.parts += body
    names += [_header(each, "Subject") or "a message" for each in inner]
    if names:
        listed = ", ".join(names[:_MOST_NAMED]) + (" and more" if len(names) > _MOST_NAMED else "")
        count = "1 attachment was" if len(names) == 1 else f"{len(names):,} attachments were"
        found.warnings.append(Warned("attachments_left_out", f"{count} not read: {listed}"))
    return found


def _header(message: Message, name: str) -> str:
    value = message.get(name)
    if value is None:
        return ""
    text = str(value)
    with contextlib.suppress(
        LookupError, ValueError, UnicodeError
    ):  # an encoding that does not exist: as it stands
        text = str(make_header(decode_header(text)))
    return " ".join(text.split())[:_LONGEST_HEADER]


def _sorted_parts(message: Message) -> tuple[list[Message], list[Message], list[Message], list[str]]:
    """Plain texts, HTML texts, messages within, and names of attachments, in order."""
    plain: list[Message] = []
    rich: list[Message] = []
    inner: list[Message] = []
    names: list[str] = []
    for part in islice(_leaves(message), _MOST_PARTS):
        kind = part.get_content_type()
        name = _file_name(part)
        if kind == "message/rfc822":
            inner += [each for each in part.get_payload() if isinstance(each, Message)]  # pyright: ignore
        elif part.get_content_disposition() == "attachment" or (
            name and kind not in ("text/plain", "text/html")
        ):
            if name and not (kind.startswith("image/") and part.get_content_disposition() == "inline"):
                names.append(name)
            elif not name:
                names.append(kind)
        elif kind == "text/plain":
            plain.append(part)
        elif kind == "text/html":
            rich.append(part)
        elif not kind.startswith(("multipart/", "image/")):
            names.append(name or kind)
    return plain, rich, inner, names


def _leaves(message: Message) -> Iterator[Message]:
    """Parts that hold no others; what stands in an attached message is its own."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        payload = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(payload, list):
            waiting += [each for each in reversed(payload) if isinstance(each, Message)]  # pyright: ignore
        else:
            yield part


def _file_name(part: Message) -> str:
    try:
        name = part.get_filename() or ""
        return " ".join(str(make_header(decode_header(name))).split())[:200]
    except (LookupError, ValueError, UnicodeError, TypeError):
        return ""


def _body(plain: Sequence[Message], rich: Sequence[Message], found: Found, budget: Budget) -> list[Part]:
    texts: list[str] = []
    for part in plain:
        decoded = decode(_bytes(part), part.get_content_charset())
        found.warnings += decoded.warnings
        texts.append(_unflowed(decoded.text) if part.get_param("format") == "flowed" else decoded.text)
    text = normalise("\n\n".join(texts))
    pages = [
        read_html(_bytes(part), budget, part.get_content_charset()) for part in rich if _bytes(part).strip()
    ]
    shown = [part for page in pages for part in page.parts]
    words = count_words(text)
    if shown and (not words or sum(count_words(part.text) for part in shown) > _RICHER * words + 15):
        found.words_dropped += sum(page.words_dropped for page in pages)
        found.warnings += [warned for page in pages for warned in page.warnings]
        found.title = found.title or next((page.title for page in pages if page.title), None)
        return list(_labelled(shown))
    budget.earn(text)
    return [Part(block.kind, text[block.start : block.end], block.level) for block in mail_blocks(text)]


def _bytes(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _unflowed(text: str) -> str:
    """Lines that end in a blank go on in the next one (RFC 3676)."""
    lines: list[str] = []
    goes_on = False
    for line in text.replace("\r\n", "\n").split("\n"):
        line = line.removeprefix(" ")
        if goes_on and not line.startswith(">"):
            lines[-1] += line
        else:
            lines.append(line)
        goes_on = line.endswith(" ") and line != "-- "
    return "\n".join(lines)


def _labelled(parts: Sequence[Part]) -> Iterator[Part]:
    """Parts of an HTML mail: what follows the mark of the answered mail is furniture."""
    own, answered = 0, False
    for part in parts:
        forwarded = not answered and own <= _FEW_WORDS and opens_forwarded(part.text)
        if not answered and not forwarded and own and opens_answered(part.text):
            answered = True
        if answered or forwarded or is_furniture(part.text) or part.text.strip() == "--":
            part.kind, part.level = BlockKind.FURNITURE, None
        elif part.kind is not BlockKind.QUOTATION:
            own += count_words(part.text)
        yield part


def warm() -> None:
    """Loads what is loaded at first use."""
    read_eml(
        b"From: =?utf-8?q?x?= <a@b.example>\nSubject: =?iso-8859-1?b?eA==?=\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
        b"--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nWords=20here.\n"
        b"--b\nContent-Type: text/html\nContent-Transfer-Encoding: base64\n\nPHA+eDwvcD4=\n"
        b"--b\nContent-Disposition: attachment; filename*=utf-8''x.pdf\n\nx\n--b--\n",
        Budget.idle(),
    )
