"""When calls to a counterpart that gives no usable answer are held back, and when one of them may try.

A breaker is closed until so many calls in a row went unanswered; while it is open, one call at a time goes out as a
probe, and its answer closes the breaker (architecture, section 7). It holds calls back and decides nothing about money.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

LOOKUP_PAUSE = timedelta(seconds=10)
"""How long a service that answers no look-ups is left alone at most."""


class Calls(StrEnum):
    """Kinds of calls. Each has breakers of its own, since one may work while another does not."""

    DELIVERIES = "deliveries"
    """Confirmations to an e-Service."""
    LOOKUPS = "lookups"
    """Questions to an e-Service about orders."""
    STARTS = "starts"
    """Payments begun at a provider account."""


@dataclass(frozen=True, slots=True)
class CallsTo:
    """What a breaker watches: one kind of call to one counterpart. `subject`: a service's id, or an account's."""

    kind: Calls
    subject: str


class Admission(StrEnum):
    """Whether a call may leave now."""

    FREE = "free"
    PROBE = "probe"
    HELD_BACK = "held-back"


@dataclass(frozen=True, slots=True)
class BreakerRule:
    """`opens_after`: unanswered calls in a row. `probe_every`: the pause between two probes."""

    opens_after: int = 5
    probe_every: timedelta = timedelta(minutes=1)

    def pause(self, kind: Calls) -> timedelta:
        """Between two probes of these calls: a payer waits for a look-up, and restarts are soon over."""
        return min(self.probe_every, LOOKUP_PAUSE) if kind is Calls.LOOKUPS else self.probe_every


@dataclass(frozen=True, slots=True)
class Breaker:
    """The breaker of some calls. Closed while `opened_at` is None.

    `failures`: unanswered calls in a row. `probe_at`: from when on the next probe may leave. `about`: what the last
    unanswered call was about. `last_error`: why it was unanswered, for operators.
    """

    calls: CallsTo
    failures: int = 0
    opened_at: datetime | None = None
    probe_at: datetime | None = None
    about: str = ""
    last_error: str = ""

    @property
    def is_open(self) -> bool:
        return self.opened_at is not None

    @property
    def troubled(self) -> bool:
        """Whether the last call that counts went unanswered: an answer is worth writing down."""
        return self.failures > 0

    def admits(self, now: datetime) -> Admission:
        """Whether a call may leave now, and whether it is the probe."""
        if not self.is_open:
            return Admission.FREE
        return Admission.PROBE if self.probe_at is None or self.probe_at <= now else Admission.HELD_BACK

    def probing(self, rule: BreakerRule, now: datetime) -> "Breaker":
        """The probe leaves: no other one before its pause is over."""
        return replace(self, probe_at=now + rule.pause(self.calls.kind))

    def unanswered(self, rule: BreakerRule, *, about: str, error: str, at: datetime) -> "Breaker":
        """A call got no usable answer.

        The same thing failing again says nothing new about the counterpart: one confirmation that a service cannot
        read must not hold the others back. `about` empty: every failure counts.
        """
        told_before = bool(about) and about == self.about
        failures = self.failures if told_before and self.troubled else self.failures + 1
        noted = replace(self, failures=failures, about=about, last_error=error)
        if self.is_open or failures < rule.opens_after:
            return noted
        return replace(noted, opened_at=at, probe_at=at + rule.pause(self.calls.kind))

    def answered(self) -> "Breaker":
        """A call got an answer: all may leave again."""
        return Breaker(self.calls)

    def alive(self, rule: BreakerRule) -> "Breaker":
        """Another kind of call got an answer: the calls may leave again, and the first that fails ends that."""
        if not self.is_open:
            return self
        return replace(self.answered(), failures=rule.opens_after - 1, last_error=self.last_error)
