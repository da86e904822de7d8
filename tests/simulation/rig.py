"""What worlds share, one after the other, so that each costs little."""

from types import SimpleNamespace

from mpay_gateway.boundary import SystemClock
from mpay_gateway.domain.identifiers import ServiceId
from mpay_gateway.domain.language import LocalText
from mpay_gateway.domain.service import Channel, OnRefusal, Service
from mpay_gateway.flow.registration import apply_service
from mpay_gateway.settings.bookkeeping import BookSettings
from mpay_gateway.storage import UnitOfWork
from mpay_gateway.storage.tasks import LeaseTime
from tests.simulation.plan import SERVICES
from tests.simulation.plugins import NoSettings, hook_calls, registry
from tests.simulation.store import Store
from tests.simulation.wire import Wire


class Rig:
    """The database, the plugins, the settings."""

    def __init__(self) -> None:
        self.store = Store()
        self.wire = Wire()
        self.registry = registry()
        self.calls = hook_calls(self.registry, self.wire)
        self.settings = SimpleNamespace(
            gateway=SimpleNamespace(public_url="https://mpay.example", watermark=None),
            outbound=SimpleNamespace(allow_http=False), books=BookSettings(),
        )  # fmt: skip
        self.units = UnitOfWork(self.store.engine, SystemClock(), lease_time=LeaseTime.CALLER)
        self._register(SERVICES[0], OnRefusal.REVERSE)
        self._register(SERVICES[1], OnRefusal.OPERATOR)
        self.store.keep_as_template()

    def _register(self, service_id: str, on_refusal: OnRefusal) -> None:
        service = Service(
            id=ServiceId(service_id), connector="shop", name=LocalText("Service"), order_key_label=LocalText("Key"),
            settings=NoSettings(), on_refusal=on_refusal, max_in_flight=2, channels=(Channel.PORTAL, Channel.KIOSK),
        )  # fmt: skip
        parts = SimpleNamespace(units=self.units, registry=self.registry, clock=SystemClock())
        apply_service(parts, service)
