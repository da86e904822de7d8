"""Sinks for messages: durable before they leave where a call has an effect, with the next commit where it has none."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from mpay_gateway.boundary import Clock
from mpay_gateway.domain.evidence import CONTENT_NOTE, Direction, MessageMeta
from mpay_gateway.domain.guards import guards
from mpay_gateway.domain.remarks import fit
from mpay_gateway.storage import UnitOfWork, Work
from mpay_gateway.storage.evidence import Message
from mpay_gateway.storage.tasks import Lease


class _Stopwatch:
    """How long the other side took: from the moment a message could leave until its answer came."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left: float | None = None
        self.took: timedelta | None = None

    def start(self) -> None:
        self._left = self._clock.monotonic()

    def stop(self) -> None:
        if self._left is not None:
            self.took = timedelta(seconds=self._clock.monotonic() - self._left)


class BufferedSink:
    """For calls without effect: keeps the messages in memory until `save` stores them with what they led to.

    A call that is past its deadline may still add to it, from a thread of its own.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._messages: list[Message] = []
        self._lock = threading.Lock()
        self._watch = _Stopwatch(clock)

    @property
    def took(self) -> timedelta | None:
        """How long the last answer took, None when none came."""
        return self._watch.took

    def sent(self, body: bytes, meta: MessageMeta) -> None:
        self._add(Message(Direction.SENT, body, _kept(meta), self._clock.now()))
        self._watch.start()

    def received(self, body: bytes, meta: MessageMeta) -> None:
        self._watch.stop()
        self._add(Message(Direction.RECEIVED, body, _kept(meta), self._clock.now()))

    @property
    def heard(self) -> bool:
        """Whether anything came back."""
        return any(message.direction is Direction.RECEIVED for message in self._so_far())

    def save(self, work: Work, subject: str) -> None:
        """Store what was gathered, under `subject`; once more if the unit of work runs again."""
        if messages := self._so_far():
            work.evidence.keep(subject, messages)

    def keep_alone(
        self, units: UnitOfWork, subject: str, *, beside: Callable[[Work], object] = lambda _: None
    ) -> bool:
        """Store what a call that led to nothing was told, at once: nothing else would bring it into the books.

        `subject`: a new one. `beside`: what else the commit holds. False when nothing came back.
        """

        def keep(work: Work) -> None:
            work.evidence.new_chain(subject)
            self.save(work, subject)
            beside(work)

        if heard := self.heard:
            units.run("keep-fruitless-call", keep)
        return heard

    def _add(self, message: Message) -> None:
        with self._lock:
            self._messages.append(message)

    def _so_far(self) -> tuple[Message, ...]:
        with self._lock:
            return tuple(self._messages)


class DurableSink:
    """For calls with an effect: each message is committed in a short unit of its own before anything else happens.

    With a lease, nothing may be sent once another process has taken the task over, and what is sent has the whole
    span of the lease for its answer. `first_sent` runs in the commit before the first message leaves: from then on
    the other side may know; what it raises keeps the message back. `content`: digest of what the messages tell, noted
    with each that is sent.
    """

    def __init__(
        self, units: UnitOfWork, clock: Clock, payment_id: str, lease: Lease | None = None,
        *, first_sent: Callable[[Work], object] = lambda _: None, content: str = "",
    ) -> None:  # fmt: skip
        self._units = units
        self._clock = clock
        self._payment_id = payment_id
        self._lease = lease
        self._first_sent = first_sent
        self._notes = ((CONTENT_NOTE, content),) if content else ()
        self._watch = _Stopwatch(clock)
        self.used = False

    @property
    def took(self) -> timedelta | None:
        """How long the last answer took, None when none came."""
        return self._watch.took

    @guards("lease.before-send", "delivery.may-know")
    def sent(self, body: bytes, meta: MessageMeta) -> None:
        """Raises: Conflict when the lease has gone to another process; what `first_sent` raises."""
        noted = _kept(replace(meta, notes=meta.notes + self._notes))
        message = Message(Direction.SENT, body, noted, self._clock.now())

        def keep(work: Work) -> None:
            work.payments.hold(self._payment_id)
            if self._lease is not None:
                work.tasks.renew(self._lease, now=self._clock.now())
            if not self.used:
                self._first_sent(work)
            work.evidence.keep(self._payment_id, [message])

        self._units.run("evidence-sent", keep)
        self.used = True
        self._watch.start()

    def received(self, body: bytes, meta: MessageMeta) -> None:
        self._watch.stop()
        message = Message(Direction.RECEIVED, body, _kept(meta), self._clock.now())

        def keep(work: Work) -> None:
            work.payments.hold(self._payment_id)
            work.evidence.keep(self._payment_id, [message])

        self._units.run("evidence-received", keep)


def _kept(meta: MessageMeta) -> MessageMeta:
    """What a plugin says of a message, fit to keep: the message is not lost for the sake of a header."""
    return MessageMeta(
        fit(meta.operation, 128),
        fit(meta.content_type, 255),
        fit(meta.address, 2000),
        meta.status,
        tuple((fit(name, 100), fit(value, 1000)) for name, value in meta.notes),
    )
