"""What WeasyPrint leaves out of a file that is to be PDF/A-3b and PDF/UA-1 at once.

It writes one conformance level; the other's identifier needs a PDF/A extension schema beside it (ISO 19005-3,
6.6.2.3; ISO 14289-1, 5), or the file is no PDF/A. Pages with links
need a tab order (ISO 14289-1, 7.18.3). All in the open file, before it is written: no second pass.
"""

import pydyf  # type: ignore[import-untyped]
from weasyprint import Document

_END_OF_RDF = b"</rdf:RDF>"
_PDF_UA = b"""\
<rdf:Description xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/" rdf:about="" pdfuaid:part="1"/>
<rdf:Description xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#"
 rdf:about=""><pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name>
<pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Part of ISO 14289 that the file follows</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>
"""


def complete_pdf(document: Document, pdf: pydyf.PDF) -> None:  # noqa: ARG001 -- WeasyPrint's finisher
    """Add the PDF/UA identifier with its schema, and tab order; name each attachment once.

    Raises: ValueError when the file has no metadata to add to.
    """
    _identify(pdf)
    for item in pdf.objects:
        if isinstance(item, dict) and item.get("Type") == "/Page":
            item["Tabs"] = "/S"
    if "AF" in pdf.catalog:
        pdf.catalog["AF"] = pydyf.Array(dict.fromkeys(pdf.catalog["AF"]))


def _identify(pdf: pydyf.PDF) -> None:
    for item in pdf.objects:
        if isinstance(item, pydyf.Stream) and item.extra.get("Type") == "/Metadata":
            (packet,) = item.stream
            if packet.count(_END_OF_RDF) != 1:
                break
            item.stream = [packet.replace(_END_OF_RDF, _PDF_UA + _END_OF_RDF)]
            # Read by search engines and archives that know no PDF.
            item.compress = False
            return
    raise ValueError("no metadata to add to")
