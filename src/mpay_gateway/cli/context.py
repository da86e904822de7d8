"""What commands share: the configuration that the person chose, read when a command first needs it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mpay_gateway.boundary import Clock, SystemClock

if TYPE_CHECKING:  # imported when used: a command that needs no database starts without SQLAlchemy
    from mpay_gateway.flow.parts import Parts
    from mpay_gateway.settings import GatewaySettings
    from mpay_gateway.storage import UnitOfWork


@dataclass
class Configured:
    """`chosen`: the ini named on the command line, if any."""

    chosen: Path | None

    @cached_property
    def ini(self) -> Path:
        """The ini file; it may not exist."""
        from mpay_gateway.settings import find_ini

        return find_ini(self.chosen)

    @cached_property
    def clock(self) -> Clock:
        return SystemClock()

    @cached_property
    def settings(self) -> "GatewaySettings":
        """The gateway's settings. Raises: ConfigurationError."""
        from mpay_gateway.settings import read_ini, read_settings

        return read_settings(read_ini(self.ini))

    @cached_property
    def units(self) -> "UnitOfWork":
        """The database alone, for commands that call nobody. Raises: ConfigurationError."""
        from mpay_gateway.cli.logs import log_troubles
        from mpay_gateway.flow.operating.readiness import check_database
        from mpay_gateway.storage import UnitOfWork, create_engine

        log_troubles()
        units = UnitOfWork(create_engine(self.settings.gateway.database), self.clock)
        check_database(units)
        return units

    @cached_property
    def built(self) -> "Parts":
        """The whole gateway, put together: its database may not be there yet. Raises: ConfigurationError."""
        from mpay_gateway.cli.logs import log_troubles
        from mpay_gateway.flow.gateway import build_parts

        log_troubles()
        return build_parts(self.settings)

    def await_database(self) -> None:
        """Let a database that starts at the same time come up, while the gateway is put together.

        Raises: ConfigurationError.
        """
        from mpay_gateway.flow.operating.readiness import await_database

        await_database(self.built.settings.gateway.database, self.clock)

    @cached_property
    def parts(self) -> "Parts":
        """The whole gateway, ready to work. Raises: ConfigurationError."""
        from mpay_gateway.flow.operating.readiness import check_ready

        check_ready(self.built)
        return self.built

    def close(self) -> None:
        """Let what was opened go, when the command has ended."""
        if "built" in self.__dict__:
            self.built.close()
        if "units" in self.__dict__:
            self.units.engine.dispose()
