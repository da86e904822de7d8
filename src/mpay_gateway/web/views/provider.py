"""Step 11: the two fixed addresses of each provider account. No cookie, no token, nothing believed."""

from pyramid.httpexceptions import HTTPNotFound, HTTPRequestEntityTooLarge
from pyramid.request import Request
from pyramid.response import Response

from mpay_gateway.domain.errors import UnknownPayment
from mpay_gateway.domain.identifiers import AccountId
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.payment import Payment
from mpay_gateway.domain.provider_answer import Callback, CallbackKind, Confirms
from mpay_gateway.flow.callback_intake import payment_of_return, receive_callback
from mpay_gateway.web.addresses import client_of
from mpay_gateway.web.language import PARAMETER, go_to


def come_back(request: Request) -> Response:
    """GET or POST /providers/{account}/return: 303 to the payment's result page."""
    account = _account(request)
    raw = _raw(request, account, CallbackKind.RETURN)
    payment = payment_of_return(request.parts, account, raw, client=client_of(request))
    if not payment.visit_token:
        raise UnknownPayment(payment.id)
    response = go_to(request, "result", token=payment.visit_token, payment=payment.id)
    _keep_language(request, response, payment)
    return response


def call_back(request: Request) -> Response:
    """POST /providers/{account}/callback: 204 once it is kept; refusals are all alike."""
    account = _account(request)
    raw = _raw(request, account, CallbackKind.NOTIFICATION)
    receive_callback(request.parts, account, raw, client=client_of(request))
    return Response(status=204)


def _account(request: Request) -> AccountId:
    """Raises: HTTPNotFound for no account of ours, and for one whose payments do not start and end here."""
    account = AccountId(request.matchdict["account"])
    known = request.parts.registry.accounts.get(account)
    if known is None or known.confirms is not Confirms.PULL:
        raise HTTPNotFound("account")
    return account


def _raw(request: Request, account: AccountId, kind: CallbackKind) -> Callback:
    """The request as it came: signatures are over raw bytes. Raises: HTTPRequestEntityTooLarge."""
    limit = request.parts.registry.accounts[account].callback_limit
    if (request.content_length or 0) > limit:
        raise HTTPRequestEntityTooLarge("callback")
    return Callback(
        kind=kind,
        method=request.method,
        query=tuple(request.GET.items()),
        headers=tuple((name.lower(), value) for name, value in request.headers.items()),
        body=request.body,
        received_at=request.parts.clock.now(),
    )


def _keep_language(request: Request, response: Response, payment: Payment) -> None:
    """A browser that comes from the bank by a form brings no cookies; the payment knows its payer's language."""
    if not request.cookies and payment.language != Language.RO:
        response.location = f"{response.location.partition('?')[0]}?{PARAMETER}={payment.language}"
