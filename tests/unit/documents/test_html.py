"""Web pages: what is content, what is not, and what each piece is."""

from __future__ import annotations

import time

import pytest

from brevity.documents.budget import Budget
from brevity.documents.building import build
from brevity.documents.formats.html import read_html
from brevity.documents.model import Document

STORY = (
    "The town of Brackwater will close its last coal-fired heating plant in October, four years earlier than planned.",
    "The council approved the closure on Thursday night by 21 votes to 8 after a debate of six hours.",
    "About 3,400 homes that depend on the plant will be connected to a heat pump station beside the river.",
    "The station takes warmth from the water and needs roughly a third of the energy that the old boilers used.",
    "Mayor Ilse Venn said the change would cut the average heating bill by 11 percent from next winter.",
    "Opponents argued that the town had not published the full cost of the contract with the builder.",
    "The builder, Norrland Heat, has promised to repay 2 million crowns for each month of delay.",
    "Workers at the old plant have been offered places at the new station or two years of pay.",
)
OTHER = (
    "A bakery on Mill Street opens again on Monday after the fire that destroyed its oven and its roof in May.",
    "The swimming pool stays closed until its pumps have been repaired, which takes about six weeks this time.",
    "The library lends tools since October, and 340 people have used the offer so far, most of them twice.",
)
FIRST, SECOND = ("".join(f"<p>{sentence}</p>" for sentence in half) for half in (STORY[:4], STORY[4:]))
PARAGRAPHS = FIRST + SECOND
LINKS = "<ul>" + "".join(f"<li><a href='/{n}'>Section {n}</a></li>" for n in range(12)) + "</ul>"


def page(
    body: str, head: str = "<title>Brackwater to close coal plant early | The Daily Lamp</title>"
) -> Document:
    source = f"<!DOCTYPE html><html lang=en><head><meta charset=utf-8>{head}</head><body>{body}</body></html>"
    return build(read_html(source.encode(), Budget.idle()), "html")


def texts(document: Document) -> list[tuple[str, str]]:
    return [(block.kind.value, document.text[block.start : block.end]) for block in document.blocks]


def prose(document: Document) -> str:
    return "\n".join(text for kind, text in texts(document) if kind != "heading")


def test_menus_banners_adverts_and_other_stories_are_left_out_and_counted() -> None:
    document = page(
        "<div id=cookie-consent><h2>We value your privacy</h2><p>We and our 842 partners store and access information on a"
        " device, such as cookies, and process personal data for personalised advertising and audience research.</p></div>"
        f"<div class=menu>{LINKS}</div><div class=content><h1>Brackwater to close coal plant early</h1>"
        f"<div class=by>By Tomas Reedy, Energy correspondent</div>{FIRST}"
        "<div class=promo><p>Sign up to our Morning Lamp newsletter to get the five stories that everyone talks about.</p></div>"
        f"{SECOND}<div class=related><h3>Related stories</h3><ul><li><a href=#>Ten ways to keep your"
        " home warm this winter without spending a fortune</a></ul></div></div><div class=foot><p>Copyright 2025 Lamp Media."
        " All rights reserved. The Daily Lamp is not responsible for the content of external sites.</p></div>"
    )
    assert document.title == "Brackwater to close coal plant early"
    assert prose(document) == "\n".join(STORY)
    assert document.words_dropped > 80


CONSENT = (
    "<p>We and our 842 partners store and access information on a device, such as cookies, and process personal data for"
    " personalised advertising and audience research. Some vendors may process your personal data on the basis of legitimate"
    " interest. You can change your choices at any time in our privacy centre.</p>"
)
CONSENT_DE = (
    "<p>Wir und unsere Partner verwenden Cookies und verarbeiten personenbezogene Daten, um Inhalte zu personalisieren. Sie können"
    " Ihre Einwilligung jederzeit widerrufen; mehr dazu in der Datenschutzerklärung.</p>"
)


@pytest.mark.parametrize(
    "wall",
    [
        f"<div>{CONSENT}<span>Accept all</span></div>",
        f"<div role=dialog>{CONSENT * 6}</div>",
        f"<div>{CONSENT_DE}</div>",
    ],
)
def test_what_is_said_about_cookies_is_left_out_whatever_holds_it(wall: str) -> None:
    assert prose(page(f"{wall}<div><h1>Plant</h1>{PARAGRAPHS}</div>")) == "\n".join(STORY)
    assert "842 partners" in page(f"<h1>Cookies</h1>{CONSENT}").text


def test_a_template_that_is_shown_is_read() -> None:
    document = page(f"<x-story><template shadowrootmode=open>{PARAGRAPHS}</template></x-story>")
    assert all(sentence in document.text for sentence in STORY)


@pytest.mark.parametrize(
    "body",
    [
        f"<form method=post id=aspnetForm><input type=hidden name=x><div>{PARAGRAPHS}</div></form>",
        f"<article><h2>Teaser</h2><p><a href=/x>More</a></p></article><div>{PARAGRAPHS}</div>",
        f"<aside>{PARAGRAPHS}</aside>",
        f"<main><article>{PARAGRAPHS}</article></main><nav>{LINKS}</nav>",
        f"<table><tr><td>{LINKS}</td><td>{PARAGRAPHS}</td></tr></table>",
        f"<div class='page-with-sidebar social comment-page'><div class=x>{PARAGRAPHS}</div></div>",
        f"<my-page><my-story>{PARAGRAPHS}</my-story></my-page>",
        "<br><br>".join(STORY),
        f"<div>{'</div><div>'.join(STORY)}</div>",
    ],
    ids=[
        "form",
        "empty article",
        "aside",
        "main",
        "layout table",
        "bad names",
        "own elements",
        "line breaks",
        "divs",
    ],
)
def test_a_story_is_whole_whatever_holds_it(body: str) -> None:
    text = page(body).text
    assert [sentence for sentence in STORY if sentence not in text] == []


def test_several_articles_are_all_read() -> None:
    document = page(
        f"<main><article><h2>Plant</h2>{PARAGRAPHS}</article><article><h2>Town</h2>"
        + "".join(f"<p>{sentence}</p>" for sentence in OTHER)
        + "</article></main>"
    )
    assert all(sentence in document.text for sentence in (*STORY, *OTHER))


def test_comments_below_a_story_are_left_out_with_a_warning_when_they_are_most_of_the_page() -> None:
    comments = "".join(
        f"<div class=comment><p>{' '.join(OTHER)} I say so for the {n}th time.</p></div>" for n in range(6)
    )
    document = page(
        f"<article><h1>Plant</h1>{PARAGRAPHS}</article><section id=comments class=comments>{comments}</section>"
    )
    assert prose(document) == "\n".join(STORY)
    assert [warned.code for warned in document.warnings] == ["text_left_out"]


def test_a_thread_of_comments_alone_is_content() -> None:
    document = page(
        "".join(f"<div class=comment><b>Ann {n}</b><p>{text}</p></div>" for n, text in enumerate(STORY))
    )
    assert all(sentence in document.text for sentence in STORY)


def test_what_is_not_seen_is_not_read() -> None:
    hidden = "secret words that nobody sees"
    document = page(
        f"<style>.gone {{ display: none }} @media print {{ .seen {{ display: none }} }}</style>{PARAGRAPHS}"
        f"<p>Seen<span style='display:none'>{hidden}</span> text.<span hidden>{hidden}</span></p><template><p>{hidden}</p>"
        f"</template><div class=gone>{hidden}</div><p class=seen>On the screen.</p><script>{hidden}</script><noscript>{hidden}"
        f"</noscript><span class=sr-only>{hidden}</span><textarea>{hidden}</textarea><svg><title>{hidden}</title></svg>"
    )
    assert "secret" not in document.text
    assert "Seen text." in document.text
    assert "On the screen." in document.text


def test_a_table_is_rows_of_cells_and_never_glues_them() -> None:
    document = page(
        f"<h1>Prices</h1>{PARAGRAPHS}<table><caption>Prices in crowns</caption><tr><th>Line<th>Adult</tr>"
        "<tr><td>Eastwick to Holm<td><div>40</div><div>net</div></table><dl><dt>Office<dd>Open daily</dl>"
        "<p><label>Price</label><span>40</span> <span>Child</span><span>20</span></p>"
    )
    found = texts(document)
    assert ("caption", "Prices in crowns") in found
    assert ("table", "Line\tAdult\nEastwick to Holm\t40 net") in found
    assert found[-3:] == [
        ("list_item", "Office"),
        ("list_item", "Open daily"),
        ("paragraph", "Price 40 Child 20"),
    ]


def test_headings_lists_quotations_captions_and_code_are_told_apart() -> None:
    document = page(
        f"<article><h1>Brackwater to close coal plant early</h1>{PARAGRAPHS}<h2>Costs</h2><ul><li>One cost<ul><li>Its part"
        "</ul><li>Another</ul><blockquote><p>It will be cheaper.</p></blockquote><figure><img><figcaption>The plant in May."
        f"</figcaption></figure><pre>x = 1\ny = {{2: [3]}}</pre><p>{OTHER[0]}</p></article>"
    )
    assert [
        (block.kind.value, block.level) for block in document.blocks if block.kind.value != "paragraph"
    ] == [
        ("heading", 1),
        ("heading", 2),
        ("list_item", 1),
        ("list_item", 2),
        ("list_item", 1),
        ("quotation", 1),
        ("caption", None),
        ("code", None),
    ]
    assert ("code", "x = 1\ny = {2: [3]}") in texts(document)


def test_marks_of_notes_and_edit_links_are_left_out_and_references_are_notes() -> None:
    document = page(
        "<h1>Lake Orma</h1><p>The lake is large.<sup><a href=#c1>[1]</a></sup> It drains north.<sup>[2]</sup><sup>[<i>citation"
        " needed</i>]</sup> It has 10<sup>6</sup> m<sup>3</sup> and H<sub>2</sub>O, on the 1<sup>st</sup> day.<sup><a href=#n>4</a></sup>"
        f"</p><h2>History<span>[<a href=#>edit</a>]</span></h2>{PARAGRAPHS}<h2>References</h2><ol><li>^ Holt (2001). Lakes.</ol>"
    )
    assert "The lake is large. It drains north. It has 10⁶ m³ and H₂O, on the 1st day." in document.text
    assert ("heading", "History") in texts(document)
    assert texts(document)[-1] == ("note", "^ Holt (2001). Lakes.")


def test_line_ends_of_the_source_are_blanks_and_no_blanks_where_none_are_written() -> None:
    document = page(
        "<p>Das letzte\nKohleheizwerk\n   schließt.</p><p>青石市议会周二决定在十月关\n闭最后一座燃煤供热站。</p>"
    )
    assert (
        document.text
        == "Das letzte Kohleheizwerk schließt.\n\n青石市议会周二决定在十月关闭最后一座燃煤供热站。"
    )


def test_ruby_entities_and_numbers_of_characters_are_characters() -> None:
    document = page(
        "<p><ruby>東京<rp>(</rp><rt>とうきょう</rt><rp>)</rp></ruby>に行く。 Caf&eacute; &#8211; &lt;b&gt; &amp;amp;</p>"
    )
    assert document.text == "東京に行く。 Café – <b> &amp;"


def test_a_page_of_links_keeps_its_words() -> None:
    document = page("".join(f"<p><a href=/{n}>{sentence}</a></p>" for n, sentence in enumerate(STORY)))
    assert all(sentence in document.text for sentence in STORY)


def test_a_document_saved_as_html_keeps_all_its_words() -> None:
    body = (
        "<p class=MsoNormal>Dear Marek,<o:p></o:p></p><p class=MsoFooter>Page header of the letter</p><p>Short line</p>"
        f"{PARAGRAPHS}<p>Best</p><p>Lena</p><table><tr><td>Offer<td>4.2<tr><td>Sum<td>8</table>"
    )
    document = page(body, "<meta name=Generator content='Microsoft Word 15'><title>Letter</title>")
    for words in ("Dear Marek,", "Short line", "Best", "Lena", "Offer\t4.2", *STORY):
        assert words in document.text
    assert document.title == "Letter"


def test_a_chat_exported_as_html_keeps_its_messages() -> None:
    messages = "".join(
        f"<div class='message default clearfix'><div class=body><div class='pull_right date details'>12:0{n}</div>"
        f"<div class=from_name>Ann</div><div class=text>{text}</div></div></div>"
        for n, text in enumerate(("ok", "see you at nine", *STORY[:4]))
    )
    document = page(
        f"<div class=page_wrap><div class=history>{messages}</div></div>", "<title>Exported Data</title>"
    )
    for words in ("Ann", "ok", "see you at nine", *STORY[:4]):
        assert words in document.text


@pytest.mark.parametrize(
    ("head", "body", "title"),
    [
        ("<title>Plant closes early - The Lamp</title>", "<h1>Plant closes early</h1>", "Plant closes early"),
        ("<title>Plant closes early | The Lamp</title>", "", "Plant closes early"),
        (
            "<title>The Lamp: Plant closes early</title><meta property=og:title content='Plant closes early'>",
            "",
            "Plant closes early",
        ),
        (
            "<title>Lamp – Plant closes early</title><meta property=og:site_name content=Lamp>",
            "",
            "Plant closes early",
        ),
        ("", "<h1>Plant closes early</h1>", "Plant closes early"),
        ("<title>Report - 2025</title>", "", "Report - 2025"),
        ("", "", None),
    ],
)
def test_the_title_is_the_headline_without_the_name_of_the_site(
    head: str, body: str, title: str | None
) -> None:
    assert page(body + PARAGRAPHS, head).title == title


@pytest.mark.parametrize(
    "source",
    [
        "<div>word " * 80_000,
        "<p " + " ".join(f"a{n}=1" for n in range(100_000)) + ">word",
        "<b>" * 30_000 + "word",
        "<table><tr><td>word" * 800,
        "<p>word<!--" + "-" * 500_000,
        "<ul><li>word" * 2_000,
        "<" * 150_000,
        "[" * 50_000 + "<sup>" + "[" * 50_000,
        "<style>" + ".a," * 60_000 + "{display:none",
        "<p>" + "\n" * 300_000 + "word",
    ],
    ids=[
        "divs",
        "attributes",
        "formatting",
        "tables",
        "comment",
        "lists",
        "brackets",
        "marks",
        "styles",
        "lines",
    ],
)
def test_a_page_made_to_keep_a_reader_busy_does_not(source: str) -> None:
    before = time.process_time()
    read_html(source.encode(), Budget.idle())
    assert time.process_time() - before < 12


def test_a_long_page_takes_time_in_proportion_to_its_length() -> None:
    page(PARAGRAPHS)
    times: list[float] = []
    for size in (50, 400):
        before = time.process_time()
        page(f"<div>{PARAGRAPHS * size}</div>")
        times.append(time.process_time() - before)
    assert times[1] < 30 * max(times[0], 0.02)
