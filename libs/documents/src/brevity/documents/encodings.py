"""Names of encodings as files and servers write them, and what is meant by them (after the WHATWG Encoding Standard)."""

from __future__ import annotations

import codecs
import re

_MEANT = {
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "iso8859-1": "cp1252",
    "latin-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "hz": "hz",
    "euc_kr": "cp949",
    "johab": "johab",
    "shift_jis": "cp932",
    "shift_jisx0213": "cp932",
    "shift_jis_2004": "cp932",
    "big5hkscs": "big5hkscs",
    "big5": "big5hkscs",
    "utf-8-sig": "utf-8",
}
"""By Python's name: what carries that name mostly is the larger set of the same vendor."""
_ALIASES = {
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "ms_kanji": "cp932",
    "x-gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "ksc5601": "cp949",
    "windows-949": "cp949",
    "x-mac-cyrillic": "mac-cyrillic",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
    "windows-874": "cp874",
    "dos-874": "cp874",
    "iso-8859-8-i": "iso8859-8",
    "unicode": "utf-16",
    "utf8": "utf-8",
    "x-euc-jp": "euc_jp",
    "x-cp1250": "cp1250",
    "x-cp1251": "cp1251",
    "x-cp1252": "cp1252",
    "koi8": "koi8-r",
    "ansi": "cp1252",
}
ENCODINGS = [
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-be",
    "utf-16-le",
    "utf-32",
    "utf-32-be",
    "utf-32-le",
    "latin-1",
    "ascii",
    "koi8-r",
    "koi8-u",
    "koi8-t",
    "cp1250",
    "cp1251",
    "cp1252",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp1257",
    "cp1258",
    "cp437",
    "cp737",
    "cp775",
    "cp850",
    "cp852",
    "cp855",
    "cp857",
    "cp858",
    "cp860",
    "cp861",
    "cp862",
    "cp863",
    "cp864",
    "cp865",
    "cp866",
    "cp869",
    "cp874",
    "cp932",
    "cp949",
    "gb18030",
    "gbk",
    "gb2312",
    "hz",
    "big5",
    "big5hkscs",
    "euc_jp",
    "euc_kr",
    "johab",
    "iso2022_jp",
    "iso2022_jp_2",
    "iso2022_kr",
    "iso8859-2",
    "iso8859-3",
    "iso8859-4",
    "iso8859-5",
    "iso8859-6",
    "iso8859-7",
    "iso8859-8",
    "iso8859-10",
    "iso8859-13",
    "iso8859-14",
    "iso8859-15",
    "iso8859-16",
    "mac-roman",
    "mac-latin2",
    "mac-cyrillic",
    "mac-greek",
    "mac-turkish",
    "mac-iceland",
    "ptcp154",
    "kz1048",
    "shift_jis",
]
"""Those that are read; each is a set of files of Python's, and a reader process can open none."""
_KNOWN = frozenset(codecs.lookup(name).name for name in ENCODINGS)
_META = re.compile(rb"<meta\b[^>]{0,300}?\bcharset\s{0,3}=\s{0,3}[\"']?\s{0,3}([\w.:-]{2,40})", re.IGNORECASE)
_XML = re.compile(rb"^\s{0,99}<\?xml\b[^>]{0,200}?\bencoding\s{0,3}=\s{0,3}[\"']([\w.:-]{2,40})")
_PARAMETER = re.compile(r";\s*charset\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE)
_MARKUP = 4_096


def encoding_named(label: str | None) -> str | None:
    """Python's name of the encoding that `label` means; None for one that is none."""
    if not label:
        return None
    label = label.strip().lower()
    try:
        name = codecs.lookup(_ALIASES.get(label, label)).name
    except (LookupError, ValueError):
        return None
    name = _MEANT.get(name, name)
    return name if codecs.lookup(name).name in _KNOWN else None


def charset_of_media_type(media_type: str | None) -> str | None:
    """What `charset=` says in a declared type."""
    found = _PARAMETER.search(media_type or "")
    return found[1] if found else None


def charset_of_markup(data: bytes) -> str | None:
    """What the XML declaration or a `<meta>` at the beginning of a page says."""
    beginning = data[:_MARKUP]
    found = _XML.search(beginning) or _META.search(beginning)
    if found is None:
        return None
    label = found[1].decode("ascii", "replace")
    # It was read as ASCII, so it is in none of these.
    return "utf-8" if (encoding_named(label) or "").startswith(("utf-16", "utf-32")) else label
