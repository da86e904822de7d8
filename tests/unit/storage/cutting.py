"""A way to PostgreSQL that can be cut at the worst moment: the commit arrives, its answer does not."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy.engine import URL, make_url


class CutWay:
    """Passes bytes on between clients of a port of ours and the server's socket."""

    def __init__(self, socket_path: str) -> None:
        self._path = socket_path
        self._cut = threading.Event()
        self.cuts = 0
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def cut_next_commit(self) -> None:
        """The next COMMIT reaches the server; when its answer comes, the connection is gone."""
        self._cut.set()

    def close(self) -> None:
        self._door.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._path)
                threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        """PostgreSQL's protocol is question and answer: a client says nothing while it waits."""
        dying = threading.Event()
        threading.Thread(target=self._back, args=(server, client, dying), daemon=True).start()
        with suppress(OSError):
            while said := client.recv(65536):
                if self._cut.is_set() and b"COMMIT" in said:
                    self._cut.clear()
                    self.cuts += 1
                    dying.set()
                server.sendall(said)
        server.close()

    @staticmethod
    def _back(server: socket.socket, client: socket.socket, dying: threading.Event) -> None:
        with suppress(OSError):
            while said := server.recv(65536):
                if dying.is_set():
                    break
                client.sendall(said)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
        client.close()


@contextmanager
def cut_way(url: str) -> Iterator[tuple[CutWay, URL]]:
    """The way, and the address of the database over it."""
    parsed = make_url(url)
    way = CutWay(f"{parsed.query['host']}/.s.PGSQL.5432")
    try:
        yield way, parsed.set(host="127.0.0.1", port=way.port, query={})
    finally:
        way.close()
