"""What every flow function is given first: the parts that the composition root put together."""

from dataclasses import dataclass, field

from mpay_gateway.boundary import Clock, IdSource
from mpay_gateway.flow.background import Background
from mpay_gateway.flow.breaker_view import BreakerView
from mpay_gateway.flow.entrance import Entrance
from mpay_gateway.flow.lookup_limits import LookupLimits
from mpay_gateway.flow.papers import Papers
from mpay_gateway.flow.places import Places
from mpay_gateway.flow.service_directory import ServiceDirectory
from mpay_gateway.plugin_host import HookCalls, Registry
from mpay_gateway.settings import GatewaySettings
from mpay_gateway.storage import UnitOfWork


@dataclass(frozen=True, slots=True)
class Parts:
    """The gateway's parts. `process`: a name for this process, written into leases.

    `papers`: what draws the core's own papers; its processes start with the first paper or with `warm_up`.
    `places`: the deliveries that each service takes at once. `lookup_places`: the look-ups that may wait for it.
    `waiting`: the pages that may wait for somebody else at once, so that threads are left for callbacks.
    `callback_units`: connections for callbacks alone, so that a pool that is used up keeps no bank waiting (B32).
    `entrance`: where the inbound ports of plugins lead. `breakers`: what this process knows of them.
    """

    settings: GatewaySettings
    units: UnitOfWork
    calls: HookCalls
    registry: Registry
    services: ServiceDirectory
    background: Background
    limits: LookupLimits
    clock: Clock
    ids: IdSource
    process: str
    papers: Papers
    places: Places
    lookup_places: Places
    waiting: Places
    entrance: Entrance = field(default_factory=Entrance)
    callback_units: UnitOfWork | None = None
    breakers: BreakerView = field(default_factory=BreakerView)

    def close(self) -> None:
        """Finish what runs beside requests, and end what this process started."""
        self.background.close()
        self.papers.close()
        self.disconnect()

    def disconnect(self) -> None:
        """Close every connection to the database that is not in use; the next unit opens one again."""
        self.units.engine.dispose()
        if self.callback_units is not None:
            self.callback_units.engine.dispose()

    def address(self, path: str) -> str:
        """The public address of a path of ours, which begins with a slash."""
        return self.settings.gateway.public_url + path
