"""Step 8: on to the provider, by a link or by a form of the provider's; QR and payment number are shown here."""

import io
from collections.abc import Mapping
from urllib.parse import urlsplit

import segno
from pyramid.httpexceptions import HTTPNotFound
from pyramid.request import Request
from pyramid.response import Response

from mpay_gateway.domain.errors import InvalidAnswer
from mpay_gateway.domain.provider_answer import Instructions, PostForm, Redirect, ShowQr
from mpay_gateway.flow.bank_page import how_to_pay, show_bank_page
from mpay_gateway.web.headers import content_policy
from mpay_gateway.web.language import go_to

_NO_APP = frozenset({"javascript", "data", "vbscript", "file", "blob", ""})


def show(request: Request) -> Mapping[str, object] | Response:
    """GET /pay/{token}/payments/{payment}/bank. A payment that needs nothing more leads to its result."""
    token, payment_id = request.matchdict["token"], request.matchdict["payment"]
    page = show_bank_page(request.parts, token, payment_id)
    values = {"page": page, "token": token, "site": "", "app_url": ""}
    match page.step:
        case None:
            return go_to(request, "result", token=token, payment=payment_id)
        case Redirect(url=url):
            return {**values, "site": _site(url), "kind": "link"}
        case PostForm(url=url):
            policy = content_policy(form_target=_origin(url))
            request.response.headers["Content-Security-Policy"] = policy
            return {**values, "site": _site(url), "kind": "form"}
        case ShowQr(app_url=url):
            usable = urlsplit(url).scheme.lower() not in _NO_APP
            return {**values, "app_url": url if usable else "", "kind": "qr"}
        case Instructions():
            how = how_to_pay(request.parts, token, page.payment, request.language)
            return {**values, "how": how, "kind": "number"}


def qr(request: Request) -> Response:
    """GET …/qr.svg: what the payer scans, drawn for any size."""
    page = show_bank_page(request.parts, request.matchdict["token"], request.matchdict["payment"])
    if not isinstance(page.step, ShowQr):
        raise HTTPNotFound("no QR")
    drawing = io.BytesIO()
    segno.make(page.step.content, error="m", micro=False).save(
        drawing, kind="svg", border=4, light="#fff", omitsize=True
    )
    return Response(drawing.getvalue(), content_type="image/svg+xml")


def _origin(url: str) -> str:
    """Scheme, host and port of a provider's page. Raises: InvalidAnswer when it is no web address."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise InvalidAnswer("the provider's page is no web address")
    return f"{parts.scheme}://{parts.netloc}"


def _site(url: str) -> str:
    """The host that the payer will see in his browser."""
    return _origin(url).partition("://")[2]
