"""Templates, amounts and times as a payer reads them, and the headers of every page."""

from datetime import datetime
from decimal import Decimal
from functools import cache
from hashlib import sha256
from importlib.resources import files

from chameleon import PageTemplateLoader
from pyramid.request import Request
from pyramid.response import Response

from demo_service.language import DEFAULT_LANGUAGE, LANGUAGE_NAMES, Language, Texts, texts_in
from eservice_kit.wire_times import CHISINAU

LANGUAGE_COOKIE = "language"
_COOKIE_SECONDS = 365 * 24 * 3600
# Thousands and decimals, with the no-break space where a space divides.
_MARKS = {Language.RO: (".", ","), Language.RU: ("\u00a0", ","), Language.EN: (",", ".")}


def format_amount(bani: int, language: Language) -> str:
    """An amount such as 1.250,00 in Romanian."""
    marks: dict[str, str | int | None] = dict(zip(",.", _MARKS[language], strict=True))
    plain = f"{Decimal(bani) / 100:,.2f}"
    return plain.translate(str.maketrans(marks))


def format_time(moment: datetime, texts: Texts) -> str:
    """Day, month and time in Chisinau."""
    local = moment.astimezone(CHISINAU)
    month = texts("date.months").split()[local.month - 1]
    return f"{local.day} {month} {local.year}, {local:%H:%M}"


def chosen_language(request: Request) -> Language:
    """The language of the address, else of the cookie, else Romanian."""
    for code in (request.GET.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if code in set(Language):
            return Language(code)
    return DEFAULT_LANGUAGE


def render_page(request: Request, template: str, *, status: int = 200, **values: object) -> Response:
    """A page in the chosen language, which it remembers when the address names one."""
    language = chosen_language(request)
    texts = texts_in(language)
    body = _templates()[template](
        t=texts,
        language=language.value,
        languages=[(each.value, name) for each, name in LANGUAGE_NAMES.items()],
        path=request.path,
        style=f"/static/site.css?v={_style_version()}",
        amount=lambda bani: format_amount(bani, language),
        time=lambda moment: format_time(moment, texts),
        **values,
    )
    response = Response(body, status=status, content_type="text/html", charset="utf-8")
    response.headers["Content-Language"] = language.value
    response.headers["Cache-Control"] = "no-store"
    if "lang" in request.GET:
        response.set_cookie(
            LANGUAGE_COOKIE, language.value, max_age=_COOKIE_SECONDS, samesite="Lax", httponly=True
        )
    return response


def content_policy(gateway_url: str) -> str:
    """No script, nothing from elsewhere; forms go here and to the gateway."""
    return (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {gateway_url}"
    )


@cache
def _templates() -> PageTemplateLoader:
    return PageTemplateLoader(str(files("demo_service").joinpath("templates")), default_extension=".pt")


@cache
def _style_version() -> str:
    return sha256(files("demo_service").joinpath("static", "site.css").read_bytes()).hexdigest()[:12]
