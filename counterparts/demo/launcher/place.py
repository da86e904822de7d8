"""Where a demo runs: its folder, its ports, its addresses."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
DEFAULT_FOLDER = CHECKOUT / "var" / "demo"
DEFAULT_PORT_BASE = 6543
_RESERVED_PORTS = 30  # base to base+29 belong to the demo and to counterparts that are started by hand


class DemoError(Exception):
    """The demo cannot go on; the text tells the person at the terminal why and what to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """`folder`: absolute. `commands`: folder of the installed programs."""

    folder: Path
    port_base: int
    commands: Path

    @property
    def gateway_port(self) -> int:
        return self.port_base

    @property
    def shop_port(self) -> int:
        return self.port_base + 1

    @property
    def bank_port(self) -> int:
        return self.port_base + 2

    @property
    def kiosk_port(self) -> int:
        return self.port_base + 3

    @property
    def gateway_url(self) -> str:
        return f"http://127.0.0.1:{self.gateway_port}"

    @property
    def shop_url(self) -> str:
        return f"http://127.0.0.1:{self.shop_port}"

    @property
    def bank_url(self) -> str:
        return f"http://127.0.0.1:{self.bank_port}"

    @property
    def kiosk_url(self) -> str:
        return f"http://127.0.0.1:{self.kiosk_port}"

    @property
    def ini(self) -> Path:
        return self.folder / "gateway.ini"

    @property
    def services(self) -> Path:
        return self.folder / "services.toml"

    @property
    def forms(self) -> Path:
        """The services whose orders payers make on a page of the gateway's."""
        return self.folder / "forms.toml"

    def command(self, name: str) -> str:
        """The path of an installed program.

        Raises: DemoError when it is not installed.
        """
        path = self.commands / name
        if not os.access(path, os.X_OK):
            raise DemoError(f"{name} is not installed in {self.commands}: run `make setup` first.")
        return str(path)


def read_place(environment: Mapping[str, str], commands: Path) -> Place:
    """The place that MPAY_DEMO_DIR and MPAY_DEMO_PORT_BASE choose, with the programs of a folder.

    Raises: DemoError when the base is no usable port.
    """
    folder = Path(environment.get("MPAY_DEMO_DIR") or DEFAULT_FOLDER).expanduser().absolute()
    text = environment.get("MPAY_DEMO_PORT_BASE") or str(DEFAULT_PORT_BASE)
    highest = 65_536 - _RESERVED_PORTS
    if not (text.isascii() and text.isdigit()) or not 1024 <= int(text) <= highest:
        raise DemoError(f"MPAY_DEMO_PORT_BASE is {text!r}: expected a port from 1024 to {highest}.")
    return Place(folder, int(text), commands)
