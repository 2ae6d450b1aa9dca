"""Lines that say by themselves what they are: bullets, rules, page numbers, signatures, disclaimers, and the like."""

from __future__ import annotations

import re

BULLET = re.compile(r"(?P<sign>[-*•‣◦▪●·–—+])\s+(?=\S)")
NUMBER = re.compile(
    r"(?P<sign>\[\d{1,3}\]|\(?(?P<number>\d{1,3}(?:\.\d{1,3}){0,4})[.)]?\)?|\((?:[a-z]|[ivxl]{1,5})\)|(?:[a-z]|[ivxl]{1,5})\))\s+(?=\S)"
)
RULE = re.compile(r"([-=_*~#+·•.])(?:\s?\1){2,}$|[^\w\s]{3,}$")
PAGE = re.compile(
    r"[-–—\[(|\s]*(?:(?:page|seite|pag\.?|página|pagina|str\.?|strona|стр\.?|p\.)\s*)?(?:\d{1,4}|[ivxlc]{1,6})"
    r"(?:\s*(?:of|von|de|di|z|из|/)\s*\d{1,4})?[-–—\])|\s]*$",
    re.IGNORECASE,
)
ADDRESS = re.compile(r"<?(?:https?://|www\.|mailto:)\S+>?$")
QUOTED = re.compile(r"(?:>\s?)+")
SIGNATURE = re.compile(r"--$")
FORWARDED = re.compile(
    r"-{2,}\s*(?:original message|forwarded message|ursprüngliche nachricht|weitergeleitete nachricht|message d'origine"
    r"|message original|mensaje original|messaggio originale|исходное сообщение)\s*-{2,}$",
    re.IGNORECASE,
)
WROTE = re.compile(
    r"(?=.{0,200}(?:\d{1,2}[:.]\d\d|\d{4}|@)).{5,200}(?:wrote|schrieb|a écrit|escribió|ha scritto|escreveu|skrev|schreef"
    r"|napisał\(?a?\)?|написал\(?а?\)?)[^\n]{0,80}:$",
    re.IGNORECASE | re.DOTALL,
)
DISCLAIMER = re.compile(
    r"(?:this|the (?:information|contents?) (?:contained )?in this) (?:e-?mail|message|communication)[^.]{0,120}"
    r"(?:confidential|privileged|intended (?:solely|only))"
    r"|if you are not the (?:intended|named) (?:recipient|addressee)|please consider the environment before printing"
    r"|diese (?:e-?mail|nachricht)[^.]{0,120}vertraulich|nicht der (?:richtige|beabsichtigte|vorgesehene) (?:adressat|empfänger)"
    r"|ce (?:message|courriel|mail)[^.]{0,160}confidentiel|este (?:mensaje|correo)[^.]{0,160}confidencial"
    r"|esta mensagem[^.]{0,160}confidencia|questo messaggio[^.]{0,160}(?:riservat|confidenzial)"
    r"|это (?:сообщение|письмо)[^.]{0,160}конфиденциальн|deze e-?mail[^.]{0,120}vertrouwelijk",
    re.IGNORECASE,
)
REFERENCES = re.compile(
    r"(?:\d{1,2}\.?\s+)?(?:references|bibliography|works cited|literature cited|literatur(?:verzeichnis)?|quellen(?:verzeichnis)?"
    r"|références|bibliographie|referencias|bibliografía|referências|bibliografia|riferimenti|piśmiennictwo|literatura"
    r"|список литературы|литература|参考文献|參考文獻|참고문헌)\s*:?$",
    re.IGNORECASE,
)
PAPER = re.compile(
    r"\bDOI:|doi\.org/|^\W{0,2}corresponding author|^(?:received|accepted|published)(?: online)? \d|\bORCID\b|^©|^copyright\b"
    r"|^\d?\s?(?:department|faculty|institute|school|laboratory|centre|center) (?:of|for) [A-Z]",
    re.IGNORECASE | re.MULTILINE,
)
FORMULA = re.compile(r"^[^=]{1,40}=[^=].*$")
CELL_GAP = re.compile(r"\t|\s{3,}|\s\|\s|^\||\|$")
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
_LETTER = re.compile(r"[^\W\d_]")


def is_formula(line: str) -> bool:
    """A line with an equals sign and next to no words."""
    return bool(FORMULA.match(line)) and len(_LONG_WORD.findall(line)) < 2


def has_letters(line: str) -> bool:
    return bool(_LETTER.search(line))
