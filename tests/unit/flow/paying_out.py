"""Days that are settled, as tests of them need it."""

from datetime import date

from mpay_gateway.boundary import SystemIds
from mpay_gateway.flow.bookkeeping.settlement import PaidBy, Settlement, settle
from tests.unit.flow.scripted import NOON, ScriptedGateway

DAY = NOON.date()


def settled(gateway: ScriptedGateway, day: date = DAY) -> tuple[Settlement, ...]:
    """What the day's settlement made, or had made before."""
    return settle(
        gateway.parts.units, day, PaidBy("main", "operator:ana"), clock=gateway.clock, ids=SystemIds()
    )
