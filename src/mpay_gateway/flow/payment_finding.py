"""Find my payment: by a number that is on its result page or receipt, for whoever also knows the key of its order."""

from mpay_gateway.domain.errors import UnknownOrder, UnknownPayment, UnknownService
from mpay_gateway.domain.identifiers import OrderKey, ServiceId, clean_payment_id
from mpay_gateway.domain.intake import Intake
from mpay_gateway.domain.payment import Payment
from mpay_gateway.domain.provider_answer import Confirms
from mpay_gateway.flow.given_elsewhere import GivenElsewhere, given_as, told_of
from mpay_gateway.flow.order_lookup import possible_key
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage import Work


def find_payment(parts: Parts, number: str, order_key: str, *, client: str) -> Payment | GivenElsewhere:
    """The payment of this reference, or the money that a kiosk took under this number of its own.

    Raises: UnknownPayment, alike for a wrong number and a wrong key; TooManyRequests.
    """
    parts.limits.refuse_guesser(client)
    payment, intakes = parts.units.read(lambda work: _candidates(parts, work, number))
    if payment is not None and _is_of(parts, payment.service_id, payment.order_key, order_key):
        return payment if payment.visit_token else told_of(parts, payment)
    for intake in intakes:
        if _is_of(parts, intake.service_id, intake.order_key, order_key):
            return given_as(parts, intake)
    parts.limits.missed(client, "find", number, order_key)
    raise UnknownPayment(number)


def _candidates(parts: Parts, work: Work, number: str) -> tuple[Payment | None, tuple[Intake, ...]]:
    """The payment whose reference it may be, and what was told under it: each network numbers for itself."""
    pushing = (each for each in parts.registry.accounts.values() if each.confirms is Confirms.PUSH)
    told = (work.intakes.find(each.id, "".join(number.split())) for each in pushing)
    return _payment(work, number), tuple(each for each in told if each is not None)


def _payment(work: Work, number: str) -> Payment | None:
    try:
        return work.payments.get(clean_payment_id(number))
    except UnknownPayment:
        return None


def _is_of(parts: Parts, service_id: ServiceId, order_key: OrderKey, typed: str) -> bool:
    try:
        return possible_key(parts.services.get_any(service_id), typed) == order_key
    except (UnknownOrder, UnknownService):
        return False
