"""While tests run, the shipped code runs no unit of work that the registry of crash points does not name.

Units of the tests' own have names of their own.
"""

import sys
from collections.abc import Iterator

import pytest

from mpay_gateway.crash_points import UNITS
from mpay_gateway.storage import UnitOfWork

SHIPPED = "mpay_"
"""How the packages of the gateway and of its plugins begin."""


@pytest.fixture(autouse=True, scope="session")
def only_registered_units() -> Iterator[None]:
    """Refuse, before anything is done, a unit that shipped code runs under an unregistered name."""
    run = UnitOfWork.run

    def checked(self: UnitOfWork, name: str, work: object) -> object:
        caller = sys._getframe(1).f_globals["__name__"]
        assert name in UNITS or not caller.startswith(SHIPPED), (
            f"{caller} runs the unregistered unit {name!r}"
        )
        return run(self, name, work)  # type: ignore[arg-type]

    UnitOfWork.run = checked  # type: ignore[method-assign]
    yield
    UnitOfWork.run = run  # type: ignore[method-assign]
