"""What must be true of the database before a process of the gateway may start."""

import structlog

from mpay_gateway.boundary import Clock
from mpay_gateway.domain.errors import ConfigurationError
from mpay_gateway.flow.operating.restoring import look_back
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage import UnitOfWork
from mpay_gateway.storage.coming_up import is_coming_up
from mpay_gateway.storage.revision import newest_revision, reachable_revision

DATABASE_SECONDS = 30.0
"""How long a process that starts waits for a database that starts too: longer than one recovers from a crash."""
_LOOK_SECONDS = 0.1
_log = structlog.get_logger("readiness")


def await_database(database: str, clock: Clock) -> None:
    """Wait until the server at this address takes connections, for so long at most.

    What is wrong with it then, `check_ready` says.
    """
    until = clock.monotonic() + DATABASE_SECONDS
    said = False
    while is_coming_up(database) and clock.monotonic() < until:
        if not said:
            _log.warning("database_awaited", seconds=DATABASE_SECONDS)
            said = True
        clock.sleep(_LOOK_SECONDS)


def check_ready(parts: Parts) -> None:
    """The database is there, of this program's shape, and no open payment has lost its provider account.

    One that has gone back to a backup is noticed before anything begins, and so are services whose registration
    cannot be read any more: the log names them now and not when their first payer comes.

    Raises: ConfigurationError.
    """
    check_database(parts.units)
    try:
        look_back(parts)
    except OSError as error:
        raise ConfigurationError((f"[gateway] watermark: cannot be written: {error.strerror}",)) from error
    if problems := lost_accounts(parts):
        raise ConfigurationError(problems)
    parts.services.all()


def check_database(units: UnitOfWork) -> None:
    """Raises: ConfigurationError when the database cannot be reached or has another shape."""
    found, needed = reachable_revision(units.engine), newest_revision()
    if found != needed:
        raise ConfigurationError(
            (
                f"the database is at revision {found or 'none'}, this program needs {needed}: run `mpay init-db`",
            )
        )


def lost_accounts(parts: Parts) -> tuple[str, ...]:
    """A sentence for each account that has open payments and is not in the configuration.

    Nobody could ask its provider what became of them; `retired = true` keeps an account for that alone.
    """
    used = parts.units.read(lambda work: work.payments.open_by_account())
    return tuple(
        f"provider.{account}: missing, and has open payments ({count}); keep it with `retired = true`"
        for account, count in used.items()
        if account not in parts.registry.accounts
    )
