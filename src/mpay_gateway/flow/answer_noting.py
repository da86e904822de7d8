"""Let a service's answer be counted: one row, in the commit that writes down what the answer led to."""

from datetime import datetime, timedelta

from mpay_gateway.domain.confirmation import DeliveryReceipt
from mpay_gateway.domain.deviation import Deviation
from mpay_gateway.domain.deviation_kinds import refused_answer
from mpay_gateway.domain.errors import InvalidAnswer, MpayError, RemoteRefused
from mpay_gateway.domain.heard_answer import AnswerTo, HeardAnswer
from mpay_gateway.domain.order import OrderLookup
from mpay_gateway.domain.payment import Delivery
from mpay_gateway.domain.service import Service
from mpay_gateway.flow.evidence_sinks import BufferedSink, DurableSink
from mpay_gateway.storage import Work


def note_delivery_answer(
    work: Work, delivery: Delivery, outcome: DeliveryReceipt | MpayError, *, sink: DurableSink, at: datetime
) -> None:
    """What came back of a try to tell a service; nothing is noted where nothing came."""
    if sink.took is None:
        return
    skew = None
    if isinstance(outcome, DeliveryReceipt) and outcome.skew_seconds is not None:
        skew = timedelta(seconds=outcome.skew_seconds)
    work.heard_answers.add(
        HeardAnswer(
            delivery.service_id, AnswerTo.CONFIRMATION, at, delivery.payment_id, sink.took, skew,
            deviations_of(outcome),
        )
    )  # fmt: skip


def note_fruitless_answer(
    work: Work, service: Service, outcome: OrderLookup | MpayError, *, sink: BufferedSink, subject: str, at: datetime
) -> None:  # fmt: skip
    """What came back of a look-up that led to no order."""
    skew = outcome.skew if isinstance(outcome, OrderLookup) else None
    work.heard_answers.add(
        HeardAnswer(service.id, AnswerTo.LOOKUP, at, subject, sink.took, skew, deviations_of(outcome))
    )


def deviations_of(outcome: OrderLookup | DeliveryReceipt | MpayError) -> tuple[Deviation, ...]:
    """What was off the contract, as far as it is known."""
    match outcome:
        case OrderLookup() | DeliveryReceipt() | RemoteRefused():
            return outcome.deviations
        case InvalidAnswer():
            return (refused_answer(str(outcome)),)
        case _:
            return ()
