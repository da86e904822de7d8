"""The stand-ins as the benchmark sees them: one process, its address, orders to pay, and its own time."""

import json
import secrets
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from browser import HttpSite, Request, Site
from payer import Purchase

SERVICE = "INSTANT01"
INSTRUMENT = "instant"


class InstantCounterparts:
    """An e-Service and a bank that answer at once; a context that ends their process."""

    def __init__(self, folder: Path) -> None:
        """`folder`: the stack's, with the keys of the service."""
        self._keys = folder / "keys"

    def __enter__(self) -> Self:
        program = Path(__file__).with_name("standins.py")
        key, certificate = self._keys / "service.key", self._keys / "service.crt"
        command = [sys.executable, program, "--key", key, "--certificate", certificate]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().decode().strip()
        if not self.address:
            self._process.wait()
            raise RuntimeError("the stand-ins do not start")
        self.site = HttpSite(self.address)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()

    def purchase(self, through: Site | None = None, *, lines: int = 1) -> Purchase:
        """A new order whose answer lies ready, signed. `through`: the caller's own connection, if he has one."""
        order_key = f"L{lines}-{secrets.token_hex(8)}"
        (through or self.site).send(Request("GET", f"/test/orders/{order_key}"), "")
        return Purchase(SERVICE, order_key, "", INSTRUMENT)

    def own_ms(self) -> float:
        """The mean time that the stand-ins themselves took for a call of the gateway so far."""
        busy = json.loads(self.site.send(Request("GET", "/test/busy"), "").body)
        return 1000 * float(busy["seconds"]) / max(1, int(busy["calls"]))
