"""What commands share: the configuration that the person chose, read when a command first needs it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mpay_gateway.flow.parts import Parts
from mpay_gateway.settings import GatewaySettings, find_ini, read_ini, read_settings


@dataclass
class Configured:
    """`chosen`: the ini named on the command line, if any."""

    chosen: Path | None

    @cached_property
    def ini(self) -> Path:
        """The ini file. Raises: ConfigurationError."""
        return find_ini(self.chosen)

    @cached_property
    def settings(self) -> GatewaySettings:
        """The gateway's settings. Raises: ConfigurationError."""
        return read_settings(read_ini(self.ini))

    @cached_property
    def parts(self) -> Parts:
        """The whole gateway. Raises: ConfigurationError."""
        from mpay_gateway.flow.gateway import build_parts

        return build_parts(self.settings)
