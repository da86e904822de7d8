"""What operators watch of a worker: what is due, what it did, when each job ran last."""

from collections.abc import Iterable
from contextlib import ExitStack

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    start_http_server,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from mpay_gateway.domain.errors import ConfigurationError
from mpay_gateway.flow.operating.outages import Outages
from mpay_gateway.flow.parts import Parts
from mpay_gateway.plugin_host.guard import HOOK_SECONDS
from mpay_gateway.storage import DatabaseTrouble
from mpay_gateway.storage.tasks import Lease, TaskKind
from mpay_gateway.storage.waiting import due_by_kind


class WorkerMeasures:
    """The measures of one worker. What is due is everybody's; what was done is this process's."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.registry = CollectorRegistry()
        self.registry.register(_AsItIsNow(self))  # first: it sets what the others show
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self.registry.register(HOOK_SECONDS)
        self.outages = Outages(self.registry)
        self.tasks = Counter(
            "mpay_tasks", "Tasks that this worker tried, by kind and outcome.", ("kind", "outcome"),
            registry=self.registry,
        )  # fmt: skip
        self.last_done = Gauge(
            "mpay_task_last_done_timestamp_seconds", "When a task of the kind, or a plugin's job, was done last here.",
            ("kind", "job"), registry=self.registry,
        )  # fmt: skip
        self.due = Gauge(
            "mpay_tasks_due", "Tasks that are due and not taken yet.", ("kind",), registry=self.registry
        )
        self.oldest_due = Gauge(
            "mpay_tasks_oldest_due_seconds", "For how long the first of them is due.", ("kind",),
            registry=self.registry,
        )  # fmt: skip

    def count(self, lease: Lease, outcome: str) -> None:
        """Note how a try of a task ended."""
        self.tasks.labels(lease.kind.value, outcome).inc()
        if outcome == "done":
            job = lease.subject if lease.kind is TaskKind.JOB else ""
            self.last_done.labels(lease.kind.value, job).set(self._parts.clock.now().timestamp())

    def show_due(self) -> None:
        """What is due now; what was when the database does not answer."""
        now = self._parts.clock.now()
        try:
            found = self._parts.units.read(lambda work: due_by_kind(work.connection, now))
        except DatabaseTrouble:
            return
        for kind in TaskKind:
            count, oldest = found.get(kind.value, (0, now))
            self.due.labels(kind.value).set(count)
            self.oldest_due.labels(kind.value).set((now - oldest).total_seconds())
        self.outages.show(self._parts)

    def serve(self, port: int) -> ExitStack:
        """Answer on loopback alone, as the gateway does, until what is returned is closed.

        Raises: ConfigurationError when the port is taken.
        """
        try:
            server, thread = start_http_server(port, addr="127.0.0.1", registry=self.registry)
        except OSError as error:
            raise ConfigurationError((f"--metrics-port {port}: {error.strerror}",)) from error
        ending = ExitStack()
        ending.callback(thread.join)
        ending.callback(server.server_close)
        ending.callback(server.shutdown)
        return ending


class _AsItIsNow(Collector):
    """Brings gauges up to date before they are shown; has none of its own."""

    def __init__(self, measures: WorkerMeasures) -> None:
        self._measures = measures

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        self._measures.show_due()
        return ()
