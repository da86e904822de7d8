"""The catalogue: which services can be paid, by name and category."""

import unicodedata
from dataclasses import dataclass

from pyramid.httpexceptions import HTTPNotFound
from pyramid.request import Request
from pyramid.response import Response

from mpay_gateway.domain.language import Language
from mpay_gateway.domain.normal_form import stream_safe
from mpay_gateway.domain.service import Service
from mpay_gateway.web.rendering import logo_digest
from mpay_gateway.web.static_files import FOR_EVER

_LONGEST_SEARCH = 100


@dataclass(frozen=True, slots=True)
class Shelf:
    """The services of one category, by name."""

    category: str
    services: tuple[Service, ...]


def show(request: Request) -> dict[str, object]:
    """GET /, with `?q=` for a search."""
    language: Language = request.language
    listed = request.parts.services.listed()
    sought = request.GET.get("q", "")[:_LONGEST_SEARCH].strip()
    found = [service for service in listed if _matches(service, sought)]
    return {
        "sought": sought,
        "shelves": _shelves(found, language),
        "found": len(found),
        "searchable": len(listed) > 1 or bool(sought),
    }


def logo(request: Request) -> Response:
    """GET /services/{service}/logo-{digest}.png: drawn anew at registration, so it is a picture and nothing else."""
    service = request.parts.services.get_any(request.matchdict["service"])
    if not service.logo_png or logo_digest(service.logo_png) != request.matchdict["digest"]:
        raise HTTPNotFound("logo")
    response = Response(service.logo_png, content_type="image/png")
    response.headers["Cache-Control"] = FOR_EVER
    return response


def _matches(service: Service, sought: str) -> bool:
    """Whether every word that was sought is somewhere in the service's names, in whichever language."""
    texts = [
        getattr(text, language.value)
        for text in (service.name, service.category, service.order_key_label)
        for language in Language
    ]
    plain = _plain(" ".join([service.id, *texts]))
    return all(word in plain for word in _plain(sought).split())


def _shelves(services: list[Service], language: Language) -> list[Shelf]:
    by_category: dict[str, list[Service]] = {}
    for service in services:
        by_category.setdefault(service.category.in_language(language), []).append(service)
    return [
        Shelf(category, tuple(sorted(found, key=lambda each: _plain(each.name.in_language(language)))))
        for category, found in sorted(by_category.items(), key=lambda item: (not item[0], _plain(item[0])))
    ]


def _plain(text: str) -> str:
    """Small letters without marks: `ș`, `ş` and `s` are one to somebody who seeks."""
    decomposed = unicodedata.normalize("NFKD", stream_safe(text.casefold()))
    return "".join(character for character in decomposed if not unicodedata.combining(character))
