"""The files that the checkout ships and the copies that a demo gets: the gateway reads them all."""

import re
import stat
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from counterparts.demo.launcher.configuration import bank_secrets, prepare
from counterparts.demo.launcher.keys import ensure_pair
from counterparts.demo.launcher.place import CHECKOUT, DEFAULT_PORT_BASE, Place
from demo_service.offers import FINES, ORDERS, TERMS, Offer
from demo_service.orders import new_order_key
from mpay_eservice_form import FormConnector
from mpay_eservice_soap import SoapConnector
from mpay_gateway.api import PluginContext, hookimpl
from mpay_gateway.boundary import SystemClock
from mpay_gateway.outbound import GuardedHttpClient
from mpay_gateway.plugin_host import load_plugins
from mpay_gateway.settings import read_ini, read_services, read_settings

CONNECTORS = {"soap": SoapConnector}
NOW = datetime(2026, 5, 4, tzinfo=UTC)


def place(folder: Path, port_base: int = DEFAULT_PORT_BASE) -> Place:
    return Place(folder / "demo", port_base, folder)


@pytest.mark.parametrize("port_base", [6543, 6544, 6542, 21_000])
def test_the_gateway_reads_the_demo_s_settings_wherever_it_is(tmp_path: Path, port_base: int) -> None:
    here = place(tmp_path, port_base)
    prepare(here)
    settings = read_settings(read_ini(here.ini))
    bank, kiosks = settings.providers
    assert settings.gateway.public_url == f"http://127.0.0.1:{port_base}"
    assert bank.settings["url"] == f"http://127.0.0.1:{port_base + 2}"
    assert str(kiosks.settings["register_url"]).startswith(f"http://127.0.0.1:{port_base + 3}/")
    assert str(here.folder) in settings.gateway.database
    assert f"listen = 127.0.0.1:{port_base}" in here.ini.read_text()


def test_the_demo_s_plugins_load_and_instruments_find_their_accounts(tmp_path: Path) -> None:
    class Papers:
        @hookimpl
        def mpay_render_invoice(self) -> None: ...

        @hookimpl
        def mpay_render_receipt(self) -> None: ...

    here = place(tmp_path)
    prepare(here)
    settings = read_settings(read_ini(here.ini))
    http = GuardedHttpClient(settings.outbound.policy)
    host = load_plugins(settings, PluginContext("", http, SystemClock()), core_documents=Papers())
    assert host.registry.accounts.keys() == {"sandbox-main", "kiosk-network"}
    assert host.registry.instruments["card"].providers == ("sandbox-main",)
    assert host.registry.instruments["cash"].providers == ("kiosk-network",)
    assert host.registry.connectors.keys() == {"soap", "form"}


@pytest.mark.parametrize("port_base", [6543, 6544, 6542])
def test_the_gateway_accepts_the_demo_s_services(tmp_path: Path, port_base: int) -> None:
    here = place(tmp_path, port_base)
    prepare(here)
    services = {service.id: service for service in read_services(here.services, CONNECTORS)}
    assert services.keys() == {ORDERS, FINES}
    for service in services.values():
        assert service.return_hosts == (f"127.0.0.1:{port_base + 1}",)
        assert service.settings.url == f"http://127.0.0.1:{port_base + 1}/ServiceProvider.svc"
        assert service.logo_png.startswith(b"\x89PNG")
        assert all((service.name.ro, service.name.ru, service.name.en))
        assert all((service.category.ro, service.category.ru, service.category.en))
        assert service.mask
    assert services[FINES].second_factor == f"property:{TERMS[Offer.FINE].detail_property}"


def test_the_gateway_accepts_the_demo_s_forms(tmp_path: Path) -> None:
    here = place(tmp_path)
    prepare(here)
    services = read_services(here.forms, {"form": FormConnector})
    assert [service.id for service in services] == ["KIND01", "MUSEUM01"]
    assert all(re.fullmatch(service.order_key_pattern, service.order_key_example) for service in services)


@pytest.mark.parametrize("offer", Offer)
def test_keys_of_the_shop_s_orders_fit_their_service_s_pattern(offer: Offer) -> None:
    registered = tomllib.loads((CHECKOUT / "config" / "services.demo.toml").read_text())["service"]
    patterns = {service["id"]: service["order_key_pattern"] for service in registered}
    pattern = patterns[TERMS[offer].service_id]
    assert all(re.fullmatch(pattern, new_order_key(offer, NOW)) for _ in range(200))


def test_the_demo_s_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    here = place(tmp_path)
    prepare(here)
    private = [*here.folder.glob("keys/*"), *here.folder.glob("secrets/*")]
    assert len(private) == 7
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}
    assert stat.S_IMODE(here.folder.stat().st_mode) == 0o700


def test_the_bank_s_two_secrets_differ_and_stay(tmp_path: Path) -> None:
    here = place(tmp_path)
    prepare(here)
    secrets = bank_secrets(here)
    assert len(set(secrets.values())) == 2
    prepare(here)
    assert bank_secrets(here) == secrets


def expire(folder: Path) -> None:
    """Put a pair in place whose certificate ends within the month."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("counterparts.demo.launcher.keys.LIFE", timedelta(days=20))
        ensure_pair(folder, "service")


def swap(folder: Path) -> None:
    """Put another pair's certificate beside the key."""
    ensure_pair(folder, "other")
    ensure_pair(folder, "service")
    (folder / "service.crt").write_bytes((folder / "other.crt").read_bytes())


def spoil(folder: Path) -> None:
    (folder / "service.key").write_text("no key")
    (folder / "service.crt").write_text("no certificate")


@pytest.mark.parametrize("spoiled", [expire, swap, spoil])
def test_a_pair_that_is_no_good_is_made_anew(tmp_path: Path, spoiled) -> None:  # type: ignore[no-untyped-def]
    spoiled(tmp_path)
    before = (tmp_path / "service.crt").read_bytes()
    ensure_pair(tmp_path, "service")
    after = (tmp_path / "service.crt").read_bytes()
    assert after != before
    left = x509.load_pem_x509_certificate(after).not_valid_after_utc - datetime.now(UTC)
    assert left > timedelta(days=365)


def test_the_production_example_is_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(place(tmp_path))
    example = (CHECKOUT / "config" / "production.example.toml").read_text()
    keys = tmp_path / "demo" / "keys"
    example = example.replace("/etc/mpay-gateway/signing.", f"{keys}/gateway.")
    (tmp_path / "production.toml").write_text(example)
    (tmp_path / "production.ini").write_text((CHECKOUT / "config" / "production.ini").read_text())
    monkeypatch.setenv("MPAY_DATABASE", "postgresql+psycopg://mpay@db/mpay")
    settings = read_settings(read_ini(tmp_path / "production.ini"))
    assert not settings.outbound.allow_http
    assert [instrument.providers for instrument in settings.instruments] == [("bank-main",)]
    for option in ("client_key", "client_certificate", "allow_networks", "ca_file"):
        assert f"# {option} = " in example
