"""A small PDF file with text, to load what reading one needs."""

_OBJECTS = (
    b"<</Type/Catalog/Pages 2 0 R>>",
    b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
    b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R/F2 6 0 R>>>>>>",
    b"<</Length 78>>stream\nBT /F1 12 Tf 20 100 Td (A bridge) Tj /F2 12 Tf 0 -20 Td (and its ropes) Tj ET\nendstream",
    b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    b"<</Type/Font/Subtype/TrueType/BaseFont/NoSuchFont>>",
)


def _file() -> bytes:
    data = bytearray(b"%PDF-1.4\n")
    places: list[int] = []
    for number, body in enumerate(_OBJECTS, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(_OBJECTS) + 1)
    for place in places:
        data += b"%010d 00000 n \n" % place
    data += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(_OBJECTS) + 1, start)
    return bytes(data)


SAMPLE = _file()
