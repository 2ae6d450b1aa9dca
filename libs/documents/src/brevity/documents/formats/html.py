"""HTML: the content of web pages, and whole documents, mails and chats that were written as HTML.

The page is parsed as browsers do, its text cut into pieces, and the pieces told apart that are its content: see
`brevity.documents.formats.web`.
"""

from __future__ import annotations

import re

from brevity.documents.budget import Budget
from brevity.documents.characters import decode
from brevity.documents.formats.web.choice import choose, is_prose, void_marks
from brevity.documents.formats.web.pieces import pieces_of
from brevity.documents.formats.web.titles import title_of
from brevity.documents.formats.web.tree import parse
from brevity.documents.formats.web.votes import votes
from brevity.documents.model import BlockKind, Found, Part, Warned

_TAGS = re.compile(r"<[^<>]*>")
_SILENT = re.compile(r"<(script|style|template|svg|noscript)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_REFERENCES = re.compile(
    r"(?:references|notes|footnotes|notes and references|citations|bibliography|works cited|sources|further reading|external links"
    r"|einzelnachweise|anmerkungen|literatur|quellen|weblinks|fußnoten|références|notes et références|bibliographie|liens externes"
    r"|referencias|notas|bibliografía|enlaces externos|bibliografia|note|collegamenti esterni|referências|ligações externas"
    r"|referenties|bronnen|przypisy|bibliografia|примечания|литература|ссылки|脚注|出典|参考文献|参考资料|注释)",
    re.IGNORECASE,
)


def read_html(data: bytes, budget: Budget, charset: str | None = None) -> Found:
    """Headings, paragraphs, lists, tables, quotations, captions and code of a page's content, and its title.

    Menus, banners, adverts, comments, lists of other stories, forms and hidden text are dropped, and counted.
    """
    decoded = decode(data, charset, markup=True)
    source = decoded.text
    budget.earn(
        _TAGS.sub(" ", _SILENT.sub(" ", source))
    )  # its text, roughly: the time that the rest may take
    page = parse(source)
    pieces = pieces_of(page.body)
    voted = votes(page, pieces)
    void_marks(pieces, voted)
    kept = choose(pieces, voted)
    content = [piece for piece, keep in zip(pieces, kept, strict=True) if keep]
    left_out = [piece for piece, keep in zip(pieces, kept, strict=True) if not keep]
    found = Found(_noted([piece.part for piece in content]), title_of(page, pieces), list(decoded.warnings))
    found.words_dropped = sum(piece.words for piece in left_out)
    words = sum(piece.words for piece in content)
    prose = sum(piece.words for piece in left_out if is_prose(piece))
    if prose > words:
        message = f"{prose:,} words of running text on the page were not taken as its content, {words:,} were"
        found.warnings.append(Warned("text_left_out", message))
    return found


def _noted(parts: list[Part]) -> list[Part]:
    """Items below a heading such as `References` are notes."""
    level: int | None = None
    for part in parts:
        if part.kind is BlockKind.HEADING:
            own = part.level or 1
            if _REFERENCES.fullmatch(part.text.strip(" :")):
                level = own
            elif level is not None and own <= level:
                level = None
        elif level is not None and part.kind in (BlockKind.LIST_ITEM, BlockKind.PARAGRAPH):
            part.kind, part.level = BlockKind.NOTE, None
    return parts


def warm() -> None:
    """Loads what is loaded at first use."""
    page = (
        b"<html><head><title>x</title></head><body><div class=a><h1>x</h1>"
        + b"<p>Some words, and more of them.</p>" * 20
    )
    read_html(page + b"<table><tr><td>1<td>2<tr><td>3<td>4</table></div></body></html>", Budget.idle())
