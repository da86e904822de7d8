"""Step 7: the payer chooses how to pay, and the payment starts."""

from collections.abc import Mapping
from typing import TypeAlias

from pyramid.request import Request
from pyramid.response import Response

from mpay_gateway.domain.errors import InvalidChoice, NotFound
from mpay_gateway.domain.instrument import InstrumentChoice
from mpay_gateway.flow.instrument_choice import show_instruments
from mpay_gateway.flow.payment_start import OrderChanged, start_payment
from mpay_gateway.flow.visiting import find_visit
from mpay_gateway.web.begun import remember_begun
from mpay_gateway.web.form import FormError, read_form
from mpay_gateway.web.language import go_to

Page: TypeAlias = Mapping[str, object] | Response
_LONGEST_TOKEN = 64


def show(request: Request) -> Page:
    """GET /pay/{token}/method. Before the payer has agreed to an amount, the true step is the invoice."""
    return _shown(request, "", ())


def start(request: Request) -> Page:
    """POST /pay/{token}/method: the only request that starts a payment; pressed twice, it starts one."""
    token = request.matchdict["token"]
    form = read_form(request)
    chosen = form.get("instrument")
    if not chosen:
        request.response.status_int = 422
        return _shown(request, "", (FormError("instrument", "instrument.missing"),))
    try:
        started = start_payment(
            request.parts, token, InstrumentChoice(chosen),
            form_token=form.get("form_token")[:_LONGEST_TOKEN], language=request.language,
        )  # fmt: skip
    except InvalidChoice as error:
        request.response.status_int = 422
        return _shown(request, chosen, (FormError("instrument", error.reason),))
    except NotFound:
        return _true_step(request)
    if isinstance(started, OrderChanged):
        response = go_to(request, "pay", token=token)
        response.location += ("&" if "?" in response.location else "?") + "changed=1"
        return response
    response = go_to(request, "bank", token=token, payment=started.payment.id)
    remember_begun(request, response, token)
    return response


def _shown(request: Request, chosen: str, errors: tuple[FormError, ...]) -> Page:
    try:
        page = show_instruments(request.parts, request.matchdict["token"], request.language)
    except NotFound:
        return _true_step(request)
    usable = [each.id for each in page.offered if each.usable]
    if len(usable) == 1:
        chosen = chosen or usable[0]
    return {"page": page, "chosen": chosen, "usable": usable, "errors": errors}


def _true_step(request: Request) -> Response:
    """To the invoice. Raises: NotFound when there is no such visit."""
    visit = find_visit(request.parts, request.matchdict["token"])
    return go_to(request, "pay", token=visit.token)
