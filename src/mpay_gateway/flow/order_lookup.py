"""Step 5: ask the service what it knows of an order."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from mpay_gateway.domain.deviation import Deviation
from mpay_gateway.domain.errors import (
    InvalidAnswer,
    MpayError,
    OrderNotNamed,
    OutcomeUnknown,
    PluginBusy,
    RemoteRefused,
    RemoteUnavailable,
    UnknownOrder,
    UnknownService,
)
from mpay_gateway.domain.heard_answer import AnswerTo, HeardAnswer
from mpay_gateway.domain.identifiers import OrderKey, clean_order_key
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.order import Order, OrderLookup
from mpay_gateway.domain.proof import Proof
from mpay_gateway.domain.queries import OrderQuery
from mpay_gateway.domain.service import Service
from mpay_gateway.flow.answer_noting import note_fruitless_answer
from mpay_gateway.flow.breakers import answered, lookups_at, may_call, unanswered
from mpay_gateway.flow.evidence_sinks import BufferedSink
from mpay_gateway.flow.lookup_limits import letters_and_digits
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage import Work
from mpay_gateway.storage.evidence import LOOKUP
from mpay_gateway.storage.snapshots import Snapshot

_UNKNOWN_ORDER_FAULTS = {"UnknownOrder", "InvalidParameter"}
"""Services send these unsigned for a key that they do not know. Enough to show "not found", and for nothing else."""
_log = structlog.get_logger("order_lookup")


@dataclass(frozen=True, slots=True)
class Answer:
    """One order as the service described it just now, not yet stored."""

    snapshot: Snapshot
    deviations: tuple[Deviation, ...]
    skew: timedelta | None
    evidence: BufferedSink
    proof: Proof | None = None

    @property
    def order(self) -> Order:
        return self.snapshot.order

    def store(self, work: Work) -> None:
        """Store the snapshot and the messages that it came by, and let the answer be counted.

        Raises: InvalidAnswer for a copy of an answer that was heard before this one was asked for.
        """
        if self.proof is not None and not work.signatures.once(
            self.order.service_id, self.proof, subject=self.snapshot.id, at=self.snapshot.received_at,
            asked_at=self.snapshot.requested_at,
        ):  # fmt: skip
            raise InvalidAnswer("a copy of an earlier answer about this order")
        work.snapshots.add(self.snapshot, deviations=self.deviations, skew=self.skew)
        work.evidence.new_chain(self.snapshot.id)
        self.evidence.save(work, self.snapshot.id)
        work.heard_answers.add(
            HeardAnswer(
                self.order.service_id, AnswerTo.LOOKUP, self.snapshot.received_at, self.snapshot.id,
                self.evidence.took, self.skew, self.deviations,
            )
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class SeveralOrders:
    """More than one order under a key. Each has a key of its own, by which it is read again before it is paid."""

    orders: tuple[Order, ...]


@dataclass(frozen=True, slots=True)
class _Question:
    """One question to a service, and its messages."""

    service: Service
    order_key: OrderKey
    evidence: BufferedSink


@dataclass(frozen=True, slots=True)
class _Heard:
    """What came back. `known`: how often the service had said by then that it knows of money for the order."""

    parts: Parts
    question: _Question
    found: OrderLookup
    requested_at: datetime
    known: int

    def about(self, order_key: OrderKey) -> Answer:
        """What it said of the order with exactly this key. Raises: UnknownOrder."""
        parts, found, service = self.parts, self.found, self.question.service
        order = next((order for order in found.orders if order.order_key == order_key), None)
        if order is None:
            certain = found.certain and not found.orders
            error = UnknownOrder(service.id) if certain else OrderNotNamed(service.id, fault=found.fault)
            _keep_fruitless(parts, self.question, found, type(error).__name__)
            raise error
        snapshot = Snapshot(parts.ids.token(), order, self.requested_at, parts.clock.now(), self.known)
        return Answer(snapshot, found.deviations, found.skew, self.question.evidence, found.proof)


def look_up(parts: Parts, service: Service, order_key: OrderKey, language: Language) -> Answer:
    """Ask the service for the order of this key. Has no effect; the latest answer counts.

    An answer that leads to no order is kept as evidence at once: nothing else would bring it into the books.
    Raises: UnknownOrder (OrderNotNamed when that is not certain), UnknownService, RemoteRefused, RemoteUnavailable,
    OutcomeUnknown, InvalidAnswer.
    """
    return _hear(parts, service, order_key, language).about(order_key)


def _hear(parts: Parts, service: Service, order_key: OrderKey, language: Language) -> _Heard:
    question = _Question(service, order_key, BufferedSink(parts.clock))
    known = parts.units.read(lambda work: work.snapshots.known(service.id, order_key))
    asked_at, began = parts.clock.now(), parts.clock.monotonic()
    try:
        found = _ask(parts, service, OrderQuery(service.id, order_key, language, question.evidence))
    except MpayError as error:
        _keep_fruitless(parts, question, error, type(error).__name__)
        raise
    requested_at = _asked(parts, asked_at, waited=parts.clock.monotonic() - began)
    return _Heard(parts, question, found, requested_at, known)


def _ask(parts: Parts, service: Service, query: OrderQuery) -> OrderLookup:
    """Ask the service if it answers and takes a further question now.

    Its breaker counts only questions that nothing came back to: strangers choose the keys, and a key that a service
    answers with a fault must not shut others out.
    """
    calls = lookups_at(service.id)
    with parts.lookup_places.at(service.id) as free:
        if not free:
            raise PluginBusy(f"{service.id}: too many look-ups wait for it")
        if not may_call(parts, calls):
            raise RemoteUnavailable(f"{service.id}: gives no answers just now")
        try:
            found = parts.calls.lookup_orders(service, query)
        except (RemoteUnavailable, OutcomeUnknown) as error:
            unanswered(parts, calls, error)
            raise
        except (RemoteRefused, InvalidAnswer):
            answered(parts, calls)
            raise
    answered(parts, calls)
    return found


def _keep_fruitless(parts: Parts, question: _Question, outcome: OrderLookup | MpayError, why: str) -> None:
    """Keep what the service said under a subject of its own, which the log names (contract, section 4)."""
    subject, now, service = LOOKUP + parts.ids.token(), parts.clock.now(), question.service

    def count(work: Work) -> None:
        work.fruitless_lookups.add(subject, service.id, question.order_key, at=now)
        note_fruitless_answer(work, service, outcome, sink=question.evidence, subject=subject, at=now)

    if question.evidence.keep_alone(parts.units, subject, beside=count):
        _log.info("lookup_fruitless", service=service.id, error=why, evidence=subject)


def look_up_to_show(parts: Parts, service: Service, order_key: OrderKey, language: Language) -> Answer:
    """The same where nothing but a page hangs on it: an unsigned "no such order" is believed too.

    Raises: what `look_up` raises, but for UnknownService: the asker's words were right.
    """
    with _told_to_a_page(service):
        return look_up(parts, service, order_key, language)


def look_up_to_choose(
    parts: Parts, service: Service, order_key: OrderKey, language: Language
) -> Answer | SeveralOrders:
    """The same for a payer who has not chosen yet: all orders that the service has under the key.

    Raises: what `look_up_to_show` raises.
    """
    with _told_to_a_page(service):
        heard = _hear(parts, service, order_key, language)
        if len(heard.found.orders) < 2:
            return heard.about(order_key)
    _keep_fruitless(parts, heard.question, heard.found, SeveralOrders.__name__)
    return SeveralOrders(heard.found.orders)


@contextmanager
def _told_to_a_page(service: Service) -> Iterator[None]:
    """Take an unsigned fault that says "no such order" for what it says.

    We know the service: when it does not know itself, that is its fault, and no wrong name of the asker's.
    """
    try:
        yield
    except UnknownService as error:
        raise RemoteRefused(UnknownService.__name__) from error
    except RemoteRefused as error:
        if not says_unknown(error):
            raise
        raise UnknownOrder(service.id) from error


def says_unknown(error: MpayError) -> bool:
    """Whether a fault says that there is no such order. It may be unsigned: no money that is held depends on it."""
    return isinstance(error, RemoteRefused) and error.code in _UNKNOWN_ORDER_FAULTS


def possible_key(service: Service, typed: str) -> OrderKey:
    """What a payer typed as a key of the service's.

    Small letters, and blanks inside, are mended where the service's pattern takes the key only so.
    Raises: UnknownOrder when it cannot be one: nobody is asked.
    """
    try:
        key = clean_order_key(typed)
    except ValueError as error:
        raise UnknownOrder(service.id) from error
    if not service.order_key_pattern:
        return key
    together = "".join(key.split())
    for possible in (key, together, together.upper()):
        if re.fullmatch(service.order_key_pattern, possible):
            return OrderKey(possible)
    raise UnknownOrder(service.id)


def second_factor_matches(service: Service, order: Order, typed: str) -> bool:
    """Whether the payer knows what the service demands beside a key that can be guessed."""
    demand, _, name = service.second_factor.partition(":")
    match demand:
        case "none":
            return True
        case "property":
            known = next((each.value for each in order.properties if each.name == name), "")
        case "customer_id_last4":
            known = letters_and_digits(order.customer_id)[-4:]
        case _:
            return False
    return bool(letters_and_digits(known)) and letters_and_digits(known) == letters_and_digits(typed)


def _asked(parts: Parts, asked_at: datetime, *, waited: float) -> datetime:
    """`waited`: seconds. A clock that was set back meanwhile tells no later time of asking than it would have now."""
    return min(asked_at, parts.clock.now() - timedelta(seconds=waited))
