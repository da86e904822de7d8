"""An e-Service that answers every confirmation with nonsense until it is healed, then at once and signed.

It counts which payments it was told of, and how often, so that a run can show that none was left out.
"""

import argparse
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from standins import Busy, ReadyAnswers, Server, make_handler

from eservice_kit import read_signing_key
from eservice_kit.sign import Signer

_PAYMENT = re.compile(rb"PaymentID>([^<]{1,36})<")


@dataclass
class SilentService:
    """What answers: a page of HTML while it is silent."""

    answers: ReadyAnswers
    busy: Busy = field(default_factory=Busy)
    silent: bool = True
    tries: int = 0
    told: Counter[bytes] = field(default_factory=Counter)

    def answer(self, path: str, body: bytes) -> tuple[str, bytes]:
        """Media type and content for a request."""
        match path:
            case "/test/heal":
                self.silent = False
            case "/test/told":
                pass
            case _:
                return self._confirm(body)
        said = {
            "tries": self.tries,
            "told": len(self.told),
            "twice": sum(self.told.values()) - len(self.told),
        }
        return "application/json", json.dumps(said).encode()

    def _confirm(self, body: bytes) -> tuple[str, bytes]:
        self.tries += 1
        if self.silent:
            return "text/html", b"<html><body>Service unavailable</body></html>"
        found = _PAYMENT.search(body)
        self.told[found[1] if found else b""] += 1
        return "text/xml; charset=utf-8", self.answers.confirmation()


def main() -> None:
    """Listen, say where, answer until the process is ended."""
    parser = argparse.ArgumentParser(description="an e-Service that is silent until it is healed")
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--certificate", type=Path, required=True)
    given = parser.parse_args()
    service = SilentService(ReadyAnswers(Signer(read_signing_key(given.key, given.certificate))))
    server = Server(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.RequestHandlerClass = make_handler(service)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
