"""HTML to PDF with WeasyPrint. Runs in rendering processes only: see `worker`."""

from datetime import UTC
from pathlib import Path

from weasyprint import CSS, HTML, Attachment
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from mpay_gateway.documents.conformity import complete_pdf
from mpay_gateway.documents.fonts import FAMILY, font_files
from mpay_gateway.documents.paper import LOGO_ADDRESS, Paper

_STYLE = Path(__file__).parent / "templates" / "paper.css"
_FONT_ADDRESS = "paper:font-{weight}.ttf"
_PNG = b"\x89PNG\r\n\x1a\n"


class PackagedAssets(URLFetcher):
    """Serves what it was given, from memory, and refuses everything else: no file, no network, no `data:`."""

    def __init__(self, assets: dict[str, tuple[bytes, str]]) -> None:
        super().__init__(allowed_protocols=(), allow_redirects=False)
        self._assets = assets

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:  # noqa: ARG002 -- WeasyPrint's signature
        """The asset of exactly this address.

        Raises: ValueError for any other.
        """
        if url not in self._assets:
            raise ValueError("a paper fetches nothing")
        content, media_type = self._assets[url]
        return URLFetcherResponse(url, content, {"Content-Type": media_type})


class Drawer:
    """Draws papers one after another with faces and style sheet that are read once."""

    def __init__(self) -> None:
        self._fonts = FontConfiguration()
        self._style = CSS(
            string=_faces() + _STYLE.read_text("utf-8"),
            url_fetcher=PackagedAssets(_font_assets()),
            font_config=self._fonts,
        )

    def draw(self, paper: Paper) -> bytes:
        """The paper as PDF/A-3b with tags. The same paper gives the same bytes."""
        document = HTML(string=paper.html, base_url="paper:", url_fetcher=PackagedAssets(_logo(paper)))
        content: bytes = document.write_pdf(
            stylesheets=[self._style],
            font_config=self._fonts,
            pdf_variant="pdf/a-3b",
            pdf_tags=True,
            attachments=[_attachment(paper)],
            finisher=complete_pdf,
        )
        return content


def _faces() -> str:
    return "".join(
        f'@font-face{{font-family:"{FAMILY}";font-weight:{weight};src:url({_FONT_ADDRESS.format(weight=weight)})}}'
        for weight in font_files()
    )


def _font_assets() -> dict[str, tuple[bytes, str]]:
    return {
        _FONT_ADDRESS.format(weight=weight): (path.read_bytes(), "font/ttf")
        for weight, path in font_files().items()
    }


def _logo(paper: Paper) -> dict[str, tuple[bytes, str]]:
    """The logo, only if it is the PNG that it should be."""
    if not paper.logo_png.startswith(_PNG):
        return {}
    return {LOGO_ADDRESS: (paper.logo_png, "image/png")}


def _attachment(paper: Paper) -> Attachment:
    dated = paper.dated.astimezone(UTC)
    return Attachment(
        string=paper.data,
        name=paper.data_name,
        description=paper.data_description,
        relationship="Data",
        created=dated,
        modified=dated,
    )
