"""The command `sandbox-bank`."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from sandbox_bank import __version__, books
from sandbox_bank.database import connect
from sandbox_bank.settings import Settings

_USAGE_ERROR = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0 when all is well, 1 when the books are not, 2 for wrong use."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.command == "check-books":
        return check_books(given.database)
    try:
        settings = _settings(given)
    except ValueError as problem:
        print(f"sandbox-bank: {problem}", file=sys.stderr)
        return _USAGE_ERROR
    return serve(settings, given.host, given.port)


def serve(settings: Settings, host: str, port: int) -> int:
    """Serve until SIGTERM or SIGINT, then end cleanly."""
    from sandbox_bank.bank import Bank
    from sandbox_bank.web import make_app, make_server

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        bank = Bank(settings)
        server = make_server(make_app(bank), host=host, port=port)
    except (OSError, sqlite3.Error) as problem:
        print(f"sandbox-bank: cannot start: {problem}", file=sys.stderr)
        return _USAGE_ERROR
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    bank.start()
    print(f"sandbox-bank: {settings.public_url} (listening on {host}:{port})", flush=True)
    try:
        server.run()
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        server.close()
        bank.stop()
    return 0


def check_books(database: Path) -> int:
    """Print what is wrong with the books of a database; 0 when nothing is."""
    if not database.is_file():
        print(f"sandbox-bank: no database at {database}", file=sys.stderr)
        return _USAGE_ERROR
    try:
        with closing(connect(database)) as connection:
            problems = books.check(connection)
            (count,) = connection.execute("SELECT COUNT(*) FROM transactions").fetchone()
    except sqlite3.Error as problem:
        print(f"sandbox-bank: {database} is not a bank's database: {problem}", file=sys.stderr)
        return _USAGE_ERROR
    for sentence in problems:
        print(sentence)
    print(f"transactions: {count}, problems: {len(problems)}")
    return 1 if problems else 0


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _settings(given: argparse.Namespace) -> Settings:
    secret = _secret(given.secret_env)
    callback_secret = _secret(given.callback_secret_env)
    if secret == callback_secret:
        raise ValueError("the API secret and the callback secret must differ")
    public_url = (given.public_url or f"http://{given.host}:{given.port}").rstrip("/")
    if urlsplit(public_url).scheme not in ("http", "https"):
        raise ValueError(f"--public-url: {public_url} is not an http or https address")
    return Settings(
        database=given.database,
        merchant=given.merchant,
        merchant_name=given.merchant_name or given.merchant,
        secret=secret,
        callback_secret=callback_secret,
        public_url=public_url,
        test_controls=given.test_controls,
        time_scale=given.time_scale,
        session_minutes=given.session_minutes,
        fee_basis_points=given.fee_basis_points,
    )


def _secret(variable: str) -> str:
    value = os.environ.get(variable, "")
    if not value.isascii() or len(value) < 8:
        raise ValueError(f"environment variable {variable} must hold a secret of at least 8 ASCII characters")
    return value


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError("must be more than 0")
    return value


def _basis_points(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 10_000:
        raise argparse.ArgumentTypeError("must be 0 to 10000")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sandbox-bank", description="A card bank to test against.")
    parser.add_argument("--version", action="version", version=f"sandbox-bank {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="serve the API, the pay pages and the callbacks")
    option = serving.add_argument
    option("--host", default="127.0.0.1")
    option("--port", type=int, default=6545)
    option("--database", type=Path, required=True, help="SQLite file; created when missing")
    option("--merchant", default="demo", help="the merchant's id in the books and statements")
    option("--merchant-name", help="the merchant as the payer reads it (default: the id)")
    option("--secret-env", default="SANDBOX_SECRET", help="environment variable with the API secret")
    option(
        "--callback-secret-env",
        default="SANDBOX_CALLBACK_SECRET",
        help="environment variable with the secret that signs callbacks",
    )
    option("--public-url", help="the bank's address as browsers see it (default: http://HOST:PORT)")
    option("--test-controls", action="store_true", help="serve /console and /test")
    option("--time-scale", type=_positive, default=1.0, help="multiplies every wait but a session's life")
    option("--session-minutes", type=_positive, default=30.0, help="how long a payer has to pay")
    option("--fee-basis-points", type=_basis_points, default=150, help="fee of a capture, in 1/100 percent")
    checking = commands.add_parser("check-books", help="check the double-entry books")
    checking.add_argument("--database", type=Path, required=True)
    return parser
