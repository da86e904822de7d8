"""What can be asserted of PDF/A-3b and PDF/UA-1 without a validator."""

import io
import json
from dataclasses import replace

import pikepdf
import pytest
from lxml import etree

from mpay_gateway.domain.language import Language
from tests.unit.documents.samples import INVOICE, RECEIPT, with_service

PDFA = "http://www.aiim.org/pdfa/ns/id/"
PDFUA = "http://www.aiim.org/pdfua/ns/id/"
EXTENSION = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "ext": "http://www.aiim.org/pdfa/ns/extension/",
    "schema": "http://www.aiim.org/pdfa/ns/schema#",
    "property": "http://www.aiim.org/pdfa/ns/property#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
}
SUBJECTS = [INVOICE, RECEIPT]


def opened(content):
    return pikepdf.open(io.BytesIO(content))


def elements(node):
    """The structure elements below a node, in reading order."""
    kids = node.get("/K", [])
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary) and kid.get("/S") is not None:
            yield kid
            yield from elements(kid)


def tags(pdf):
    return [str(element.S)[1:] for element in elements(pdf.Root.StructTreeRoot)]


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("language", Language)
def test_language_and_title_are_those_of_the_page(draw, subject, language):
    with opened(draw(subject, language)) as pdf:
        assert str(pdf.Root.Lang) == language
        title = str(pdf.docinfo["/Title"])
        assert bool(pdf.Root.ViewerPreferences.DisplayDocTitle) is True
        metadata = etree.fromstring(pdf.Root.Metadata.read_bytes())
    assert metadata.findtext(".//dc:title//rdf:li", namespaces=EXTENSION) == title
    assert title.endswith("4820 1937 4655 10" if subject is INVOICE else "7K3Q X9M2 B4TV W8HN")


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_file_names_both_standards_and_describes_the_foreign_one(draw, subject):
    with opened(draw(subject)) as pdf:
        packet = pdf.Root.Metadata.read_bytes()
    metadata = etree.fromstring(packet)
    descriptions = metadata.findall(".//rdf:Description", EXTENSION)
    assert len(metadata.findall("rdf:RDF", EXTENSION)) == 1
    identified = {name: value for each in descriptions for name, value in each.attrib.items()}
    assert identified[f"{{{PDFA}}}part"] == "3"
    assert identified[f"{{{PDFA}}}conformance"] == "B"
    assert identified[f"{{{PDFUA}}}part"] == "1"
    schema = metadata.find(".//ext:schemas/rdf:Bag/rdf:li", EXTENSION)
    assert schema.findtext("schema:namespaceURI", namespaces=EXTENSION) == PDFUA
    assert schema.findtext("schema:prefix", namespaces=EXTENSION) == "pdfuaid"
    described = schema.find("schema:property/rdf:Seq/rdf:li", EXTENSION)
    assert described.findtext("property:name", namespaces=EXTENSION) == "part"
    assert described.findtext("property:valueType", namespaces=EXTENSION) == "Integer"


def test_dates_come_from_the_content(draw):
    with opened(draw(INVOICE)) as pdf:
        metadata = etree.fromstring(pdf.Root.Metadata.read_bytes())
        assert str(pdf.docinfo["/CreationDate"]).startswith("D:20261123091500")
    assert metadata.findtext(".//xmp:CreateDate", namespaces=EXTENSION) == "2026-11-23T09:15:00+00:00"


@pytest.mark.parametrize("subject", SUBJECTS)
def test_it_is_tagged_in_reading_order(draw, subject):
    with opened(draw(subject)) as pdf:
        assert bool(pdf.Root.MarkInfo.Marked) is True
        found = tags(pdf)
        assert all(page.get("/Tabs") == "/S" for page in pdf.pages)
    assert found[0] == "Document"
    assert found.count("H1") == 1
    assert found.index("H1") < found.index("H2") < found.index("Table")
    assert {"P", "Sect", "Figure", "Link", "THead", "TBody", "TR", "TH", "TD"} <= set(found)
    assert found.count("TR") == 4  # head, two lines, total
    assert found.count("TH") == 4  # three columns, and the row of the total


@pytest.mark.parametrize(
    ("subject", "number"), [(INVOICE, "4820 1937 4655 10"), (RECEIPT, "7K3Q X9M2 B4TV W8HN")]
)
def test_pictures_have_alternative_texts(draw, subject, number):
    with opened(draw(subject, Language.EN)) as pdf:
        figures = [each for each in elements(pdf.Root.StructTreeRoot) if each.S == "/Figure"]
        alternatives = [str(figure.Alt) for figure in figures]
    assert alternatives[0] == "Logo of Moldsilva Agency"
    assert "QR code" in alternatives[1]
    assert number in alternatives[1]
    assert len(alternatives) == 2


@pytest.mark.parametrize("subject", SUBJECTS)
def test_links_are_described_and_printed(draw, subject):
    address = INVOICE.address if subject is INVOICE else RECEIPT.check_address
    with opened(draw(subject)) as pdf:
        links = list(pdf.pages[0].Annots)
        assert links
        for link in links:
            assert str(link.A.URI) == str(link.Contents) == address
            assert int(link.F) == 4


@pytest.mark.parametrize("subject", SUBJECTS)
def test_colours_have_an_output_intent(draw, subject):
    with opened(draw(subject)) as pdf:
        (intent,) = pdf.Root.OutputIntents
        assert intent.S == "/GTS_PDFA1"
        assert int(intent.DestOutputProfile.N) == 3
        assert pdf.trailer.ID[0]
        assert not pdf.is_encrypted


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("language", Language)
def test_every_font_is_fira_sans_embedded_with_its_letters(draw, subject, language):
    with opened(draw(subject, language)) as pdf:
        fonts = [
            each
            for each in pdf.objects
            if isinstance(each, pikepdf.Dictionary) and each.get("/Type") == "/Font"
        ]
        descendants = [font for font in fonts if "/FontDescriptor" in font]
        assert descendants
        for font in descendants:
            assert "+Fira-Sans" in str(font.BaseFont)
            assert len(font.FontDescriptor.FontFile2.read_bytes()) > 1000
        assert all("/ToUnicode" in font for font in fonts if font not in descendants)


def test_the_content_is_attached_as_data(draw):
    with opened(draw(INVOICE)) as pdf:
        (file,) = pdf.Root.AF
        assert file.AFRelationship == "/Data"
        assert str(file.UF) == "invoice-48201937465510.json"
        assert file.EF.F.Subtype == "/application/json"
        data = json.loads(file.EF.F.read_bytes())
    assert data["number"] == "48201937465510"
    assert data["total_due"] == {"minor": 123456, "currency": "MDL"}
    assert [line["amount_due"]["minor"] for line in data["lines"]] == [85000, 38456]
    assert data["lines"][0]["account"]["iban"] == "MD24AG000225100013104168"


def test_the_attached_data_tells_no_more_about_the_payer_than_the_page(draw):
    with opened(draw(INVOICE)) as pdf:
        written = pdf.Root.AF[0].EF.F.read_bytes().decode()
    assert "Popescu" not in written
    assert "2000123456426" not in written
    assert json.loads(written)["payer"] == {
        "name": "Po**** I.",
        "code": "20********426",
        "type": "Person",
        "masked": True,
    }


def test_a_receipts_data_is_attached(draw):
    with opened(draw(RECEIPT)) as pdf:
        data = json.loads(pdf.Root.AF[0].EF.F.read_bytes())
    assert data["payment_id"] == "7K3QX9M2B4TVW8HN"
    assert data["total"]["minor"] == 123456
    assert data["confirmed_at"] == "2026-11-23T09:22:00+00:00"


@pytest.mark.parametrize(
    "logo", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\nbroken"]
)
def test_a_service_without_a_fit_logo_still_has_its_papers(draw, read, logo):
    (page,) = read(draw(with_service(logo_png=logo)))
    assert "Agenția Moldsilva" in page


def test_the_same_content_gives_the_same_bytes(draw):
    assert draw(INVOICE) == draw(INVOICE)
    assert draw(INVOICE) != draw(replace(INVOICE, issued_at=RECEIPT.paid_at))
