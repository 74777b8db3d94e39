"""Looking at what the service hands out for what was made of a text that means no good."""

import csv
import io
import re
from collections.abc import Callable, Iterator

from lxml import etree, html
from openpyxl import load_workbook
from pypdf import PdfReader

from service.domain.spreadsheet import FORMULA
from tests.hostile import CLASS, COMPUTED, INVISIBLE, MARK
from tests.service.web.crawler import complaints

NUMBER = re.compile(r"-?[\d .,\u00a0]+")


def look_at_page(written: bytes) -> Iterator[str]:
    document = html.document_fromstring(written, parser=html.HTMLParser(encoding="utf-8"))
    yield from complaints(document, [MARK], ["localhost", "127.0.0.1:8000"])
    # What is being edited is there as it is.
    for field in document.iter("textarea"):
        field.text = ""
    said = "".join(map(str, document.itertext()))
    yield from [f"shows {sign!r}" for sign in (COMPUTED, CLASS, *INVISIBLE) if sign in said]


def look_at_xml(written: bytes) -> Iterator[str]:
    for one in etree.fromstring(written, parser=etree.XMLParser(resolve_entities=False)).iter():
        if MARK in str(one.tag) or MARK in str(dict(one.attrib)):
            yield f"{one.tag}"


def look_at_csv(written: bytes) -> Iterator[str]:
    for row in csv.reader(io.StringIO(written.decode("utf-8-sig")), delimiter=";"):
        yield from [cell for cell in row if FORMULA.match(cell) and not NUMBER.fullmatch(cell) and cell[0] != "'"]
        yield from [cell for cell in row if INVISIBLE.intersection(cell)]


def look_at_workbook(written: bytes) -> Iterator[str]:
    for sheet in load_workbook(io.BytesIO(written)):
        for row in sheet.iter_rows():
            yield from [f"{cell.value}" for cell in row if cell.data_type == "f" or cell.hyperlink]
            yield from [f"{cell.value!r}" for cell in row if INVISIBLE.intersection(str(cell.value))]


def look_at_paper(written: bytes) -> Iterator[str]:
    """Look at a PDF: it opens, nothing in it can be clicked on or run, and nothing reorders what stands beside it."""
    reader = PdfReader(io.BytesIO(written))
    root = reader.root_object
    # Where it opens is a place on a page, and nothing that is done.
    yield from ["an action"] if not isinstance(root.get("/OpenAction", []), list) else []
    yield from [one for one in ("/AA", "/AcroForm", "/Names", "/URI") if one in root]
    for page in reader.pages:
        yield from ["a link, or what is run"] if "/Annots" in page or "/AA" in page else []
        yield from [f"{sign!r}" for sign in INVISIBLE if sign in page.extract_text()]


LOOKS: dict[str, Callable[[bytes], Iterator[str]]] = {
    "text/html": look_at_page,
    "application/atom+xml": look_at_xml,
    "application/xml": look_at_xml,
    "text/csv": look_at_csv,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": look_at_workbook,
    "application/pdf": look_at_paper,
}
