"""Connectors that bring the page where an order begins."""

import pytest

from mpay_eservice_soap import SoapConnector
from mpay_gateway.domain.errors import ConfigurationError
from mpay_gateway.web import make_app
from mpay_gateway.web.plugin_routes import machine_paths, payer_paths


def test_an_entrance_that_is_no_route_stops_the_start(parts, monkeypatch):
    monkeypatch.setattr(SoapConnector, "entrance", "nowhere")
    with pytest.raises(
        ConfigurationError, match=r"eservice\.soap: its entrance 'nowhere' is no route that it adds"
    ):
        make_app(parts)


def test_pages_of_a_connector_with_an_entrance_are_for_payers_and_those_of_others_for_machines(
    parts, monkeypatch
):
    machines = {"/providers/", "/x/soap/", "/x/sandbox-main/", "/x/card/"}
    assert set(machine_paths(parts.registry)) == machines
    assert payer_paths(parts.registry) == ()
    monkeypatch.setattr(SoapConnector, "entrance", "form")
    assert set(machine_paths(parts.registry)) == machines - {"/x/soap/"}
    assert payer_paths(parts.registry) == ("/x/soap/",)


def test_a_service_whose_orders_come_from_elsewhere_asks_for_a_key(browser):
    assert browser.get("/services/OPEN01").form["order_key"].value == ""
