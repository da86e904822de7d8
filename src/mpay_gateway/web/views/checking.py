"""Where the QR of a receipt leads: whether it is genuine, and no person's data."""

from collections.abc import Mapping

from pyramid.request import Request

from mpay_gateway.domain.errors import UnknownPayment
from mpay_gateway.flow.receipt import check_receipt


def show(request: Request) -> Mapping[str, object]:
    """GET /check/{token}; 404 when there is no such receipt."""
    try:
        return {"receipt": check_receipt(request.parts, request.matchdict["token"])}
    except UnknownPayment:
        request.response.status_int = 404
        return {"receipt": None}
