"""Sinks for messages: durable before they leave where a call has an effect, with the next commit where it has none."""

from mpay_gateway.boundary import Clock, crash_point
from mpay_gateway.domain.evidence import Direction, MessageMeta
from mpay_gateway.storage import UnitOfWork, Work
from mpay_gateway.storage.evidence import Message
from mpay_gateway.storage.tasks import Lease


class BufferedSink:
    """For calls without effect: keeps the messages in memory until `save` stores them with what they led to."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._messages: list[Message] = []

    def sent(self, body: bytes, meta: MessageMeta) -> None:
        self._messages.append(Message(Direction.SENT, body, meta, self._clock.now()))

    def received(self, body: bytes, meta: MessageMeta) -> None:
        self._messages.append(Message(Direction.RECEIVED, body, meta, self._clock.now()))

    @property
    def heard(self) -> bool:
        """Whether anything came back."""
        return any(message.direction is Direction.RECEIVED for message in self._messages)

    def save(self, work: Work, subject: str) -> None:
        """Store what was gathered, under `subject`; once more if the unit of work runs again."""
        if self._messages:
            work.evidence.keep(subject, self._messages)


class DurableSink:
    """For calls with an effect: each message is committed in a short unit of its own before anything else happens.

    With a lease, nothing may be sent once another process has taken the task over. The answer waits for the
    next commit unless the process would lose it: it is committed at once, before it is parsed.
    """

    def __init__(self, units: UnitOfWork, clock: Clock, payment_id: str, lease: Lease | None = None) -> None:
        self._units = units
        self._clock = clock
        self._payment_id = payment_id
        self._lease = lease

    def sent(self, body: bytes, meta: MessageMeta) -> None:
        """Raises: Conflict when the lease has gone to another process."""
        self._keep("evidence-sent", Message(Direction.SENT, body, meta, self._clock.now()))
        crash_point(f"call:{meta.operation}:before")

    def received(self, body: bytes, meta: MessageMeta) -> None:
        crash_point(f"call:{meta.operation}:after")
        self._keep("evidence-received", Message(Direction.RECEIVED, body, meta, self._clock.now()))

    def _keep(self, unit: str, message: Message) -> None:
        def keep(work: Work) -> None:
            work.payments.lock(self._payment_id)
            if self._lease is not None and message.direction is Direction.SENT:
                work.tasks.check(self._lease)
            work.evidence.keep(self._payment_id, [message])

        self._units.run(unit, keep)
