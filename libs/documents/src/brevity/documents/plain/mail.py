"""Mail as plain text: the sender's own words apart from answered mail, signatures and disclaimers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from brevity.documents.model import Block, BlockKind
from brevity.documents.plain.finding import find_blocks

_INTRO = re.compile(
    r"^\W{0,3}(?:On|Am|Le|El|Il|Op|Em|Den|Dne|W dniu|Dnia)\b[^\n]{4,200}\b"
    r"(?:wrote|schrieb(?: [^\n]{1,80})?|a écrit|escribió|ha scritto|schreef(?: [^\n]{1,80})?|escreveu|skrev|napsal\(?a?\)?|napisał\(?a?\)?)\s?:?\s*$"
    r"|^[^\n]{2,80}\b(?:wrote|schrieb|a écrit|escribió|ha scritto|писал\(?а?\)?|写道|のメール)\s?:\s*$",
    re.IGNORECASE,
)
_VERBS = (
    "wrote",
    "schrieb",
    "crit",
    "escribi",
    "scritto",
    "schreef",
    "escreveu",
    "skrev",
    "napsal",
    "napisa",
    "писал",
    "写道",
    "のメール",
)
_INTRO_BEGINS = re.compile(
    r"^\W{0,3}(?:On|Am|Le|El|Il|Op|Em|Den)\b[^\n]*(?:\d{1,2}[:.]\d{2}|\d{4}|@|<)", re.IGNORECASE
)
_ANSWERED = re.compile(
    r"^\s*[-_*=]{2,}\s*(?:Original Message|Original Appointment|Ursprüngliche Nachricht|Originalnachricht|Message d['’]origine|Message original|"
    r"Mensaje original|Messaggio originale|Oorspronkelijk bericht|Mensagem original|Original-Nachricht|Reply message)\s*[-_*=]{0,}\s*$",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"^\s*[-_*=]{2,}\s*(?:Forwarded message|Weitergeleitete Nachricht|Message (?:transféré|réexpédié)|Mensaje reenviado|Messaggio inoltrato|"
    r"Forwarded by [^\n]{1,80}|Mensagem encaminhada)\s*[-_*=]{0,}\s*$"
    r"|^(?:Begin forwarded message|Anfang der weitergeleiteten (?:Nachricht|E-Mail)|Début du message (?:transféré|réexpédié)|Inicio del mensaje reenviado):?\s*$",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"^\s*[*_]{0,2}(?P<name>From|Von|De|Da|Van|Sent|Gesendet|Envoyé|Enviado(?: el)?|Inviato|Verzonden|Date|Datum|Fecha|Data|To|An|À|Para|A|Aan|Cc|Bcc|Kopie|"
    r"Subject|Betreff|Objet|Asunto|Oggetto|Onderwerp|Assunto|Reply-To|Antwort an|Message-ID|Attachments|Anlagen|Importance)[*_]{0,2}\s?:[*_]{0,2}(?:\s|$)",
    re.IGNORECASE,
)
_SENDER = frozenset(("from", "von", "de", "da", "van"))
_SUBJECT = frozenset(
    (
        "subject",
        "betreff",
        "objet",
        "asunto",
        "oggetto",
        "onderwerp",
        "assunto",
        "sent",
        "gesendet",
        "envoyé",
        "enviado",
        "enviado el",
        "inviato",
        "verzonden",
        "date",
        "datum",
        "fecha",
        "data",
    )
)
_DASHES = re.compile(r"^(?:--|—|__)\s*$")
_SENT_FROM = re.compile(
    r"^\W{0,3}(?:Sent (?:from|via) (?:my|the|Outlook|Mail|Yahoo|ProtonMail|Proton)|Get Outlook for|Von meinem [^\n]{1,40} gesendet|Gesendet (?:von|mit) |"
    r"Envoyé (?:de|depuis) mon|Envoyé à partir|Enviado (?:desde|do) (?:mi|meu)|Inviato da|Verzonden (?:vanaf|met) mijn|Diese Nachricht wurde von meinem)",
    re.IGNORECASE,
)
_SIGN_OFF = re.compile(
    r"^(?:(?:kind(?:est)?|best|warm(?:est)?|many)? ?regards|best(?: wishes)?|all the best|cheers|thanks(?: again| a lot| and regards)?|many thanks|thank you|sincerely"
    r"|yours(?: (?:sincerely|faithfully|truly))?|take care|(?:mit )?(?:freundlichen?|besten?|herzlichen?|lieben?|viele|liebe|beste|schöne) grü(?:ß|ss)e?n?"
    r"|(?:viele |liebe )?grü(?:ß|ss)e(?: aus [^\n]{1,30})?|mfg|lg|vg|gruß|cordialement|bien (?:cordialement|à vous|à toi)|(?:meilleures |sincères )?salutations|amicalement"
    r"|(?:un )?(?:cordial )?saludos?(?: cordiales)?|atentamente|un abrazo|cordiali saluti|distinti saluti|met vriendelijke groet(?:en)?|atenciosamente|abraços?)\W*$",
    re.IGNORECASE,
)
_DISCLAIMER = re.compile(
    r"confidential|legally privileged|intended (?:recipient|solely|only)|received (?:this|it) in error|any (?:disclosure|unauthori[sz]ed)|before printing|virus"
    r"|vertraulich|irrtümlich|bestimmungsgemäße|unbefugte|rechtlich geschützt|confidentiel|destinataire|par erreur|avant d['’]imprimer"
    r"|confidencial|destinatario|por error|antes de imprimir|riservat|per errore|vertrouwelijk|geadresseerde",
    re.IGNORECASE,
)
_LONGEST_SIGNATURE = 12
_FEW_WORDS = 25
"""Of a sender who only passes a message on."""


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    text: str
    kind: BlockKind = BlockKind.PARAGRAPH


def find_mail(text: str) -> Sequence[Block] | None:
    """Blocks of a mail with what it answers, or with its headers; None for any other text."""
    lines = list(_lines(text))
    if not _is_mail(lines):
        return None
    return tuple(mail_blocks(text))


def mail_blocks(text: str) -> Iterator[Block]:
    """Blocks of a text that is known to be a mail's."""
    lines = _labelled(list(_lines(text)))
    start = 0
    while start < len(lines):
        end = start
        while end < len(lines) and lines[end].kind is lines[start].kind:
            end += 1
        yield from _blocks(text, lines[start:end])
        start = end


def is_furniture(text: str) -> bool:
    """Whether a paragraph of a mail is a disclaimer or names the program that sent it."""
    return (
        _SENT_FROM.match(text) is not None
        or (len(set(map(str.lower, _DISCLAIMER.findall(text)))) > 1 and len(text) < 3_000)
        or ("before printing" in text.lower() and len(text) < 200)
    )


def opens_answered(text: str) -> bool:
    """Whether a paragraph says that the answered mail follows."""
    lines = text.strip().split("\n")
    return (
        any(_ANSWERED.match(line) for line in lines)
        or _INTRO.match(" ".join(lines)) is not None
        or _has_headers(lines)
    )


def opens_forwarded(text: str) -> bool:
    """Whether a paragraph says that a message follows which is passed on."""
    return any(_FORWARDED.match(line) for line in text.split("\n"))


def _lines(text: str) -> Iterator[_Line]:
    start = 0
    for line in text.split("\n"):
        yield _Line(start, start + len(line), line)
        start += len(line) + 1


def _is_mail(lines: Sequence[_Line]) -> bool:
    for at, line in enumerate(lines):
        if not line.text:
            continue
        if _ANSWERED.match(line.text) or _FORWARDED.match(line.text):
            return True
        if _begins_headers(lines, at) and _headers(lines, at) > at:
            return True
        if _intro(lines, at) and any(each.text.startswith(">") for each in lines[at + 1 : at + 6]):
            return True
    return False


def _headers(lines: Sequence[_Line], at: int) -> int:
    """Where a block of headers that begins at `at` ends; `at` itself where none does."""
    names: set[str] = set()
    end = at
    for place in range(at, min(len(lines), at + 15)):
        header = _HEADER.match(lines[place].text)
        if header:
            names.add(header["name"].lower())
            end = place + 1
        elif not lines[place].text.strip() or not names or place > end:
            break
    return end if _are_headers(names) else at


def _has_headers(lines: Sequence[str]) -> bool:
    return _are_headers({header["name"].lower() for line in lines[:15] if (header := _HEADER.match(line))})


def _are_headers(names: set[str]) -> bool:
    return len(names) > 2 and not names.isdisjoint(_SENDER) and not names.isdisjoint(_SUBJECT)


def _intro(lines: Sequence[_Line], at: int) -> int:
    """How many lines from `at` say who wrote what follows."""
    text = lines[at].text
    if _says_wrote(text):
        return 1
    if len(text) < 200 and _INTRO_BEGINS.match(text):
        for more in (1, 2):
            if at + more < len(lines):
                text = f"{text} {lines[at + more].text.strip()}"
                if len(text) < 400 and _says_wrote(text):
                    return more + 1
    return 0


def _says_wrote(text: str) -> bool:
    # Most lines hold none of the verbs, and one look at each tells.
    return any(verb in text for verb in _VERBS) and _INTRO.match(text) is not None


def _begins_headers(lines: Sequence[_Line], at: int) -> bool:
    return _HEADER.match(lines[at].text) is not None and (
        at == 0 or _HEADER.match(lines[at - 1].text) is None
    )


def _labelled(lines: list[_Line]) -> list[_Line]:
    """The lines, each with its kind: paragraphs are the sender's own."""
    at = own = 0
    signed = False
    while at < len(lines):
        line = lines[at]
        text = line.text.strip()
        headers = _headers(lines, at) if text and _begins_headers(lines, at) else at
        forwarded = bool(text) and _FORWARDED.match(text) is not None
        if headers > at and not own:
            _set(lines, at, headers, BlockKind.MAIL_HEADER)
            at, signed = headers, False
        elif forwarded and own <= _FEW_WORDS:
            _set(lines, at, at + 1, BlockKind.FURNITURE)
            at, own, signed = at + 1, 0, False
        elif text and (forwarded or headers > at or _ANSWERED.match(text)):
            _set(lines, at, len(lines), BlockKind.FURNITURE)
            return lines
        elif text and (more := _intro(lines, at)):
            after = next((each.text for each in lines[at + more :] if each.text.strip()), "")
            if own and not after.startswith(">"):
                _set(lines, at, len(lines), BlockKind.FURNITURE)
                return lines
            _set(lines, at, at + more, BlockKind.FURNITURE)
            at, signed = at + more, False
        elif text.startswith(">"):
            _set(lines, at, at + 1, BlockKind.FURNITURE)
            at, signed = at + 1, False
        elif _DASHES.match(text) or _SENT_FROM.match(text):
            signed = signed or _DASHES.match(text) is not None
            _set(lines, at, at + 1, BlockKind.FURNITURE)
            at += 1
        else:
            if signed:
                _set(lines, at, at + 1, BlockKind.FURNITURE)
            else:
                own += len(text.split())
            at += 1
    if not any(line.text.strip() and line.kind is BlockKind.PARAGRAPH for line in lines):
        for place, line in enumerate(lines):  # nothing is the sender's own: what is quoted is all there is
            if line.text.startswith(">"):
                lines[place] = replace(line, kind=BlockKind.QUOTATION)
    return _signed_off(lines)


def _set(lines: list[_Line], start: int, end: int, kind: BlockKind) -> None:
    for at in range(start, end):
        lines[at] = replace(lines[at], kind=kind)


def _signed_off(lines: list[_Line]) -> list[_Line]:
    """A greeting at the end of the sender's words, with the name and address below, is a signature."""
    own = [at for at, line in enumerate(lines) if line.kind is BlockKind.PARAGRAPH and line.text.strip()]
    for place in range(max(0, len(own) - _LONGEST_SIGNATURE), len(own)):
        below = own[place + 1 :]
        if (
            _SIGN_OFF.match(lines[own[place]].text.strip())
            and place
            and all(len(lines[at].text) < 100 for at in below)
        ):
            _set(lines, own[place], own[-1] + 1, BlockKind.FURNITURE)
            break
    return lines


def _blocks(text: str, lines: Sequence[_Line]) -> Iterator[Block]:
    kind = lines[0].kind
    start, end = lines[0].start, lines[-1].end
    if kind is BlockKind.MAIL_HEADER:
        for line in lines:
            if line.text.strip():
                yield Block(kind, line.start, line.start + len(line.text.rstrip()))
    elif kind is BlockKind.PARAGRAPH:
        for block in find_blocks(text[start:end]):
            furniture = is_furniture(text[start + block.start : start + block.end])
            yield replace(
                block,
                start=start + block.start,
                end=start + block.end,
                kind=BlockKind.FURNITURE if furniture else block.kind,
            )
    else:
        for paragraph in re.finditer(r"\S(?:[^\n]|\n(?!\s*\n))*", text[start:end]):
            yield Block(
                kind, start + paragraph.start(), start + paragraph.start() + len(paragraph[0].rstrip())
            )
