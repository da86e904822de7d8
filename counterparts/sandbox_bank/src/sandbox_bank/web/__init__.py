"""HTTP: the merchant's API, the payer's pages, the test controls and the console."""

from __future__ import annotations

from typing import Any

import waitress
from pyramid.config import Configurator

from sandbox_bank.bank import Bank
from sandbox_bank.web import api, console, controls, headers, pages, problems, public

THREADS = 16
_MAX_BODY = 64 * 1024


def make_app(bank: Bank) -> Any:
    """Return the WSGI application of a bank; the test controls only when its settings ask for them."""
    config = Configurator(settings={"pyramid.reload_templates": False})
    config.registry.bank = bank
    config.add_request_method(lambda _request: bank, "bank", reify=True)
    config.add_tween("sandbox_bank.web.headers.security_headers")
    for part in (problems, public, api, pages):
        config.include(part)
    if bank.settings.test_controls:
        config.include(controls)
        config.include(console)
    return config.make_wsgi_app()


def make_server(app: Any, *, host: str, port: int) -> Any:
    """Bind the address and return a waitress server that has yet to run. Raises: OSError."""
    return waitress.create_server(
        app, host=host, port=port, threads=THREADS, ident="", max_request_body_size=_MAX_BODY
    )


__all__ = ["headers", "make_app", "make_server"]
