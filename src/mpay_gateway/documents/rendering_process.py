"""One rendering process as the gateway sees it."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from mpay_gateway.documents.frames import Kind, read_frame, write_frame
from mpay_gateway.documents.paper import Paper
from mpay_gateway.domain.errors import DocumentFailed

_log = logging.getLogger(__name__)
START_SECONDS = 60.0
_PASSED_ON = (
    "PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH",
    "XDG_CACHE_HOME", "FONTCONFIG_PATH", "FONTCONFIG_FILE",
)  # fmt: skip


class ProcessLost(Exception):
    """The process died under a paper. Another may be luckier."""


class RenderingProcess:
    """A child that draws one paper at a time. One thread uses it at a time.

    `drawn`: how many papers it was given. `successor`: started shortly before this one is retired.
    """

    def __init__(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "mpay_gateway.documents.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        )
        self._ready = False
        self._expired = False
        self._broken = False
        self.drawn = 0
        self.successor: RenderingProcess | None = None

    @property
    def pid(self) -> int:
        return self._child.pid

    def wait_until_ready(self) -> None:
        """Wait until fonts and style are read and one page is drawn.

        Raises: DocumentFailed when it cannot draw at all, with the reason; ProcessLost when it died.
        """
        if self._ready:
            return
        with self._watched(START_SECONDS):
            kind, content = read_frame(self._output)
        if kind is not Kind.READY:
            raise DocumentFailed(f"rendering cannot start: {content.decode(errors='replace')}")
        self._ready = True
        _log.debug("rendering process ready: pid=%s (%s)", self.pid, content.decode(errors="replace"))

    def draw(self, paper: Paper, seconds: float) -> bytes:
        """The paper as PDF. A child that takes longer than `seconds` is killed.

        Raises: DocumentFailed when it took too long or could not be drawn, ProcessLost when the child died.
        """
        self.wait_until_ready()
        self.drawn += 1
        with self._watched(seconds):
            write_frame(self._input, Kind.PAPER, paper.to_wire())
            kind, content = read_frame(self._output)
        if kind is not Kind.PDF:
            raise DocumentFailed(content.decode(errors="replace"))
        return content

    def stop(self) -> None:
        """End the child and its successor at once, and leave nothing behind."""
        if self.successor is not None:
            self.successor.stop()
        self._child.kill()
        self._child.wait()
        for pipe in (self._input, self._output):
            with suppress(OSError):  # what was not sent to a dead child
                pipe.close()

    @property
    def usable(self) -> bool:
        """Whether it can be given another paper, as far as is known."""
        return not self._broken and self._child.poll() is None

    @property
    def _input(self) -> BinaryIO:
        assert self._child.stdin is not None
        return self._child.stdin  # type: ignore[return-value]

    @property
    def _output(self) -> BinaryIO:
        assert self._child.stdout is not None
        return self._child.stdout  # type: ignore[return-value]

    @contextmanager
    def _watched(self, seconds: float) -> Iterator[None]:
        """Kill the child at the deadline: it may be deep in C, where nothing else reaches it."""
        watch = threading.Timer(seconds, self._expire)
        watch.daemon = True
        watch.start()
        try:
            yield
        except (OSError, EOFError, ValueError) as error:
            self._broken = True  # the system may still call it alive for a moment
            if self._expired:
                raise DocumentFailed(f"not done after {seconds:g} s") from error
            raise ProcessLost(f"rendering process {self.pid} is gone") from error
        finally:
            watch.cancel()

    def _expire(self) -> None:
        self._expired = True
        self._child.kill()
