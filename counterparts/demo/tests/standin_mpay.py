"""Stands in for the gateway's command: says what it was told, serves /healthz, ends when asked.

STANDIN_FAILS names the sub-command that fails; `worker-later` fails a while after its start.
"""

import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

_FAILS = os.environ.get("STANDIN_FAILS", "")


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet."""


def main(ini: str, command: str, *rest: str) -> int:
    print(f"stand-in: {command} {' '.join(rest)}")
    if command == _FAILS:
        print("stand-in: what went wrong")
        return 3
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if command == "serve":
        _leave_a_stubborn_child(Path(ini).parent)
        HTTPServer(("127.0.0.1", int(rest[rest.index("--port") + 1])), Answer).serve_forever()
    if command == "worker":
        time.sleep(4 if _FAILS == "worker-later" else 3600)
        print("stand-in: the worker's last words")
        return 7
    return 0


def _leave_a_stubborn_child(folder: Path) -> None:
    """A server's own worker that does not hear SIGTERM."""
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(3600)"
    child = subprocess.Popen([sys.executable, "-c", code])
    (folder / "stubborn.pid").write_text(str(child.pid))


if __name__ == "__main__":
    assert sys.argv[1] == "--config", sys.argv
    sys.exit(main(*sys.argv[2:]))
