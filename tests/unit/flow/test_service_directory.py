"""How soon a running gateway sees what `mpay services apply` changed elsewhere."""

from dataclasses import replace

import pytest

from mpay_gateway.domain.errors import UnknownService
from mpay_gateway.domain.identifiers import ServiceId
from mpay_gateway.domain.language import LocalText
from mpay_gateway.domain.service import Service
from mpay_gateway.flow.registration import apply_service
from mpay_gateway.flow.service_directory import ServiceDirectory
from tests.unit.flow.scripted import SERVICE, NoSettings


@pytest.fixture
def apply(gateway):
    """A function that stores a service as another process does: this one's directory is not told."""

    def store(**changes: object) -> None:
        new = Service(ServiceId("NEW001"), "scripted", LocalText("New"), LocalText("Key"), NoSettings())
        apply_service(gateway.parts, replace(new, **changes))

    return store


def test_a_service_that_was_applied_elsewhere_is_seen_after_five_seconds_and_not_long_after(gateway, apply):
    """Architecture, section 9: running gateways see it within 5 s."""
    services = gateway.parts.services
    assert services.get(SERVICE).id == SERVICE
    apply()
    gateway.clock.advance(seconds=4.9)
    with pytest.raises(UnknownService):
        services.get("NEW001")
    gateway.clock.advance(seconds=0.2)
    assert services.get("NEW001").name.ro == "New"


def test_a_change_of_a_known_service_is_seen_as_soon(gateway, apply):
    apply()
    services = ServiceDirectory(gateway.parts.units, gateway.parts.registry, gateway.clock)
    assert services.get("NEW001").name.ro == "New"
    apply(name=LocalText("Newer"))
    gateway.clock.advance(seconds=4.9)
    assert services.get("NEW001").name.ro == "New"
    gateway.clock.advance(seconds=0.2)
    assert services.get("NEW001").name.ro == "Newer"


def test_a_directory_that_has_just_been_read_asks_the_database_nothing(gateway):
    services = gateway.parts.services
    read = services.all()
    gateway.clock.advance(seconds=4.9)
    assert services.all() is read
