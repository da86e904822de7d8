"""Books: what the orders of a day's payments read now at their services."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mpay_gateway.domain.errors import MpayError
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.order import OrderStatus
from mpay_gateway.flow.order_lookup import Answer, look_up
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage import Work
from mpay_gateway.storage.days import CaptureOfDay

Progress = Callable[[int, int], object]
"""Takes how many orders are read, of how many."""


@dataclass(frozen=True, slots=True)
class Probed:
    """What an order reads now, or why it could not be read.

    `denies`: it reads as if the payment had never been made. `answered`: whether it could be read.
    """

    reads: str
    denies: bool = False
    answered: bool = True


NOT_PROBED = Probed("")


def probe_orders(parts: Parts, captures: Sequence[CaptureOfDay], progress: Progress) -> dict[str, Probed]:
    """Read the order of each payment at its service, one after another."""
    found: dict[str, Probed] = {}
    for number, each in enumerate(captures, 1):
        found[each.payment_id] = _probe(parts, each)
        progress(number, len(captures))
    return found


def _probe(parts: Parts, capture: CaptureOfDay) -> Probed:
    try:
        service = parts.services.get_any(capture.service_id)
        answer = look_up(parts, service, capture.order_key, Language.RO)
        parts.units.run("keep-probe", answer.store)
    except MpayError as error:
        return Probed(f"nothing ({type(error).__name__})", answered=False)
    return Probed(
        answer.order.status.value, parts.units.read(lambda work: _denies(work, capture.payment_id, answer))
    )


def _denies(work: Work, payment_id: str, answer: Answer) -> bool:
    """A key recurs: an order that is due with other content is another debt, not this one unpaid."""
    status = answer.order.status
    if status is OrderStatus.ACTIVE:
        paid = work.snapshots.get(work.payments.get(payment_id).snapshot_id)
        return paid.order.version == answer.order.version
    return status in {OrderStatus.CANCELLED, OrderStatus.EXPIRED}
