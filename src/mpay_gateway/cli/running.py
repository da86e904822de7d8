"""`mpay serve` and `mpay worker`: the two kinds of process of a gateway."""

import math
import os
import signal
import socket
import threading
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import structlog

from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.logs import VARIABLE, LogFormat, configure_logs, default_format, logging_settings
from mpay_gateway.cli.words import WORDS
from mpay_gateway.documents import check_fonts
from mpay_gateway.domain.errors import ConfigurationError

FINISH_SECONDS = 30
"""How long a process of the server may finish its requests, and what runs beside them, when it is told to stop."""

_log_format = click.option(
    "--log-format",
    type=click.Choice([form.value for form in LogFormat]),
    envvar=VARIABLE,
    help=f"How events are written to standard error; else {VARIABLE}.  [default: console on a terminal, else json]",
)


@click.command()
@click.option("--host", type=WORDS, default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=6543, show_default=True)
@click.option("--workers", type=click.IntRange(1, 128), default=1, show_default=True,
              help="Processes; more than one needs PostgreSQL.")  # fmt: skip
@click.option("--threads", type=click.IntRange(1, 512), default=16, show_default=True,
              help="Payers' requests that each process serves at once; as many wait, more get 503.")  # fmt: skip
@click.option("--drain", type=click.FloatRange(0, 300), default=0, show_default=True, metavar="SECONDS",
              help="Serve on for so long after SIGTERM, with /readyz at 503, until the proxy has seen it.")  # fmt: skip
@_log_format
@click.pass_obj
def serve(
    configured: Configured, *, host: str, port: int, workers: int, threads: int, drain: float,
    log_format: str | None,
) -> None:  # fmt: skip
    """Serve the payer's pages and the providers' callbacks (granian).

    Stops on SIGTERM and SIGINT: requests under way, and what runs beside them, are finished. Needs an `mpay worker`
    beside it.
    """
    if math.isnan(drain):
        raise click.BadParameter("nan is no number of seconds", param_hint="--drain")
    form = LogFormat(log_format) if log_format else default_format()
    if workers > 1 and configured.settings.gateway.database.startswith("sqlite"):
        raise ConfigurationError(("--workers: SQLite serves one process; more than one needs PostgreSQL",))
    check_address_free(host, port)
    check_fonts()
    configure_logs(form)
    import_module("mpay_gateway.cli.serving")  # once, for all processes of the server: they are forked
    configured.await_database()
    configured.parts.close()  # every problem is said here, once, before a process of the server starts
    os.environ |= {"MPAY_CONFIG": str(configured.ini.absolute()), VARIABLE: form.value}
    log = structlog.get_logger("serve")
    log.info("gateway_listens", host=host, port=port, processes=workers, threads=threads)
    _serve(host, port, workers=workers, threads=threads, drain=drain)
    log.info("gateway_stopped")


def _serve(host: str, port: int, *, workers: int, threads: int, drain: float) -> None:
    """Until the server is told to stop."""
    from granian.constants import HTTPModes, Interfaces
    from granian.log import LogLevels

    from mpay_gateway.cli.draining import VARIABLE as SERVING
    from mpay_gateway.cli.draining import LeavingServer
    from mpay_gateway.cli.serving import PLACES
    from mpay_gateway.web.crowd import threads_for

    server = LeavingServer(
        "mpay_gateway.cli.serving:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        workers=workers,
        blocking_threads=threads_for(threads),
        factory=True,
        log_dictconfig=logging_settings(LogFormat(os.environ[VARIABLE])),
        log_level=LogLevels.error,  # what it says besides, we say in our own words
        log_access=False,
        respawn_failed_workers=True,
        workers_kill_timeout=FINISH_SECONDS,
    )
    with TemporaryDirectory(prefix="mpay-serve-") as folder:
        server.serving, server.drain = Path(folder, "serving"), drain
        server.serving.touch()
        os.environ |= {SERVING: str(server.serving), PLACES: str(threads)}
        server.serve()


def check_address_free(host: str, port: int) -> None:
    """Raises: ConfigurationError when nobody can listen there."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise ConfigurationError((f"--host {host} --port {port}: {error.strerror}",)) from error


@click.command()
@click.option("--threads", type=click.IntRange(1, 256), default=8, show_default=True,
              help="Tasks done at once.")  # fmt: skip
@click.option("--metrics-port", type=click.IntRange(1, 65535), metavar="PORT",
              help="Show metrics at 127.0.0.1:PORT/metrics.  [default: nowhere]")  # fmt: skip
@_log_format
@click.pass_obj
def worker(configured: Configured, *, threads: int, metrics_port: int | None, log_format: str | None) -> None:
    """Do what is due: deliver confirmations, re-check payments, give money back.

    Any number of workers may run. Stops on SIGTERM and SIGINT: tasks under way are finished. A second signal ends
    it at once; what it held is taken over when its leases have run out.
    """
    from mpay_gateway.worker import Worker

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda caught, _: _stop(stop, caught))
    configure_logs(LogFormat(log_format) if log_format else default_format())
    configured.await_database()
    parts = configured.parts
    worker = Worker(parts, threads)
    with nullcontext() if metrics_port is None else worker.measures.serve(metrics_port):
        worker.run(stop)
    parts.close()


def _stop(stop: threading.Event, caught: int) -> None:
    """The second signal does not wait for anybody."""
    if stop.is_set():
        os._exit(128 + caught)
    stop.set()
