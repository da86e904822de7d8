"""A connector's own services: what its port tells of them, and nothing of others."""

import pytest

from mpay_gateway.api import UnknownService
from mpay_gateway.flow.registration import disable_service
from tests.unit.flow.inbound import port_of
from tests.unit.flow.scripted import SERVICE, ScriptedGateway


def test_a_connector_gets_the_registration_of_its_service(gateway: ScriptedGateway):
    assert port_of(gateway, "eservice:scripted").service(SERVICE) == gateway.parts.services.get(SERVICE)


@pytest.mark.parametrize("instance", ["eservice:other", "provider:scripted", "instrument:scripted"])
def test_nobody_else_gets_it(gateway: ScriptedGateway, instance: str):
    with pytest.raises(UnknownService):
        port_of(gateway, instance).service(SERVICE)


def test_a_service_that_takes_no_payments_is_unknown(gateway: ScriptedGateway):
    disable_service(gateway.parts.units, SERVICE, clock=gateway.clock)
    gateway.clock.advance(seconds=6)
    port = port_of(gateway, "eservice:scripted")
    for service_id in (SERVICE, "NONE"):
        with pytest.raises(UnknownService):
            port.service(service_id)
