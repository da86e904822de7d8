"""Serve on waitress until SIGTERM or SIGINT."""

import signal
import socket
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from waitress import create_server
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import WSGITask

from demo_service.endpoint import DROP_CONNECTION

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

THREADS = 16
Application = Callable[["WSGIEnvironment", "StartResponse"], Iterable[bytes]]


class _DroppableTask(WSGITask):  # type: ignore[misc]  # waitress is untyped
    """Lets the application end its connection without an answer, as a crashed service does."""

    def get_environment(self) -> "WSGIEnvironment":
        environ: WSGIEnvironment = super().get_environment()
        environ[DROP_CONNECTION] = self._drop_connection
        return environ

    def _drop_connection(self) -> None:
        self.close_on_finish = True
        self.channel.connected = False
        self.channel.socket.shutdown(socket.SHUT_RDWR)


class _DroppableChannel(HTTPChannel):  # type: ignore[misc]
    task_class = _DroppableTask


def serve(application: Application, *, host: str, port: int) -> None:
    """Listen and answer until SIGTERM or SIGINT, then finish running calls. Raises: OSError."""
    TcpWSGIServer.channel_class = _DroppableChannel
    server = create_server(
        application,
        host=host,
        port=port,
        threads=THREADS,
        ident="demo-service",
        clear_untrusted_proxy_headers=True,
    )
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, _stop)
    print(f"demo-service listens on http://{host}:{server.effective_port}", flush=True)
    try:
        server.run()
    finally:
        server.close()


def _stop(_signal_number: int, _frame: object) -> None:
    """Raise what the server's loop passes on; it then lets running calls end for some seconds."""
    raise SystemExit
