"""The test bench: the service on its line, the orders that may be paid, and payments that were made."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from mpay_gateway.boundary import Clock
from mpay_gateway.conformance.answer import Answer
from mpay_gateway.conformance.caller import PLAIN, Caller, Kept, NotRun, Way
from mpay_gateway.conformance.description import Description, fetch, read
from mpay_gateway.conformance.identity import Identity, make_identity
from mpay_gateway.conformance.messages import Confirmation, unknown_key
from mpay_gateway.conformance.purse import Payable, Purse, confirmation, part_of
from mpay_gateway.conformance.target import Target
from mpay_gateway.conformance.transport import Wire


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment that the service was told of: the order before it, what was told, what came back."""

    order: Payable
    told: Confirmation
    answer: Answer


class Bench(Caller):
    """One run against one service."""

    def __init__(self, target: Target, clock: Clock, *, wire: Wire, kept: Kept) -> None:
        super().__init__(target, clock, wire=wire, kept=kept)
        self.purse = Purse(self)
        self._first: Payment | None = None
        self._parts: list[Payment] = []
        self._unknown = unknown_key()
        self._once: dict[str, Answer] = {}
        self._description: tuple[Answer, Description | NotRun] | None = None

    @cached_property
    def stranger(self) -> Identity:
        """Somebody whom no service trusts."""
        return make_identity("conformance stranger")

    def first_payment(self) -> Payment:
        """A whole order, paid once for all checks. Raises: NotRun when there is none to pay."""
        if self._first is None:
            order = self.purse.whole()
            told = confirmation(self, order)
            self.purse.spend(order, "was paid by this run")
            self._first = Payment(order, told, self.confirm(told))
        self.look_at(self._first.answer)
        return self._first

    def accepted_payment(self) -> Payment:
        """The same, once the service has said yes to it. Raises: NotRun."""
        payment = self.first_payment()
        if not payment.answer.is_confirmed:
            raise NotRun(f"a correct confirmation was not accepted: {payment.answer.summary}")
        return payment

    def tell_part(self, change: Callable[[Confirmation], Confirmation] = replace) -> Payment:
        """Pay a small part of an order, told as `change` makes it. Raises: NotRun when none may be paid in parts."""
        order = self.purse.divisible()
        told = change(confirmation(self, order, amount=part_of(order)))
        payment = Payment(order, told, self.confirm(told))
        if payment.answer.is_confirmed:
            self._parts.append(payment)
        return payment

    def latest_part(self) -> Payment:
        """The last part payment that was accepted; one is made where there is none. Raises: NotRun."""
        if not self._parts:
            payment = self.tell_part()
            if not payment.answer.is_confirmed:
                raise NotRun(f"a correct part payment was not accepted: {payment.answer.summary}")
        self.look_at(self._parts[-1].answer)
        return self._parts[-1]

    def found_accepts(self) -> None:
        """See that a correct lookup was answered, or a refusal proves nothing. Raises: NotRun."""
        before = list(self.looked_at)
        self.found()
        self.looked_at[:] = before

    def still_accepts(self) -> None:
        """See that a correct lookup is answered now, too: a service that is down refuses everything. Raises: NotRun."""
        answer = self.look_up_with()
        if not answer.orders:
            raise NotRun(f"the correct lookup after it was not answered either: {answer.summary}")

    def need_life(self, answer: Answer) -> None:
        """See that who refused without SOAP was the service, and not what stands in for it. Raises: NotRun."""
        if answer.payload is None:
            self.still_accepts()

    def fetched_description(self) -> Answer:
        """The answer to ?wsdl, asked once for all checks."""
        return self._described()[0]

    def description(self) -> Description:
        """The service's WSDL. Raises: NotRun when there is none."""
        described = self._described()[1]
        if isinstance(described, NotRun):
            raise described
        return described

    def _described(self) -> tuple[Answer, Description | NotRun]:
        if self._description is None:
            answer = fetch(self)
            try:
                self._description = answer, read(self, answer)
            except NotRun as reason:
                self._description = answer, reason
        self.look_at(self._description[0])
        return self._description

    def unknown_key(self) -> str:
        """A key that no order has: the same for all checks of a run."""
        return self._unknown

    def once(self, name: str, ask: Callable[[], Answer]) -> Answer:
        """An exchange that several checks judge, made for the first of them."""
        if name not in self._once:
            self._once[name] = ask()
        self.look_at(self._once[name])
        return self._once[name]

    def arrived(self, answer: Answer) -> datetime:
        """When an answer came, on our clock."""
        return self.arrivals[answer.number]

    def look_up_with(self, way: Way = PLAIN) -> Answer:
        """Ask once more for the order that is only read, in another way."""
        return self.look_up(self.target.order_keys[0], way)
