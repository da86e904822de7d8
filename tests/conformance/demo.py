"""The demo service, and the kit's command run against it."""

import json
from dataclasses import dataclass
from pathlib import Path

import urllib3
from click.testing import CliRunner, Result

from mpay_gateway.cli.conformance import conformance


@dataclass(frozen=True)
class Demo:
    """A running demo service; `folder` holds its keys and the gateway's."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/ServiceProvider.svc"

    def http(self, method: str, path: str, body: bytes = b"") -> urllib3.BaseHTTPResponse:
        return urllib3.request(
            method, f"http://127.0.0.1:{self.port}{path}", body=body or None, retries=False
        )

    def order(self, kind: str, **wishes: object) -> str:
        """The key of a new order."""
        answer = self.http("POST", "/test/orders", json.dumps({"kind": kind, **wishes}).encode())
        assert answer.status == 200, answer.data
        return str(answer.json()["order_key"])

    def confirmations(self, key: str) -> list[dict[str, object]]:
        """What the service was told of this order."""
        found: list[dict[str, object]] = self.http("GET", f"/test/confirmations.json?order_key={key}").json()
        return found

    def arguments(self, *order_keys: str, pay: tuple[str, ...] = ()) -> list[str]:
        words = [self.url, "--service-id", "DEMO01", "--certificate", str(self.folder / "service.crt")]
        words += [
            "--key",
            str(self.folder / "gateway.key"),
            "--key-certificate",
            str(self.folder / "gateway.crt"),
        ]
        words += ["--messages", str(self.folder / "messages")]
        words += [word for key in order_keys for word in ("--order-key", key)]
        return words + [word for key in pay for word in ("--pay-order-key", key)]


def run(*arguments: str) -> Result:
    """Type the command."""
    return CliRunner().invoke(conformance, arguments, catch_exceptions=False)
