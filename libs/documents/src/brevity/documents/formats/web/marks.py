"""What the names that authors give to elements say about them."""

from __future__ import annotations

import itertools
import re
from functools import lru_cache

from brevity.documents.formats.web.elements import Element

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_TAGS = {"nav": "navigation", "footer": "footer", "aside": "aside", "menu": "navigation", "dialog": "dialog"}
_ROLES = {
    "navigation": "navigation",
    "menu": "navigation",
    "menubar": "navigation",
    "contentinfo": "footer",
    "complementary": "aside",
    "search": "form",
    "dialog": "dialog",
    "alertdialog": "dialog",
    "banner": "header",
}
_NAMES = {  # the first that a name says counts
    "cookies": "cookie cookies consent gdpr onetrust cmp cookiebot privacy",
    "navigation": "nav navbar navigation menu menubar breadcrumb breadcrumbs pagination pager topbar masthead toolbar subnav toc",
    "footer": "footer foot colophon copyright legal bottombar",
    "advert": "ad ads adv advert advertisement advertising adsense adslot banner sponsor sponsored sponsors promo promos promotion"
    " promoted outbrain taboola dfp teads commercial",
    "sign-up": "newsletter newsletters subscribe subscription signup signin login register registration optin paywall regwall"
    " mailing donate donation cta",
    "related": "related recommended recommendations recommendation recirc recirculation readmore trending popular mostread"
    " morefrom teaser teasers upnext suggestions suggested latest",
    "share": "share sharing shares sharebar social socials addthis sharethis sociable follow followus",
    "comments": "comment comments disqus respond replies commentlist discussion livefyre",
    "aside": "sidebar widget widgets rail aside popup modal overlay tooltip hatnote dablink skip",
    "about": "byline author authors bio dateline timestamp pubdate tags taglist keywords categories meta metadata postmeta"
    " credits",
}
_OF_MARK = {mark: frozenset(names.split()) for mark, names in _NAMES.items()}
_PAIRS = {
    ("most", "read"): "related",
    ("most", "popular"): "related",
    ("read", "more"): "related",
    ("read", "next"): "related",
    ("see", "also"): "related",
    ("you", "may"): "related",
    ("also", "like"): "related",
    ("more", "from"): "related",
    ("more", "on"): "related",
    ("up", "next"): "related",
    ("sign", "up"): "sign-up",
    ("sign", "in"): "sign-up",
    ("log", "in"): "sign-up",
    ("call", "action"): "sign-up",
    ("side", "bar"): "aside",
    ("bread", "crumb"): "navigation",
    ("bread", "crumbs"): "navigation",
    ("top", "bar"): "navigation",
}
_CONTENT = frozenset(
    [
        "article",
        "body",
        "content",
        "main",
        "entry",
        "story",
        "post",
        "text",
        "prose",
        "page",
        "wrapper",
        "container",
    ]
)
"""An element that is named after content too is a frame around it, such as `page-with-sidebar`, `main-nav-content`."""
_LONGEST_NAME = 5
"""Words of a name; longer ones are headings made into names."""
_FRAMES = frozenset(("body", "main", "article", "html"))


def mark_of(element: Element) -> str | None:
    """What kind of furniture an element says it is; None for content, and for what says nothing."""
    tag = element.tag
    if tag in _FRAMES:
        return None
    role = element.get("role")
    if role and role.lower() in _ROLES:
        return _ROLES[role.lower()]
    if tag in _TAGS:
        return _TAGS[tag]
    name = element.get("id") or ""
    if name and _is_heading(name, element):
        name = ""
    names = f"{element.get('class') or ''} {name}"
    return _of_names(names) if names != " " else None


def _is_heading(name: str, element: Element) -> bool:
    """Whether an id only repeats the heading of its section, as in manuals and papers: `related-work`, `discussion`."""
    heading = next(element.iter("h1", "h2", "h3", "h4", "h5", "h6"), None)
    if heading is None:
        return False
    words = {word.lower() for word in _WORD.findall(name)}
    return words == {word.lower() for word in _WORD.findall(" ".join(heading.itertext()))}


@lru_cache(4096)
def _of_names(names: str) -> str | None:
    for name in names.split():
        words = [word.lower() for word in _WORD.findall(name)]
        if len(words) > _LONGEST_NAME:
            continue
        found = next((mark for mark, names in _OF_MARK.items() if not names.isdisjoint(words)), None) or next(
            (_PAIRS[pair] for pair in itertools.pairwise(words) if pair in _PAIRS), None
        )
        if found and not _CONTENT.intersection(words[-1:]):
            return found
    return None
