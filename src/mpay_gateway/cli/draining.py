"""How a server leaves: first it says so and goes on serving, then it finishes what it has begun.

A proxy that asks `/readyz` sends nobody to a server that leaves; one that keeps connections open is asked with every
answer to close them. So no request meets a closed door, where the proxy is given time to look.
"""

import os
import signal
import threading
from pathlib import Path

from granian.server import MPServer

VARIABLE = "MPAY_SERVING"
"""Names the file to the processes of the server. It lies there as long as the server takes requests.

Its absence is the sign: a file can be removed, and cannot always be written, on a disk that is full.
"""


def is_leaving() -> bool:
    """Whether this process's server was told to stop."""
    named = os.environ.get(VARIABLE)
    return named is not None and not os.path.exists(named)  # noqa: PTH110  asked with every answer


class LeavingServer(MPServer):
    """A server that serves for `drain` seconds more after SIGTERM, and says that it leaves.

    A second signal ends the wait. So does Ctrl-C at a terminal, which reaches every process of the server at once.
    """

    serving: Path
    drain: float

    def signal_handler_interrupt(self, *caught: object) -> None:
        """Called with the number of the signal and the frame that it interrupted."""
        waits = self.serving.exists() and caught[:1] == (signal.SIGTERM,)
        self.serving.unlink(missing_ok=True)
        if not waits or not self.drain:
            self._end()
            return
        patience = threading.Timer(self.drain, self._end)
        patience.daemon = True
        patience.start()

    def _end(self) -> None:
        super().signal_handler_interrupt()  # type: ignore[no-untyped-call]
