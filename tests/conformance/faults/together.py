"""The fault of each check of calls at the same time: a call waits for those sent with it, and then goes wrong."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from eservice_kit import Fault, FaultCode, OrderQuery, OrderStatus, PaymentConfirmation
from tests.conformance import books
from tests.conformance.faults.asking import asked
from tests.conformance.faults.registry import breaks
from tests.conformance.service import Service

LONGEST: Final = 30.0
"""Seconds that a call waits for the others that were sent with it: they come, however busy the machine is."""


class Meeting:
    """Calls of one name that were sent at the same time wait for each other; one that was sent alone does not wait."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._changed = threading.Condition()
        self._inside: list[str] = []
        self._met: set[str] = set()

    @contextmanager
    def inside(self, name: str) -> Iterator[bool]:
        """Whether the other calls of this name were inside at the same time."""
        with self._changed:
            self._inside.append(name)
            if self._inside.count(name) == self._service.at_once:
                self._met.add(name)
                self._changed.notify_all()
            if self._service.at_once > 1:
                self._changed.wait_for(lambda: name in self._met, LONGEST)
            met = name in self._met and self._service.at_once > 1
        try:
            yield met
        finally:
            with self._changed:
                self._inside.remove(name)
                if name not in self._inside:
                    self._met.discard(name)


def lookups_together(when_met: Callable[[Service, OrderQuery], OrderQuery]) -> Callable[[Service], None]:
    def bend(service: Service) -> None:
        meeting = Meeting(service)

        def change(query: OrderQuery) -> OrderQuery:
            with meeting.inside("lookup") as met:
                return when_met(service, query) if met else query

        asked(change)(service)

    return bend


@breaks("CON-01")
def one_connection_to_the_database(service: Service) -> None:
    def fail(_service: Service, query: OrderQuery) -> OrderQuery:
        if query.order_key == books.READ:
            raise Fault(FaultCode.INTERNAL_ERROR, "the connection is in use")
        return query

    lookups_together(fail)(service)


@breaks("CON-02")
def the_query_in_a_static_variable(service: Service) -> None:
    """Whoever comes last decides what all are answered."""
    last = [""]
    meeting = Meeting(service)

    def change(query: OrderQuery) -> OrderQuery:
        last[0] = query.order_key
        with meeting.inside("lookup") as met:
            return replace(query, order_key=last[0]) if met else query

    asked(change)(service)


@breaks("TIM-04")
def lookups_stand_in_line(service: Service) -> None:
    def slow(bent: Service, query: OrderQuery) -> OrderQuery:
        bent.stopwatch.push(6)
        return query

    lookups_together(slow)(service)


@breaks("CON-03")
def looks_before_it_locks(service: Service) -> None:
    """The same PaymentID at once: each finds it unknown, and each applies it."""
    meeting = Meeting(service)
    confirm = service.books.confirm_order_payment

    def unlocked(told: PaymentConfirmation) -> None:
        unknown = told.payment_id not in service.books.digests
        entry = service.books.orders.get(told.order_key)
        if not unknown or entry is None or not entry.in_parts:
            confirm(told)
            return
        with meeting.inside(told.payment_id), service.books.lock:
            service.books.check(told)
            service.books.take(told)

    service.books.confirm_order_payment = unlocked  # type: ignore[method-assign]


@breaks("CON-04")
def two_find_the_order_unpaid(service: Service) -> None:
    """Two payments of an order at once: each finds it unpaid."""
    meeting = Meeting(service)
    confirm = service.books.confirm_order_payment

    def unlocked(told: PaymentConfirmation) -> None:
        entry = service.books.orders.get(told.order_key)
        if entry is None or entry.in_parts or entry.status is not OrderStatus.ACTIVE:
            confirm(told)
            return
        with meeting.inside(told.order_key) as met:
            if not met:
                confirm(told)
                return
            with service.books.lock:
                entry.status = OrderStatus.ACTIVE
                service.books.check(told)
                service.books.take(told)

    service.books.confirm_order_payment = unlocked  # type: ignore[method-assign]
