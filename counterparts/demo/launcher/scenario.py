"""Which programs make the scenario, and how each is started."""

import os

from .configuration import bank_secrets, kiosk_secret
from .place import Place
from .processes import Program


def setup_steps(place: Place) -> tuple[Program, ...]:
    """What runs once, in this order, before the gateway starts; each may be repeated."""
    return (
        _mpay(place, "init-db", "init-db", log="init-db"),
        _mpay(place, "services apply", "services", "apply", str(place.services), log="services-apply"),
        _mpay(place, "services apply", "services", "apply", str(place.forms), log="forms-apply"),
    )


def programs(place: Place) -> tuple[Program, ...]:
    """What stays: counterparts first, so that the worker finds them."""
    listen = ("--host", "127.0.0.1", "--port")
    return (
        _bank(place, listen),
        _shop(place, listen),
        _kiosks(place, listen),
        _gateway(place, listen),
        _mpay(place, "worker", "worker", log="worker"),
    )


def ports(place: Place) -> dict[str, int]:
    """The ports that must be free, by what they are for."""
    return {
        "gateway": place.gateway_port,
        "demo e-Service": place.shop_port,
        "sandbox bank": place.bank_port,
        "kiosk network": place.kiosk_port,
    }


def _mpay(place: Place, name: str, *arguments: str, log: str, port: int = 0) -> Program:
    command = (place.command("mpay"), "--config", str(place.ini), *arguments)
    return Program(name, command, place.folder / f"{log}.log", port)


def _gateway(place: Place, listen: tuple[str, ...]) -> Program:
    port = place.gateway_port
    return _mpay(place, "gateway", "serve", *listen, str(port), log="gateway", port=port)


def _bank(place: Place, listen: tuple[str, ...]) -> Program:
    return Program(
        "sandbox bank",
        (
            place.command("sandbox-bank"), "serve", *listen, str(place.bank_port),
            "--database", str(place.folder / "bank.sqlite"), "--merchant", "demo",
            "--merchant-name", "MPay demo", "--public-url", place.bank_url, "--test-controls",
            *_extra("MPAY_DEMO_BANK_OPTIONS"),
        ),
        place.folder / "bank.log",
        place.bank_port,
        bank_secrets(place),
    )  # fmt: skip


def _shop(place: Place, listen: tuple[str, ...]) -> Program:
    keys = place.folder / "keys"
    return Program(
        "demo e-Service",
        (
            place.command("demo-service"), *listen, str(place.shop_port),
            "--database", str(place.folder / "shop.sqlite"), "--gateway-url", place.gateway_url,
            "--gateway-certificate", str(keys / "gateway.crt"), "--key", str(keys / "service.key"),
            "--certificate", str(keys / "service.crt"), "--public-url", place.shop_url, "--test-controls",
            *_extra("MPAY_DEMO_SERVICE_OPTIONS"),
        ),
        place.folder / "shop.log",
        place.shop_port,
    )  # fmt: skip


def _kiosks(place: Place, listen: tuple[str, ...]) -> Program:
    return Program(
        "kiosk network",
        (
            place.command("kiosk-network"), *listen, str(place.kiosk_port),
            "--database", str(place.folder / "kiosks.sqlite"), "--prefix", "DEMO01:", "--fee-minor", "100",
            "--provider-url", f"{place.gateway_url}/x/kiosk-network/payment",
            *_extra("MPAY_DEMO_KIOSK_OPTIONS"),
        ),
        place.folder / "kiosks.log",
        place.kiosk_port,
        kiosk_secret(place),
    )  # fmt: skip


def _extra(variable: str) -> list[str]:
    """Further options for a counterpart, for tests that want it quicker or slower."""
    return os.environ.get(variable, "").split()
