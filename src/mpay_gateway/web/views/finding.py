"""Find my payment: by its reference, or the number of a kiosk's receipt, and the key of its order."""

from collections.abc import Mapping

from pyramid.renderers import render_to_response
from pyramid.request import Request
from pyramid.response import Response

from mpay_gateway.domain.errors import UnknownPayment
from mpay_gateway.flow.given_elsewhere import GivenElsewhere
from mpay_gateway.flow.payment_finding import find_payment
from mpay_gateway.web.addresses import client_of
from mpay_gateway.web.form import FormError, read_form
from mpay_gateway.web.language import go_to


def ask(_request: Request) -> Mapping[str, object]:
    """GET /find."""
    return {"reference": "", "order_key": ""}


def find(request: Request) -> Mapping[str, object] | Response:
    """POST /find: to the payment's result page; a wrong reference and a wrong key look alike.

    Money that was given elsewhere has no place in the portal: what became of it is shown here.
    """
    form = read_form(request)
    reference, order_key = form.get("reference"), form.get("order_key")
    values = {"reference": reference, "order_key": order_key}
    missing = tuple(FormError(name, f"find.{name}.missing") for name, value in values.items() if not value)
    if missing:
        request.response.status_int = 422
        return {**values, "errors": missing}
    try:
        found = find_payment(request.parts, reference, order_key, client=client_of(request))
    except UnknownPayment:
        request.response.status_int = 404
        return {**values, "errors": (FormError("reference", "find.not-found"),)}
    if isinstance(found, GivenElsewhere):
        return render_to_response("elsewhere.pt", {"page": found}, request=request)
    return go_to(request, "result", token=found.visit_token, payment=found.id)
