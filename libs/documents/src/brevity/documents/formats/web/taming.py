"""What a page's source may ask of the parser, which takes the square of its depth and of a tag's attributes."""

from __future__ import annotations

import re
from collections.abc import Iterator

DEEPEST = 200
"""Elements within each other; what stands deeper stands beside."""
_DEEPEST_SOURCE = 1_000
_MANY_TAGS = 5_000
_MANY_ATTRIBUTES = 1_000
_LONG_TAG = re.compile(r"<([A-Za-z][A-Za-z0-9-]*)[^>]{10000,}>")
_NESTING = re.compile(
    r"<(/?)(?:article|aside|blockquote|center|dl|div|fieldset|form|main|nav|ol|section|table|ul)\b[^>]*>",
    re.IGNORECASE,
)


def tame(source: str) -> str:
    """`source` without what would keep the parser busy: tags with very many attributes, very deep nesting."""
    source = _LONG_TAG.sub(
        lambda tag: (
            f"<{tag[1]}>"
            if tag[0].count("=") > _MANY_ATTRIBUTES or tag[0].count(" ") > 5 * _MANY_ATTRIBUTES
            else tag[0]
        ),
        source,
    )
    if source.count("<") < _MANY_TAGS:
        return source
    depth = deepest = 0
    for tag in _NESTING.finditer(source):
        depth = max(0, depth - 1) if tag[1] else depth + 1
        deepest = max(deepest, depth)
    return "".join(_shallow(source)) if deepest > _DEEPEST_SOURCE else source


def _shallow(source: str) -> Iterator[str]:
    """Pieces of `source`, with a blank for every tag that stands too deep."""
    depth = end = 0
    for tag in _NESTING.finditer(source):
        depth = max(0, depth - 1) if tag[1] else depth + 1
        if depth > DEEPEST:
            yield source[end : tag.start()] + "<br>"
            end = tag.end()
    yield source[end:]
