"""Steps 11 to 15: what became of the payment, and what can be done now."""

from collections.abc import Mapping

from pyramid.request import Request

from mpay_gateway.domain.payment import DeliveryState
from mpay_gateway.flow.payment_result import Outcome, ResultPage, look_at_result, show_result


def show(request: Request) -> Mapping[str, object]:
    """GET /pay/{token}/payments/{payment}."""
    page = show_result(request.parts, *_asked_for(request))
    return {"page": page, "state": _state(page), "waiting": _waiting(page)}


def status(request: Request) -> Mapping[str, str]:
    """GET …/status: for the page's script, which shows the page again when this changes."""
    return {"state": _state(look_at_result(request.parts, *_asked_for(request)))}


def _asked_for(request: Request) -> tuple[str, str]:
    return request.matchdict["token"], request.matchdict["payment"]


def _state(page: ResultPage) -> str:
    ends = [each.done_at for each in page.given_back] + [each.done_at for each in page.refunds]
    back = sum(end is not None for end in ends)
    return f"{page.outcome}.{'told' if page.told else 'untold'}.{back}"


def _waiting(page: ResultPage) -> bool:
    """Whether something is about to change without the payer."""
    if page.outcome in {Outcome.NOT_KNOWN, Outcome.AWAITED}:
        return True
    untold = page.delivery is not None and page.delivery.state in {DeliveryState.DUE, DeliveryState.LEASED}
    return page.outcome is Outcome.PAID and untold
