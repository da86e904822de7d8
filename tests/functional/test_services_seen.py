"""Running gateways see what `mpay services apply` and `disable` changed, within five seconds and without a restart."""

import re
from pathlib import Path

import pytest

from mpay_gateway.domain.language import Language
from tests.scene.commands import mpay
from tests.scene.payer import Payer
from tests.scene.waiting import eventually

WITHIN = 60
"""Five seconds are promised (`test_service_directory` holds them to it); the rest is for a busy machine."""


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_change_that_was_applied_elsewhere_shows_on_the_running_gateways_page(gateway):
    payer = Payer(gateway)
    assert "Amenzi rutiere" in payer.open("/").text
    services = gateway.ini.parent / "services.toml"
    changed = _renamed(services, "Amenzi rutiere", "Amenzi de circulație")
    assert "DEMO02: changed" in mpay(gateway, "services", "apply", str(changed))
    eventually(lambda: "Amenzi de circulație" in payer.open("/").text, within=WITHIN)
    assert "Amenzi rutiere" not in payer.open("/").text


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_service_that_was_disabled_elsewhere_takes_no_more_orders(gateway, shop):
    payer = Payer(gateway)
    assert payer.arrive(shop.order()).says("invoice.heading")
    mpay(gateway, "services", "disable", "DEMO01")
    eventually(lambda: payer.arrive(shop.order()).status, lambda status: status == 409, within=WITHIN)
    for language in Language:
        closed = payer.open(f"/services/DEMO01?lang={language.value}")
        assert (closed.status, closed.says("problem.closed.title", language)) == (409, True)
    assert payer.open("/services/NONE").status == 404
    assert payer.open("/services/DEMO02").status == 200


def _renamed(services: Path, old: str, new: str) -> Path:
    """A copy of a registration file with one word of it changed."""
    text, count = re.subn(re.escape(f'"{old}"'), f'"{new}"', services.read_text("utf-8"))
    assert count == 1
    copy = services.with_name("services-changed.toml")
    copy.write_text(text, "utf-8")
    return copy
