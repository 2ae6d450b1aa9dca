"""Mail: the sender's own words, apart from headers, answered mail, signatures and disclaimers."""

from __future__ import annotations

import time
from email.message import EmailMessage

import pytest

from brevity.documents import BlockKind, Document, read
from brevity.documents.budget import Budget
from brevity.documents.building import build
from brevity.documents.characters import Decoded
from brevity.documents.formats.mail import read_eml
from brevity.documents.formats.text import document_of
from brevity.documents.normalise import normalise
from brevity.documents.plain.mail import find_mail

OWN = "The alarm was real: between 02:10 and 04:35 the temperature in room B rose to 9 degrees. I ordered a new door spring."
QUOTED = "can you please find out whether the alarm of last night was a false one again?"
DISCLAIMER = (
    "This e-mail and any attachments are confidential and may be legally privileged. If you are not the intended recipient,"
    " please notify the sender and delete this message."
)


def eml(data: bytes) -> Document:
    return build(read_eml(data, Budget.idle()), "eml")


def plain(text: str) -> Document:
    return document_of(Decoded(text, "utf-8"))


def told(document: Document, *kinds: BlockKind) -> str:
    return "\n".join(
        document.text[block.start : block.end] for block in document.blocks if block.kind in kinds
    )


def own(document: Document) -> str:
    return told(document, BlockKind.PARAGRAPH, BlockKind.LIST_ITEM, BlockKind.QUOTATION)


def message(**headers: str) -> EmailMessage:
    made = EmailMessage()
    for name, value in {
        "From": "Lena Orlová <lena@store.example>",
        "Subject": "Alarm in room B – café",
        **headers,
    }.items():
        made[name] = value
    return made


INTROS = [
    "On Tue, Nov 18, 2025 at 9:02 AM Marek Dolan <marek@store.example> wrote:\n> {}",
    "On Tue, Nov 18, 2025 at 9:02 AM Marek Dolan\n<marek@store.example> wrote:\n> {}",
    "Am 18.11.2025 um 09:02 schrieb Marek Dolan:\n> {}",
    "Am Di., 18. Nov. 2025 um 09:02 Uhr schrieb Marek Dolan <marek@store.example>:\n\n> {}",
    "Le mar. 18 nov. 2025 à 09:02, Marek Dolan <marek@store.example> a écrit :\n> {}",
    "El mar, 18 nov 2025 a las 9:02, Marek Dolan (<marek@store.example>) escribió:\n> {}",
    "Il giorno mar 18 nov 2025 alle ore 09:02 Marek Dolan ha scritto:\n> {}",
    "-----Original Message-----\nFrom: Marek Dolan\nSent: Tuesday\nTo: Lena\nSubject: Alarm\n\n{}",
    "-----Ursprüngliche Nachricht-----\nVon: Marek Dolan\nGesendet: Dienstag\nAn: Lena\nBetreff: Alarm\n\n{}",
    "From: Marek Dolan\nSent: Tuesday, 18 November 2025\nTo: Lena\nSubject: Alarm\n\n{}",
    "Von: Marek Dolan <marek@store.example>\nGesendet: Dienstag, 18. November 2025\nAn: Lena\nBetreff: Alarm\n\n{}",
    "De : Marek Dolan\nEnvoyé : mardi 18 novembre 2025\nÀ : Lena\nObjet : Alarme\n\n{}",
    "De: Marek Dolan\nEnviado el: martes\nPara: Lena\nAsunto: Alarma\n\n{}",
]


@pytest.mark.parametrize("intro", INTROS)
def test_answered_mail_is_furniture_in_every_language(intro: str) -> None:
    text = f"Hi Marek,\n\n{OWN}\n\n{intro.format(QUOTED)}"
    document = plain(text)
    assert own(document) == f"Hi Marek,\n{OWN}"
    assert QUOTED in told(document, BlockKind.FURNITURE)
    assert document.text == normalise(text)
    sent = message()
    sent.set_content(text)
    assert own(eml(sent.as_bytes())) == f"Hi Marek,\n{OWN}"


@pytest.mark.parametrize(
    "ending",
    [
        "-- \nLena Orlova\nFacility Services",
        "--\nLena Orlova | Store Nord AG | Tel +00",
        "Best regards,\n\nLena Orlova\nStore Nord AG",
        "Mit freundlichen Grüßen\nLena Orlova",
        "Cordialement,\nLena",
        "Un saludo,\nLena",
        "Sent from my iPhone",
        "Von meinem Telefon gesendet",
        "Envoyé de mon iPad",
        DISCLAIMER,
        "Diese E-Mail ist vertraulich. Wenn Sie sie irrtümlich erhalten haben, löschen Sie sie bitte.",
    ],
)
def test_signatures_and_disclaimers_are_furniture(ending: str) -> None:
    text = f"Hi Marek,\n\n{OWN}\n\n{ending}\n\nOn Tue, Nov 18, 2025 Marek wrote:\n> {QUOTED}"
    assert own(plain(text)) == f"Hi Marek,\n{OWN}"


def test_words_between_quotations_are_the_senders() -> None:
    text = f"On Tue, Nov 18, 2025 at 9:02 Marek wrote:\n> {QUOTED}\n\nIt was not.\n\n> Who comes?\n\nI do, at noon."
    assert own(plain(text)) == "It was not.\nI do, at noon."


def test_a_message_that_is_passed_on_is_content_with_its_headers() -> None:
    text = (
        "FYI\n\n---------- Forwarded message ---------\nFrom: Marek Dolan\nDate: Tue, Nov 18, 2025\nSubject: Alarm\nTo: Lena\n\n"
        f"{OWN}"
    )
    document = plain(text)
    assert OWN in own(document)
    assert "Subject: Alarm" in told(document, BlockKind.MAIL_HEADER)


@pytest.mark.parametrize(
    "text",
    [
        f"{OWN}\n\nShe wrote:\n\nThe door is closed.",
        f"# Notes\n\n> {QUOTED}\n\n{OWN}",
        f"From: Eastwick\nTo: Holm\n\n{OWN}",
        f"On Monday the council of 1998 met and voted.\n{OWN}",
        f"To: all tenants\nDate: 3 May 2025\n\n{OWN}",
    ],
)
def test_other_texts_are_no_mail(text: str) -> None:
    assert find_mail(normalise(text)) is None


def test_headers_are_headers_and_the_subject_is_the_title() -> None:
    sent = message(To="Marek <marek@store.example>", Date="Tue, 18 Nov 2025 09:02:00 +0100")
    sent.set_content(OWN, charset="iso-8859-1")
    document = eml(sent.as_bytes())
    assert document.title == "Alarm in room B – café"
    assert told(document, BlockKind.MAIL_HEADER).split("\n") == [
        "From: Lena Orlová <lena@store.example>",
        "To: Marek <marek@store.example>",
        "Date: Tue, 18 Nov 2025 09:02:00 +0100",
        "Subject: Alarm in room B – café",
    ]
    assert own(document) == OWN


@pytest.mark.parametrize(
    ("charset", "words"),
    [
        ("koi8-r", "Сигнал был настоящий."),
        ("shift_jis", "警報は本物でした。"),
        ("cp1252", "Müller’s Tür"),
        ("utf-8", "Ωμέγα"),
    ],
)
@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_every_charset_and_encoding_is_decoded(charset: str, words: str, encoding: str) -> None:
    sent = message()
    sent.set_content(words, charset=charset, cte=encoding)
    assert own(eml(sent.as_bytes())) == words


def test_a_mail_in_html_only_is_read_with_its_answered_part_as_furniture() -> None:
    sent = message()
    sent.set_content(
        f"<html><body><div dir=ltr><p>Hi Marek,</p><p>{OWN}</p></div><div class=gmail_quote><div class=gmail_attr>On Tue, Nov 18,"
        f" 2025 at 9:02 AM Marek &lt;m@s.example&gt; wrote:<br></div><blockquote><p>{QUOTED}</p></blockquote></div></body></html>",
        subtype="html",
    )
    document = eml(sent.as_bytes())
    assert own(document) == f"Hi Marek,\n{OWN}"
    assert QUOTED in told(document, BlockKind.FURNITURE)


def test_of_two_versions_one_is_read() -> None:
    sent = message()
    sent.set_content(OWN)
    sent.add_alternative(f"<html><body><p>{OWN}</p></body></html>", subtype="html")
    assert own(eml(sent.as_bytes())) == OWN
    sent = message()
    sent.set_content("This mail needs a viewer of HTML.")
    sent.add_alternative(f"<html><body><p>{OWN}</p><p>{QUOTED}</p></body></html>", subtype="html")
    assert own(eml(sent.as_bytes())) == f"{OWN}\n{QUOTED}"


def test_attachments_are_named_and_not_read() -> None:
    sent = message()
    sent.set_content(OWN)
    sent.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="log – März.pdf")
    sent.add_attachment("a,b", filename="data.csv")
    document = eml(sent.as_bytes())
    assert own(document) == OWN
    (warned,) = document.warnings
    assert (warned.code, warned.message) == (
        "attachments_left_out",
        "2 attachments were not read: log – März.pdf, data.csv",
    )


def test_a_message_that_only_holds_another_is_read_as_it() -> None:
    inner = message(Subject="Inner")
    inner.set_content(OWN)
    outer = message(Subject="Fwd: Inner")
    outer.add_attachment(inner)
    document = eml(outer.as_bytes())
    assert own(document) == OWN
    assert not document.warnings


def test_lines_that_flow_are_one() -> None:
    sent = b"From: a@b.example\nSubject: x\nContent-Type: text/plain; format=flowed\n\nThe alarm \nwas \nreal.\n\nThanks.\n"
    assert own(eml(sent)).startswith("The alarm was real.")


def test_a_mail_file_is_read_through_the_door() -> None:
    sent = message(To="m@s.example", Date="Tue, 18 Nov 2025 09:02:00 +0100")
    sent.set_content(OWN)
    for document in (
        read(sent.as_bytes()),
        read(sent.as_bytes(), name="x.eml"),
        read(sent.as_bytes(), "message/rfc822"),
    ):
        assert (document.format, document.title) == ("eml", "Alarm in room B – café")


@pytest.mark.parametrize(
    "text",
    [
        "On 2025 " * 50_000,
        "On 2025\n" * 10_000,
        "From: x\n" * 10_000,
        ">" * 300_000,
        "--\n" * 20_000,
        "From:" + " " * 300_000,
        "-" * 300_000,
    ],
)
def test_hostile_mail_takes_linear_time(text: str) -> None:
    before = time.process_time()
    document = plain(text)
    eml(f"Subject: x\n\n{text}".encode())
    assert time.process_time() - before < 4
    assert document.format
