"""A small DOCX file, to load what reading one needs."""

from __future__ import annotations

import io
import zipfile

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_DOCUMENT = (
    f'<w:document xmlns:w="{_WORD}"><w:body><w:p><w:r><w:t>A bridge.</w:t></w:r></w:p></w:body></w:document>'
)


def _file() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", _DOCUMENT)
    return out.getvalue()


SAMPLE = _file()
