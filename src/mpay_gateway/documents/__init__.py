"""The core's own invoice and receipt: Chameleon to HTML here, WeasyPrint to PDF in processes of its own."""

from mpay_gateway.documents.core import CoreDocuments
from mpay_gateway.documents.fonts import check_fonts
from mpay_gateway.documents.renderer import DocumentRenderer

__all__ = ["CoreDocuments", "DocumentRenderer", "check_fonts"]
