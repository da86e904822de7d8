"""A gateway's plugin host and an e-Service over HTTP, both in this process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from wsgiref.simple_server import WSGIRequestHandler, make_server

GATEWAY = """
[gateway]
public_url = "http://127.0.0.1:6543"
signing_key = "gateway.key"
signing_certificate = "gateway.crt"
database = "sqlite:///gateway.sqlite"

[plugins]
enabled = ["mpay-eservice-soap"]

[outbound]
allow_http = true
allow_networks = ["127.0.0.0/8"]
"""


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(application: object) -> Iterator[str]:
    """The address of a WSGI application, while it is served on a free port."""
    server = make_server("127.0.0.1", 0, application, handler_class=_Quiet)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
