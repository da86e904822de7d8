"""The form for an order key: the one page that answers alike for an unknown order and for somebody else's."""

from collections.abc import Mapping

from pyramid.renderers import render_to_response
from pyramid.request import Request
from pyramid.response import Response

from mpay_gateway.domain.identifiers import ORDER_KEY_LENGTH
from mpay_gateway.domain.service import Service
from mpay_gateway.web.form import Fields, FormError

_EMPTY = Fields({})


def key_page(
    request: Request,
    service: Service,
    form: Fields = _EMPTY,
    *,
    errors: tuple[FormError, ...] = (),
    invoice: str = "",
) -> Mapping[str, object]:
    """The values of `order_key.pt`. `invoice`: number of the paper that led here."""
    target = ("landing", {"invoice": invoice}) if invoice else ("service", {"service": service.id})
    return {
        "service": service,
        "order_key": form.get("order_key")[:ORDER_KEY_LENGTH],
        "errors": errors,
        "invoice": invoice,
        "action": request.route_path(target[0], **target[1]),
    }


def order_not_found(request: Request, service: Service, order_key: str, *, place: str) -> Response:
    """404 with the form, so that the key can be mended. `place`: this page's address for other languages."""
    form = Fields({"order_key": order_key})
    values = key_page(request, service, form, errors=(FormError("order_key", "key.not-found"),))
    response = render_to_response("order_key.pt", {**values, "place": place}, request=request)
    response.status_int = 404
    return response
