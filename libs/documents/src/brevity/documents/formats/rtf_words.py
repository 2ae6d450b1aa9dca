"""The words of RTF: what ends a paragraph, what stands for a sign, which groups hold no text, and code pages."""

from __future__ import annotations

import codecs
import re

TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|([\r\n\x00]+)|([^\\{}\r\n\x00]+)",
    re.DOTALL,
)
DROPPED = frozenset(
    [
        "fonttbl",
        "colortbl",
        "stylesheet",
        "pict",
        "header",
        "headerl",
        "headerr",
        "headerf",
        "footer",
        "footerl",
        "footerr",
        "footerf",
        "annotation",
        "fldinst",
        "themedata",
        "colorschememapping",
        "latentstyles",
        "datastore",
        "rsidtbl",
        "generator",
        "listtable",
        "listoverridetable",
        "revtbl",
        "filetbl",
        "xmlnstbl",
        "objdata",
        "objclass",
        "objname",
        "nonesttables",
        "atnid",
        "atnauthor",
        "atndate",
        "atnref",
        "atnicn",
        "atrfstart",
        "atrfend",
        "bkmkstart",
        "bkmkend",
        "private",
        "xe",
        "tc",
        "tcn",
        "txe",
        "rxe",
        "operator",
        "author",
        "company",
        "category",
        "manager",
        "creatim",
        "revtim",
        "printim",
        "buptim",
        "keywords",
        "subject",
        "doccomm",
        "comment",
        "hlinkbase",
        "falt",
        "panose",
        "background",
        "ftnsep",
        "ftnsepc",
        "ftncn",
        "aftnsep",
        "aftnsepc",
        "aftncn",
        "pgptbl",
        "wgrffmtfilter",
        "passwordhash",
        "mmathpr",
        "blipuid",
        "bliptag",
        "picprop",
        "sp",
        "sn",
        "sv",
        "shprslt",
        "upr",
    ]
)
STARRED = frozenset(["shpinst", "shptxt", "ud", "nesttableprops"])
"""Groups that are read though they are marked as ones to pass over."""
SIGNS = {
    "emdash": "—",
    "endash": "–",
    "lquote": "‘",
    "rquote": "’",
    "ldblquote": "“",
    "rdblquote": "”",
    "bullet": "•",
    "tab": "\t",
    "line": "\n",
    "emspace": " ",
    "enspace": " ",
    "qmspace": " ",
    "zwj": "\u200d",
    "zwnj": "\u200c",
}
SYMBOLS = {
    b"~": "\u00a0",
    b"_": "\u2011",
    b"-": "",
    b"\\": "\\",
    b"{": "{",
    b"}": "}",
    b"\n": "\n",
    b"\r": "\n",
}
ENDS = frozenset({"par", "sect", "page", "column"})
CODE_PAGES = {
    0: "cp1252",
    77: "mac-roman",
    128: "cp932",
    129: "cp949",
    130: "johab",
    134: "cp936",
    136: "cp950",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
    254: "cp437",
    255: "cp850",
}
"""Of fonts' character sets."""


def known_code_page(code_page: str) -> str | None:
    """The codec of a code page such as cp1252, if there is one."""
    code_page = {"cp65001": "utf-8", "cp10000": "mac-roman"}.get(code_page, code_page)
    try:
        return codecs.lookup(code_page).name
    except LookupError:
        return None


def whole(text: str) -> str:
    """Characters that are written as two halves, put together."""
    if not any("\ud800" <= character <= "\udfff" for character in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
