"""Files that are no documents of text, by signature, suffix and declared type, and what to call them."""

from __future__ import annotations

BINARY = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"RIFF", "a sound, film or picture file"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"\x00\x00\x00\x18ftyp", "a film"),
    (b"\x00\x00\x00\x20ftyp", "a film"),
    (b"ID3", "a sound file"),
    (b"OggS", "a sound or film file"),
    (b"fLaC", "a sound file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"(\xb5/\xfd", "a zstd archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"SQLite format 3", "a database"),
    (b"%!PS", "a PostScript file"),
)

_BY_NAME = {
    "CSV data": ".csv .tsv text/csv text/tab-separated-values application/csv",
    "JSON data": ".json .jsonl .ndjson .geojson .ipynb application/json application/x-ndjson text/json",
    "XML data": ".xml .svg .rss .atom .xsd .xsl application/xml text/xml application/rss+xml application/atom+xml image/svg+xml",
    "YAML data": ".yaml .yml application/yaml text/yaml application/x-yaml",
    "settings": ".ini .toml .cfg .conf .env .properties",
    "source code": ".py .js .ts .jsx .tsx .java .c .h .cc .cpp .hpp .cs .go .rs .rb .php .sh .bash .sql .css .scss .kt"
    " .swift .r .pl .lua .scala .vb .ps1 .bat text/css text/javascript application/javascript text/x-python"
    " text/x-c text/x-java application/x-sh",
    "a picture": ".png .jpg .jpeg .gif .bmp .tif .tiff .webp .heic .ico image/png image/jpeg image/gif image/webp image/tiff",
    "a sound file": ".mp3 .wav .ogg .flac .m4a .aac audio/mpeg audio/wav audio/ogg",
    "a film": ".mp4 .mov .avi .mkv .webm video/mp4 video/webm video/quicktime",
    "an archive": ".zip .gz .bz2 .xz .zst .rar .7z .tar .tgz application/zip application/gzip",
    "a program": ".exe .dll .so .bin .jar .class .pyc",
    "an old Word file (.doc)": ".doc .dot application/msword",
    "an old Excel file (.xls)": ".xls application/vnd.ms-excel",
    "an old PowerPoint file (.ppt)": ".ppt application/vnd.ms-powerpoint",
    "xlsx": ".xlsx .xlsm application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": ".pptx application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "an OpenDocument spreadsheet": ".ods application/vnd.oasis.opendocument.spreadsheet",
    "an OpenDocument presentation": ".odp application/vnd.oasis.opendocument.presentation",
    "odt": ".odt application/vnd.oasis.opendocument.text",
    "rtf": ".rtf application/rtf text/rtf",
    "epub": ".epub application/epub+zip",
    "eml": ".eml message/rfc822",
    "msg": ".msg application/vnd.ms-outlook",
    "vtt": ".vtt text/vtt",
    "srt": ".srt application/x-subrip text/srt",
    "a database": ".db .sqlite .sqlite3 .parquet .arrow .feather",
    "a font": ".ttf .otf .woff .woff2",
    "a mailbox": ".mbox application/mbox",
}
"""Suffixes and declared types of what is called so; a name that is a format's is read once that format is."""

NEVER_TEXT = frozenset(
    {
        "a picture",
        "a sound file",
        "a film",
        "an archive",
        "a program",
        "a database",
        "a font",
        "an old Word file (.doc)",
        "an old Excel file (.xls)",
        "an old PowerPoint file (.ppt)",
    }
)
"""What holds zero bytes: a text with such a name is a text."""

BY_SUFFIX = {word: name for name, words in _BY_NAME.items() for word in words.split() if word.startswith(".")}
BY_TYPE = {word: name for name, words in _BY_NAME.items() for word in words.split() if "/" in word}
