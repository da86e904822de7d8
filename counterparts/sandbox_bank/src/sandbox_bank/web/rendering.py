"""Chameleon templates as responses."""

from __future__ import annotations

from importlib import resources

from chameleon import PageTemplateLoader
from pyramid.response import Response

from sandbox_bank.session import Language
from sandbox_bank.web.texts import Texts

_TEMPLATES = PageTemplateLoader(
    str(resources.files("sandbox_bank").joinpath("web/templates")), default_extension=".pt", auto_reload=False
)


def render_page(template: str, *, language: Language, status: int = 200, **values: object) -> Response:
    """Render one of the payer's pages in his language."""
    body = _TEMPLATES[template](t=Texts(language), language=language, languages=tuple(Language), **values)
    return Response(body.encode("utf-8"), status=status, content_type="text/html", charset="utf-8")


def render_console(template: str, **values: object) -> Response:
    """Render one of the console's pages, which are English."""
    body = _TEMPLATES[template](**values)
    return Response(body.encode("utf-8"), content_type="text/html", charset="utf-8")
