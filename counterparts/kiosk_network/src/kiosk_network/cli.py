"""The command `kiosk-network`."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from kiosk_network import __version__
from kiosk_network.network import Network
from kiosk_network.settings import Settings
from kiosk_network.web import make_server

_USAGE_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; 0 when it ended cleanly, 2 for wrong use."""
    given = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        settings = _settings(given)
        network = Network(settings)
        server = make_server(network, given.host, given.port)
    except (ValueError, OSError, sqlite3.Error) as problem:
        print(f"kiosk-network: {problem}", file=sys.stderr)
        return _USAGE_ERROR
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    network.start()
    print(f"kiosk-network: http://{given.host}:{server.server_port}/", flush=True)
    try:
        server.serve_forever(poll_interval=0.1)
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
        network.stop()
    return 0


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _settings(given: argparse.Namespace) -> Settings:
    password = os.environ.get(given.password_env, "")
    if not password:
        raise ValueError(f"environment variable {given.password_env} must hold the password")
    if urlsplit(given.provider_url).scheme not in ("http", "https"):
        raise ValueError(f"--provider-url: {given.provider_url} is not an http or https address")
    return Settings(
        database=given.database,
        provider_url=given.provider_url,
        user=given.user,
        password=password,
        prefix=given.prefix,
        method=given.method,
        retry_seconds=given.retry_seconds,
        fee_minor=given.fee_minor,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kiosk-network", description="A network of payment kiosks to test against."
    )
    parser.add_argument("--version", action="version", version=f"kiosk-network {__version__}")
    option = parser.add_argument
    option("--host", default="127.0.0.1")
    option("--port", type=int, default=6546)
    option("--database", type=Path, required=True, help="SQLite file; created when missing")
    option("--provider-url", required=True, help="where check and pay are called")
    option("--user", default="network", help="user name of Basic authentication")
    option("--password-env", default="KIOSK_PASSWORD", help="environment variable with the password")
    option("--prefix", default="", help="written before each account, e.g. DEMO01:")
    option("--method", choices=("GET", "POST"), default="GET")
    option("--retry-seconds", type=float, default=5.0, help="until a pay without a final answer is repeated")
    option("--fee-minor", type=int, default=0, help="kept of each payment, in minor units")
    return parser
