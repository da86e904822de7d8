"""``demo-service``: the shop's command."""

import argparse
import logging
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from demo_service.application import make_application
from demo_service.parts import assemble
from demo_service.server import serve
from demo_service.settings import KeyFiles, Settings, read_signer, read_trust
from eservice_kit import KeyInfoForm, UnusableKey
from eservice_kit.algorithms import ALGORITHM_NAMES


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal; 0 stopped by one, 1 could not start, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
    try:
        settings = _settings(options)
        serve(make_application(assemble(settings)), host=settings.host, port=settings.port)
    except UnusableKey as error:
        return _complain(str(error))
    except sqlite3.Error as error:
        return _complain(f"{options.database}: {error}")
    except OSError as error:
        return _complain(f"can't serve on {options.host}:{options.port}: {error.strerror or error}")
    return 0


def _complain(reason: str) -> int:
    print(f"demo-service: {reason}", file=sys.stderr)
    return 1


def _settings(options: argparse.Namespace) -> Settings:
    files = KeyFiles(options.key, options.certificate, options.gateway_certificate)
    return Settings(
        host=options.host,
        port=options.port,
        database=options.database,
        gateway_url=options.gateway_url,
        public_url=options.public_url or f"http://{options.host}:{options.port}",
        signer=read_signer(files, options.algorithm, options.key_info),
        trust=read_trust(files),
        test_controls=options.test_controls,
        slow_seconds=options.slow_seconds,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="demo-service", description="A small shop of public services.")
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=6544)
    add("--database", type=Path, required=True, metavar="PATH", help="made where it is missing")
    add("--gateway-url", type=_web_address, default="http://127.0.0.1:6543", metavar="URL")
    add("--gateway-certificate", type=Path, required=True, metavar="PEM", help="signs requests")
    add("--key", type=Path, required=True, metavar="PEM", help="signs answers")
    add("--certificate", type=Path, required=True, metavar="PEM")
    add("--algorithm", choices=ALGORITHM_NAMES, default="rsa-sha1")
    add("--key-info", choices=[form.value for form in KeyInfoForm], default=KeyInfoForm.ISSUER_SERIAL.value)
    add("--public-url", type=_web_address, metavar="URL", help="as payers' browsers see it")
    add("--test-controls", action="store_true", help="open /test/*; never on a public address")
    add("--slow-seconds", type=float, default=10, metavar="N", help="what slow means at first")
    return parser


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise argparse.ArgumentTypeError(f"{text!r} is not an http or https address")
    return text.rstrip("/")


if __name__ == "__main__":
    sys.exit(main())
