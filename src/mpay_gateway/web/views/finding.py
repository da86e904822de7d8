"""Find my payment: by its reference and the key of its order."""

from collections.abc import Mapping

from pyramid.request import Request
from pyramid.response import Response

from mpay_gateway.domain.errors import UnknownPayment
from mpay_gateway.flow.payment_result import find_payment
from mpay_gateway.web.addresses import client_of
from mpay_gateway.web.form import FormError, read_form
from mpay_gateway.web.language import go_to


def ask(_request: Request) -> Mapping[str, object]:
    """GET /find."""
    return {"reference": "", "order_key": ""}


def find(request: Request) -> Mapping[str, object] | Response:
    """POST /find: to the payment's result page; a wrong reference and a wrong key look alike."""
    form = read_form(request)
    reference, order_key = form.get("reference"), form.get("order_key")
    values = {"reference": reference, "order_key": order_key}
    missing = tuple(FormError(name, f"find.{name}.missing") for name, value in values.items() if not value)
    if missing:
        request.response.status_int = 422
        return {**values, "errors": missing}
    try:
        payment = find_payment(request.parts, reference, order_key, client=client_of(request))
        if not payment.visit_token:
            raise UnknownPayment(reference)
    except UnknownPayment:
        request.response.status_int = 404
        return {**values, "errors": (FormError("reference", "find.not-found"),)}
    return go_to(request, "result", token=payment.visit_token, payment=payment.id)
