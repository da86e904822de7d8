"""Give confirmed money back: the service's signed word first, then the provider, then the service's word again.

No second confirmation is ever sent, and none of less: that the debt is gone is the service's own affair, which it
says in the status of its order.
"""

import structlog

from mpay_gateway.domain.errors import Conflict, MpayError
from mpay_gateway.domain.guards import guards
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.order import OrderStatus
from mpay_gateway.domain.payment import Payment
from mpay_gateway.domain.provider_answer import ReversalAnswer
from mpay_gateway.domain.refund import Refund, RefundGround, RefundState
from mpay_gateway.domain.remarks import remark
from mpay_gateway.domain.transitions import RefundEvent
from mpay_gateway.flow.order_lookup import Answer, look_up
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.pulled_accounts import ask_soon
from mpay_gateway.flow.refunds.postings import book_refund
from mpay_gateway.flow.refunds.provider_refunds import note_refunded
from mpay_gateway.flow.reversal import NotGiven, ask_back
from mpay_gateway.flow.schedules import next_delivery, next_word
from mpay_gateway.storage import Work
from mpay_gateway.storage.tasks import Lease

_RELEASED = frozenset({OrderStatus.REFUNDING, OrderStatus.REFUNDED})
_log = structlog.get_logger("refunding")


@guards("refund.word")
def refund(parts: Parts, lease: Lease) -> None:
    """A worker's try to bring a refund on: as far as the other sides let it."""

    def read(work: Work) -> tuple[Refund, Payment]:
        found = work.refunds.get(lease.subject)
        return found, work.payments.get(found.payment_id)

    found, payment = parts.units.read(read)
    if found.state is RefundState.DUE:
        if not found.waits or _hear_word(parts, lease, found, payment):
            _give_back(parts, lease, found, payment)
    elif found.state is RefundState.DONE and found.acknowledged_at is None and not _by_provider(found):
        _hear_word(parts, lease, found, payment)
    else:
        parts.units.run("refund-idle", lambda work: work.tasks.finish(lease, due=None))


def _by_provider(found: Refund) -> bool:
    return found.ground is RefundGround.BY_PROVIDER


@guards("refund.word")
def _hear_word(parts: Parts, lease: Lease, found: Refund, payment: Payment) -> bool:
    """Read the order. True when it says what the refund waits for, which is written down then.

    Before the money left, that the service has released the debt; afterwards, that all is over.
    """
    try:
        service = parts.services.get_any(payment.service_id)
        answer = look_up(parts, service, payment.order_key, Language.RO)
        said = answer.order.status
        awaited = _RELEASED if found.waits else {OrderStatus.REFUNDED}
        if said in awaited:
            return parts.units.run("refund-word", lambda work: _heard(parts, work, lease, answer))
        words = f"the order reads {said.value}"
    except Conflict:
        raise
    except MpayError as error:
        words = remark(error)
    parts.units.run("refund-waits", lambda work: _not_yet(parts, work, lease, words))
    return False


def _heard(parts: Parts, work: Work, lease: Lease, answer: Answer) -> bool:
    payment, found = _leased(work, lease)
    answer.store(work)
    now, actor = parts.clock.now(), f"service:{payment.service_id}"
    said = f"the order reads {answer.order.status.value}"
    if found.waits:
        work.refunds.change(
            found, RefundEvent.RELEASE, actor=actor, at=now, detail=said, released_at=now, last_error=""
        )
        return True
    work.refunds.change(
        found, RefundEvent.ACKNOWLEDGE, actor=actor, at=now, detail=said, acknowledged_at=now, last_error=""
    )
    work.tasks.finish(lease, due=None)
    return True


def _not_yet(parts: Parts, work: Work, lease: Lease, words: str) -> None:
    """The service's word is not there: asked for again by the schedule, then left to people."""
    _, found = _leased(work, lease)
    now = parts.clock.now()
    pause = next_word(now - (found.done_at or found.created_at))
    work.refunds.note(found, last_error=words)
    work.tasks.finish(lease, due=None if pause is None else now + pause)
    _log.info("refund_waits", refund=found.id, state=found.state.value, again=pause is not None)


@guards("refund.key")
def _give_back(parts: Parts, lease: Lease, found: Refund, payment: Payment) -> None:
    answer = ask_back(parts, lease, payment, found.amount, key=found.key)
    if isinstance(answer, NotGiven):
        parts.units.run("refund-not-done", lambda work: _not_done(parts, work, lease, answer))
    else:
        parts.units.run("refund-done", lambda work: _answered(parts, work, lease, answer))


@guards("lease.fence")
def _leased(work: Work, lease: Lease) -> tuple[Payment, Refund]:
    """The refund, locked after its payment, if the lease still holds. Raises: Conflict."""
    payment = work.payments.lock(work.refunds.get(lease.subject).payment_id)
    work.tasks.check(lease)
    return payment, work.refunds.lock(lease.subject)


@guards("refund.whole")
def _answered(parts: Parts, work: Work, lease: Lease, answer: ReversalAnswer) -> None:
    """Book what the provider gave back; another amount than asked for is a person's affair (fault C51)."""
    payment, found = _leased(work, lease)
    now, whole = parts.clock.now(), answer.amount == found.amount
    same_currency = answer.amount.currency == found.amount.currency
    returned = answer.amount if same_currency else Money.zero(found.amount.currency)
    changed = work.refunds.change(
        found, RefundEvent.DONE if whole else RefundEvent.REFUSE, actor=f"provider:{payment.account_id}", at=now,
        done_at=now if whole else None, attempts=found.attempts + 1, returned=returned,
        last_error="" if whole else f"gave back {answer.amount}",
    )  # fmt: skip
    book_refund(work, changed, payment, at=now)
    work.tasks.finish(lease, due=now if whole else None)


def _not_done(parts: Parts, work: Work, lease: Lease, answer: NotGiven) -> None:
    """After a definite no, an earlier try may have had its effect: a line that came before tells, or the provider."""
    payment, found = _leased(work, lease)
    if answer.final and work.stated_returns.names_refund(found.id):
        work.tasks.finish(lease, due=None)
        note_refunded(parts, work, found.id)
        return
    now, attempts = parts.clock.now(), found.attempts + 1
    event = RefundEvent.REFUSE if answer.final else RefundEvent.UNANSWERED
    work.refunds.change(
        found, event, actor="machine", at=now, attempts=attempts, last_error=remark(answer.error)
    )
    work.tasks.finish(lease, due=None if answer.final else now + next_delivery(attempts))
    if answer.final:
        ask_soon(parts, work, payment)
    _log.warning("refund_not_done", refund=found.id, attempts=attempts, again=not answer.final)
