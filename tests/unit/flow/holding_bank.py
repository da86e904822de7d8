"""A bank that holds money: captures and voids by key, as the sandbox bank does, with answers that can be lost.

Its reversal is one call for two things: it gives up what is held, and gives back what was taken.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from mpay_gateway.domain.errors import OutcomeUnknown, RemoteRefused
from mpay_gateway.domain.evidence import MessageMeta
from mpay_gateway.domain.money import Money, sum_money
from mpay_gateway.domain.payment import Payment
from mpay_gateway.domain.provider_answer import (
    ProviderCapture,
    ProviderConfirmation,
    ProviderStatus,
    ReversalAnswer,
)
from tests.unit.flow.scripted import ScriptedGateway


class Died(BaseException):
    """The process is gone: no code of the gateway's runs after it."""


@dataclass
class HoldingBank:
    """`before`, `after`: what happens when a request comes in and when its answer leaves, by operation, once each."""

    gateway: ScriptedGateway
    payment: Payment
    status: ProviderStatus = ProviderStatus.AUTHORISED
    captures: list[ProviderCapture] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    keys: dict[str, ReversalAnswer | ProviderConfirmation] = field(default_factory=dict)
    given_back: Money | None = None
    asked: list[str] = field(default_factory=list)
    before: dict[str, Callable[[], object]] = field(default_factory=dict)
    after: dict[str, Callable[[], object]] = field(default_factory=dict)
    refuses: set[str] = field(default_factory=set)

    def fetch(self, account_id: str, payment: object, reading: object) -> ProviderConfirmation:
        self._come_in("fetch", payment)
        answer = self._session()
        self._leave("fetch", payment)
        return answer

    def capture(self, account_id: str, payment: object, amount: Money, *, key: str) -> ProviderConfirmation:
        self._come_in("capture", payment)
        if key not in self.keys:
            if self.status is not ProviderStatus.AUTHORISED or "capture" in self.refuses:
                raise RemoteRefused("not-capturable")
            self.take(amount)
            self.keys[key] = self._session()
        self._leave("capture", payment)
        return self._session()

    def reverse(self, account_id: str, payment: object, amount: Money, *, key: str) -> ReversalAnswer:
        self._come_in("reverse", payment)
        if key not in self.keys:
            if "reverse" in self.refuses or self.status not in {
                ProviderStatus.AUTHORISED, ProviderStatus.CONFIRMED,
            }:  # fmt: skip
                raise RemoteRefused("not-reversible")
            self.kinds.append("reversal" if self.captures else "void")
            self.given_back = amount if self.captures else None
            self.status = self._after_reversal()
            self.keys[key] = ReversalAnswer(amount)
        self._leave("reverse", payment)
        return self.keys[key]

    def take(self, amount: Money | None = None) -> None:
        """Take the held money, asked or not."""
        self.status = ProviderStatus.CONFIRMED
        number, at = f"T{len(self.captures) + 1}", self.gateway.clock.now()
        self.captures.append(ProviderCapture(number, amount or self.payment.amount, at))

    def _after_reversal(self) -> ProviderStatus:
        if not self.captures:
            return ProviderStatus.CANCELLED
        whole = self.given_back == sum_money((each.amount for each in self.captures), "MDL")
        return ProviderStatus.REVERSED if whole else ProviderStatus.CONFIRMED

    def _session(self) -> ProviderConfirmation:
        return ProviderConfirmation(
            self.status, tuple(self.captures), reversed=self.given_back, method="Visa"
        )

    def _come_in(self, operation: str, payment: object) -> None:
        payment.evidence.sent(b"question", MessageMeta(operation))
        self.asked.append(operation)
        self.before.pop(operation, lambda: None)()

    def _leave(self, operation: str, payment: object) -> None:
        self.after.pop(operation, lambda: None)()
        payment.evidence.received(b"answer", MessageMeta(operation, status=200))


def holding_bank(gateway: ScriptedGateway, payment: Payment) -> HoldingBank:
    """Let the payment's money be held by such a bank."""
    bank = HoldingBank(gateway, payment)
    gateway.calls.fetch_confirmation = bank.fetch
    gateway.calls.capture_payment = bank.capture
    gateway.calls.reverse_payment = bank.reverse
    return bank


def lost() -> None:
    """The answer does not arrive."""
    raise OutcomeUnknown("the answer was lost")


def die() -> None:
    """kill -9 of the process that waits."""
    raise Died
