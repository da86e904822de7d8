"""A server on 127.0.0.1 that does to each connection exactly what a test's script says."""

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator

Script = Callable[["Peer"], None]


class Peer:
    """The server's end of one connection."""

    def __init__(self, plain: socket.socket, server: "ScriptedServer") -> None:
        self.plain = plain
        self.server = server

    def read_request(self) -> bytes:
        """One request, body included; empty when the client has closed."""
        content = b""
        while b"\r\n\r\n" not in content:
            if not (chunk := self.plain.recv(65536)):
                return b""
            content += chunk
        head, _, body = content.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        while len(body) < length:
            body += self.plain.recv(65536)
        self.server.requests.append(head + b"\r\n\r\n" + body)
        return content

    def send(self, content: bytes) -> None:
        self.plain.sendall(content)

    def answer(self, body: bytes = b"ok", *, status: str = "200 OK", headers: bytes = b"") -> None:
        self.send(
            b"HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n%s" % (status.encode(), len(body), headers, body)
        )

    def drip(self, content: bytes, seconds: float) -> None:
        with contextlib.suppress(OSError):
            for byte in content:
                self.send(bytes([byte]))
                time.sleep(seconds)

    def reset(self) -> None:
        """Close with RST."""
        self.plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.plain.close()


class ScriptedServer:
    """Runs the scripts in turn, one for each connection, the last one again and again."""

    def __init__(self, *scripts: Script, tls: ssl.SSLContext | None = None) -> None:
        self._scripts = list(scripts)
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.connections = 0
        self.requests: list[bytes] = []
        self.handshakes: list[str] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, path: str = "/", *, host: str = "127.0.0.1") -> str:
        return f"{'http' if self._tls is None else 'https'}://{host}:{self.port}{path}"

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                plain, _ = self._listener.accept()
                script = self._scripts[min(self.connections, len(self._scripts) - 1)]
                self.connections += 1
                threading.Thread(target=self._run, args=(script, plain), daemon=True).start()

    def _run(self, script: Script, plain: socket.socket) -> None:
        with contextlib.suppress(OSError), plain:
            if self._tls is None:
                script(Peer(plain, self))
            else:
                with self._tls.wrap_socket(plain, server_side=True) as secured:
                    script(Peer(secured, self))


@contextlib.contextmanager
def serving(*scripts: Script, tls: ssl.SSLContext | None = None) -> Iterator[ScriptedServer]:
    server = ScriptedServer(*scripts, tls=tls)
    try:
        yield server
    finally:
        server.close()


def polite(peer: Peer) -> None:
    """Answers every request on the connection."""
    while peer.read_request():
        peer.answer()
