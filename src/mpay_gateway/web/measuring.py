"""What operators watch: requests by route and status, and how long they took."""

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from pyramid.httpexceptions import HTTPNotFound
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response

from mpay_gateway.flow.operating.outages import Outages
from mpay_gateway.flow.parts import Parts
from mpay_gateway.plugin_host.guard import HOOK_SECONDS
from mpay_gateway.storage import DatabaseTrouble
from mpay_gateway.web.addresses import is_local

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
_MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Measures:
    """The measures of one application in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self.registry.register(HOOK_SECONDS)  # the process's calls of plugins, whoever makes them
        self.requests = Counter(
            "mpay_http_requests", "Answers by route, method and status.", ("route", "method", "status"),
            registry=self.registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "mpay_http_request_seconds", "Time to an answer by route.", ("route",), buckets=_BUCKETS,
            registry=self.registry,
        )  # fmt: skip
        self.unsealed = Gauge(
            "mpay_unsealed_seconds", "Age of the oldest audit or evidence row that waits for its seal.",
            registry=self.registry,
        )  # fmt: skip
        self.outages = Outages(self.registry)


def measuring_tween(
    handler: Callable[[Request], Response], registry: Registry
) -> Callable[[Request], Response]:
    """Count and time every answer under its route's name: addresses hold tokens and are not labels."""
    measures: Measures = registry.measures

    def measure(request: Request) -> Response:
        clock = request.parts.clock
        started = clock.monotonic()
        response = handler(request)
        route = getattr(request.matched_route, "name", "none")
        method = request.method if request.method in {"GET", "HEAD", "POST"} else "other"
        measures.requests.labels(route, method, response.status_int).inc()
        measures.seconds.labels(route).observe(clock.monotonic() - started)
        return response

    return measure


def show_metrics(request: Request) -> Response:
    """GET /metrics, for this machine alone; others learn nothing."""
    if not is_local(request):
        raise HTTPNotFound("metrics")
    request.registry.measures.unsealed.set(_unsealed_seconds(request.parts))
    request.registry.measures.outages.show(request.parts)
    text = generate_latest(request.registry.measures.registry)
    return Response(text, content_type="text/plain", headerlist=[("Content-Type", _MEDIA_TYPE)])


def _unsealed_seconds(parts: Parts) -> float:
    """0 when nothing waits; not a number when the database does not answer."""
    try:
        oldest = parts.units.read(lambda work: work.growth.oldest())
    except DatabaseTrouble:
        return float("nan")
    return 0.0 if oldest is None else max(0.0, (parts.clock.now() - oldest).total_seconds())
