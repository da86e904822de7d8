"""A plugin that does what no bundled one does: jobs, listening, sending from its own view. For the matrix alone."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from pyramid.request import Request
from pyramid.response import Response

from mpay_gateway.api import (
    Confirms,
    Conflict,
    HttpRequest,
    Job,
    Need,
    OutcomeUnknown,
    PaymentChange,
    PluginContext,
    ProviderPlugin,
    WebConfigurator,
    hookimpl,
)

DONE = "done"
"""The record that says how often the job was done to its end."""


@dataclass(frozen=True, slots=True)
class ProofSettings:
    """`listener`: an address that answers GET with 200."""

    listener: str


class ProofProvider(ProviderPlugin):
    """Takes no money: its view, its job and its ear call the listener, and count in the record store."""

    settings_type: ClassVar[type] = ProofSettings
    gives: ClassVar[frozenset[Need]] = frozenset({Need.COLLECTION})
    confirms: ClassVar[Confirms] = Confirms.PUSH
    jobs: ClassVar[tuple[Job, ...]] = (Job("knock", every=timedelta(minutes=1)),)

    def __init__(self, context: PluginContext, settings: ProofSettings) -> None:
        self._context = context
        self._settings = settings

    @hookimpl
    def mpay_includeme(self, config: WebConfigurator) -> None:
        config.add_route("count", "count/{key}")
        config.add_view(self.count, route_name="count", request_method="GET", require_csrf=False)

    @hookimpl
    def mpay_run_job(self, job: str) -> None:
        self._knock()
        self._count(job)

    @hookimpl
    def mpay_payment_changed(self, change: PaymentChange) -> None:
        self._knock()

    def count(self, request: Request) -> Response:
        """GET /x/<id>/count/<key>: knocks, counts, and says up to where."""
        self._knock()
        return Response(text=str(self._count(request.matchdict["key"])))

    def _count(self, key: str) -> int:
        records = self._context.gateway.records
        for _ in range(10):
            known = records.get(key)
            value, version = (int(known.value), known.version) if known else (0, 0)
            try:
                return int(records.put(key, str(value + 1).encode(), version).value)
            except Conflict:
                continue
        raise Conflict(key)

    def _knock(self) -> None:
        answer = self._context.http.send(HttpRequest("GET", self._settings.listener, deadline=5))
        if answer.status != 200:
            raise OutcomeUnknown(f"the listener answered {answer.status}")
