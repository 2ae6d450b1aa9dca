"""PDF files written by hand, so that reading them owes nothing to the library that reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FONTS = {"plain": "Helvetica", "bold": "Helvetica-Bold", "typed": "Courier"}


@dataclass(frozen=True)
class Drawn:
    """A line at a place of the page, in points from its lower left corner."""

    x: float
    y: float
    text: str
    size: float = 10
    font: str = "plain"


def pdf_of(pages: Sequence[Sequence[Drawn]], title: str = "", picture: bool = False) -> bytes:
    """A PDF file of A4 pages; a grey picture over each where asked."""
    fonts = "".join(f"/{name} {number} 0 R" for number, name in enumerate(FONTS, 4))
    bodies = [b"<</Type/Catalog/Pages 2 0 R>>", b"", f"<</Title({title})>>".encode()]
    bodies += [
        f"<</Type/Font/Subtype/Type1/BaseFont/{font}/Encoding/WinAnsiEncoding>>".encode()
        for font in FONTS.values()
    ]
    image = b"<</Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8/Length 1>>stream\n\x80\nendstream"
    bodies.append(image)
    kids: list[int] = []
    for page in pages:
        ink = b"".join(_ink(line) for line in page)
        if picture:
            ink = b"q 595 0 0 842 0 0 cm /Im Do Q\n" + ink
        kids.append(len(bodies) + 1)
        resources = f"<</Font<<{fonts}>>/XObject<</Im 7 0 R>>>>"
        bodies.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {len(bodies) + 2} 0 R/Resources{resources}>>".encode()
        )
        bodies.append(b"<</Length %d>>stream\n%s\nendstream" % (len(ink), ink))
    bodies[1] = f"<</Type/Pages/Kids[{' '.join(f'{kid} 0 R' for kid in kids)}]/Count {len(kids)}>>".encode()
    return _file(bodies)


def _ink(line: Drawn) -> bytes:
    text = line.text.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    return b"BT /%s %g Tf %g %g Td (%s) Tj ET\n" % (line.font.encode(), line.size, line.x, line.y, text)


def _file(bodies: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    places: list[int] = []
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R/Info 3 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(bodies) + 1, start)
    return bytes(out)


def column(
    x: float, y: float, text: str, *, step: float = 13, size: float = 10, font: str = "plain"
) -> list[Drawn]:
    """Lines below each other."""
    return [Drawn(x, y - step * at, line, size, font) for at, line in enumerate(text.splitlines())]
