"""Who is not told and who does not answer, as gauges: the same for every process that shows metrics."""

from prometheus_client import CollectorRegistry, Gauge

from mpay_gateway.flow.breakers import all_breakers
from mpay_gateway.flow.operating.overdue import waiting_confirmations
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage import DatabaseTrouble


class Outages:
    """The gauges of one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.waiting = Gauge(
            "mpay_waiting_confirmations", "Confirmations that the service has not got yet.", ("service",),
            registry=registry,
        )  # fmt: skip
        self.oldest_waiting = Gauge(
            "mpay_oldest_waiting_seconds", "Age of the oldest of them.", ("service",), registry=registry
        )
        self.breaker_open = Gauge(
            "mpay_breaker_open", "1 while calls of a kind are held back.", ("calls", "to"), registry=registry
        )

    def show(self, parts: Parts) -> None:
        """As it is now; as it was when the database does not answer."""
        try:
            waiting, breakers = waiting_confirmations(parts), all_breakers(parts)
        except DatabaseTrouble:
            return
        now = parts.clock.now()
        for gauge in (self.waiting, self.oldest_waiting, self.breaker_open):
            gauge.clear()
        for each in waiting:
            self.waiting.labels(each.service_id).set(each.count)
            self.oldest_waiting.labels(each.service_id).set((now - each.oldest).total_seconds())
        for breaker in breakers:
            self.breaker_open.labels(breaker.calls.kind, breaker.calls.subject).set(breaker.is_open)
