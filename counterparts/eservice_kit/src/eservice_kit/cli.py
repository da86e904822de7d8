"""``eservice-kit``: make a throw-away certificate, print the WSDL, check a message."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from eservice_kit.description import describe
from eservice_kit.keys import UnusableKey, read_certificates
from eservice_kit.make_certificate import write_certificate
from eservice_kit.refusal import NotVerified
from eservice_kit.verify import Trust, verify_message


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 done, 1 refused or failed, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except (UnusableKey, OSError) as error:
        print(f"eservice-kit: {error}", file=sys.stderr)
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="eservice-kit", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    make = commands.add_parser("make-certificate", help="make a throw-away RSA key and certificate")
    make.add_argument("--common-name", required=True)
    make.add_argument("--key", type=Path, required=True, metavar="PEM", help="written, must not exist")
    make.add_argument("--certificate", type=Path, required=True, metavar="PEM")
    make.set_defaults(run=_make_certificate)

    wsdl = commands.add_parser("wsdl", help="print the service's WSDL")
    wsdl.add_argument("--address", default="https://service.example/ServiceProvider.svc", metavar="URL")
    wsdl.set_defaults(run=_print_wsdl)

    verify = commands.add_parser("verify", help="check a signed message")
    verify.add_argument("file", type=Path)
    verify.add_argument("--certificate", type=Path, required=True, action="append", metavar="PEM")
    verify.add_argument("--at", type=_utc_time, metavar="TIME", help="ISO 8601, default now")
    verify.add_argument("--tolerance", type=float, default=60, metavar="SECONDS")
    verify.set_defaults(run=_verify)
    return parser


def _make_certificate(options: argparse.Namespace) -> int:
    write_certificate(options.common_name, options.key, options.certificate)
    return 0


def _print_wsdl(options: argparse.Namespace) -> int:
    print(describe(options.address).decode())
    return 0


def _verify(options: argparse.Namespace) -> int:
    certificates = tuple(each for path in options.certificate for each in read_certificates(path))
    trust = Trust(certificates, tolerance=timedelta(seconds=options.tolerance))
    try:
        verify_message(options.file.read_bytes(), trust, at=options.at or datetime.now(UTC))
    except NotVerified as refusal:
        print(f"refused: {refusal.code.value}\n{refusal.detail}")
        return 1
    print("valid")
    return 0


def _utc_time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


if __name__ == "__main__":
    sys.exit(main())
