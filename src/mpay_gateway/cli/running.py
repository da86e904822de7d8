"""`mpay serve` and `mpay worker`: the two kinds of process of a gateway."""

import os
import signal
import threading

import click

from mpay_gateway.cli.context import Configured
from mpay_gateway.domain.errors import ConfigurationError


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=6543, show_default=True)
@click.option("--workers", default=1, show_default=True, help="Processes; more than one needs PostgreSQL.")
@click.option("--threads", default=16, show_default=True, help="Threads of each process.")
@click.pass_obj
def serve(configured: Configured, host: str, port: int, workers: int, threads: int) -> None:
    """Serve the payer's pages and the providers' callbacks (granian)."""
    from granian import Granian
    from granian.constants import Interfaces

    if workers > 1 and configured.settings.gateway.database.startswith("sqlite"):
        raise ConfigurationError(("--workers: SQLite serves one process; more need PostgreSQL",))
    os.environ["MPAY_CONFIG"] = str(configured.ini.absolute())
    Granian(
        "mpay_gateway.web:serve_configured",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        factory=True,
        log_access=False,
        respawn_failed_workers=True,
        workers_kill_timeout=20,
    ).serve()


@click.command()
@click.option("--threads", default=8, show_default=True, help="Tasks done at once.")
@click.pass_obj
def worker(configured: Configured, threads: int) -> None:
    """Deliver confirmations, re-check payments, give money back: all that is due."""
    from mpay_gateway.worker import Worker

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    parts = configured.parts
    Worker(parts, threads).run(stop)
    parts.background.close()
