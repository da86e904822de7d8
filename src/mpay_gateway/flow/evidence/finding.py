"""Find kept messages by what people have at hand."""

from dataclasses import dataclass
from datetime import datetime

from mpay_gateway.domain.errors import NotFound, UnknownPayment
from mpay_gateway.storage import UnitOfWork, Work
from mpay_gateway.storage.evidence_search import Found, OrderNamed


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages. `order_key`, `service_id`: of an order; `subject`: of one chain, as logs and reports name it.

    `since`, `until`: UTC; with any of the others they narrow it.
    """

    payment_id: str = ""
    order_key: str = ""
    service_id: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A message with its body; None: it was erased."""

    found: Found
    body: bytes | None


def find_messages(units: UnitOfWork, wanted: Wanted, *, limit: int) -> tuple[Found, ...]:
    """The messages in the order of time, at most `limit`. Raises: UnknownPayment."""
    return units.read(lambda work: _found(work, wanted, limit))


def _found(work: Work, wanted: Wanted, limit: int) -> tuple[Found, ...]:
    search = work.evidence_search
    if wanted.payment_id:
        subjects = search.subjects_of_payment(wanted.payment_id)
        if not subjects:
            raise UnknownPayment(wanted.payment_id)
    elif wanted.order_key:
        named = OrderNamed(wanted.order_key, wanted.service_id)
        return search.of_order(named, wanted.since, wanted.until, limit=limit)
    elif wanted.subject:
        subjects = (wanted.subject,)
    else:
        return search.between(wanted.since, wanted.until, limit=limit)
    return search.of_subjects(subjects, wanted.since, wanted.until, limit=limit)


def show_message(units: UnitOfWork, evidence_id: int) -> Shown:
    """One message by its number. Raises: NotFound."""

    def read(work: Work) -> Shown:
        found = work.evidence_search.message(evidence_id)
        if found is None:
            raise NotFound(f"message {evidence_id}")
        return Shown(found, work.evidence.body(evidence_id))

    return units.read(read)
