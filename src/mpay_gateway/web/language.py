"""The payer's language: in the address when he has just chosen it, then in a cookie. Romanian otherwise."""

from urllib.parse import parse_qsl, quote, urlencode

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from mpay_gateway.domain.language import Language
from mpay_gateway.web.addresses import PublicAddress

PARAMETER = "lang"
NAMES = {Language.RO: "Română", Language.RU: "Русский", Language.EN: "English"}
_YEAR = 365 * 24 * 3600


def cookie_name(name: str, public: PublicAddress) -> str:
    """`__Host-` binds a cookie to our host and to TLS; a browser takes it over https alone."""
    return f"__Host-{name}" if public.https else name


def language_of(request: Request) -> Language:
    """What the address says, else the cookie. A language that was just chosen is remembered."""
    wanted = dict(_query(request)).get(PARAMETER, "")
    name = cookie_name("language", request.registry.public_address)
    kept = request.cookies.get(name, "")
    if wanted in set(Language):
        if wanted != kept:
            request.add_response_callback(lambda _, response: _remember(response, name, wanted, request))
        return Language(wanted)
    return Language.parse(kept)


def switch_links(request: Request, *, place: str = "") -> list[tuple[Language, str, str]]:
    """For each language its name and this page's address in it.

    `place`: path and query of another page that shows the same, when this one has no address of its own.
    """
    path, _, query = place.partition("?")
    path = path or quote(str(request.environ.get("PATH_INFO", "/")).encode("latin-1"))
    pairs = parse_qsl(query) if place else _query(request)
    rest = [(key, value) for key, value in pairs if key != PARAMETER]
    return [
        (language, NAMES[language], f"{path}?{urlencode([*rest, (PARAMETER, language.value)])}")
        for language in Language
    ]


def path_to(request: Request, route: str, **elements: str) -> str:
    """The path of a route of ours; the language stays in it for a browser that keeps no cookies."""
    query: dict[str, str] = {}
    language = request.language  # asked for by redirects too, so that they remember a language just chosen
    if not request.cookies and PARAMETER in dict(_query(request)):
        query[PARAMETER] = language.value
    return str(request.route_path(route, _query=query or None, **elements))


def go_to(request: Request, route: str, **elements: str) -> Response:
    """303 to a route of ours."""
    return HTTPSeeOther(path_to(request, route, **elements))


def _query(request: Request) -> list[tuple[str, str]]:
    """The query, whatever is in it: a page that says it cannot be read has links too."""
    return parse_qsl(str(request.environ.get("QUERY_STRING", "")), keep_blank_values=True, errors="replace")


def _remember(response: Response, name: str, language: str, request: Request) -> None:
    response.set_cookie(
        name, language, max_age=_YEAR, path="/", httponly=True, samesite="Lax",
        secure=request.registry.public_address.https,
    )  # fmt: skip
