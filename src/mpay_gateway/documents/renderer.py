"""Papers to PDF in processes of their own, which are replaced before they grow and whenever they die.

Not concurrent.futures: its pool cannot end one stuck child without breaking all others, can stop handing out
work once children are recycled (CPython gh-115634), and does not run inside a server's daemonic worker.
"""

import logging
import queue
import threading
from contextlib import suppress

from mpay_gateway.boundary import refuse_inside_unit_of_work
from mpay_gateway.documents.paper import Paper
from mpay_gateway.documents.rendering_process import ProcessLost, RenderingProcess
from mpay_gateway.domain.errors import DocumentFailed

_log = logging.getLogger(__name__)
_MOST_AT_ONCE = 6
"""Papers of each process that are drawn or wait for it; further ones are refused at once, and hold nobody's thread."""
_LEAD = 5
"""So many papers before a process is retired its successor is started, which is then warm in time."""


class DocumentRenderer:
    """A fixed number of rendering processes. Safe to use from many threads; close it at the end.

    `deadline`: seconds for one paper, and as long again to wait for a free process. `recycle_after`: papers
    after which a process is replaced (its memory grows).
    """

    def __init__(self, workers: int = 1, *, deadline: float = 10.0, recycle_after: int = 50) -> None:
        if workers < 1 or recycle_after < 1:
            raise ValueError("at least one process, for at least one paper")
        self._deadline = deadline
        self._recycle_after = recycle_after
        self._lock = threading.Lock()
        self._closed = False
        self._processes: set[RenderingProcess] = set()
        self._room = threading.BoundedSemaphore(workers * _MOST_AT_ONCE)
        self._idle: queue.LifoQueue[RenderingProcess] = queue.LifoQueue()
        for _ in range(workers):
            self._idle.put(self._start())

    def warm_up(self) -> None:
        """Wait until every process can draw, so that a missing library or font shows at the start.

        Raises: DocumentFailed with the reason.
        """
        with self._lock:
            processes = tuple(self._processes)
        for process in processes:
            try:
                process.wait_until_ready()
            except ProcessLost as lost:
                raise DocumentFailed(str(lost)) from lost

    def render(self, paper: Paper) -> bytes:
        """The paper as PDF. A paper whose process died is tried once more in a new one.

        Raises: DocumentFailed; OutboundCallRefused inside a unit of work, which must stay short.
        """
        refuse_inside_unit_of_work("rendering a paper")
        if not self._room.acquire(blocking=False):
            raise DocumentFailed("too many papers wait to be drawn")
        try:
            return self._render_twice_at_most(paper)
        finally:
            self._room.release()

    def _render_twice_at_most(self, paper: Paper) -> bytes:
        try:
            return self._render_once(paper)
        except ProcessLost as lost:
            _log.warning("%s, trying once more: paper=%s", lost, paper.data_name)
        try:
            return self._render_once(paper)
        except ProcessLost as lost:
            raise DocumentFailed(f"{paper.data_name}: {lost}, twice") from lost

    def close(self) -> None:
        """End all processes. Papers under way fail."""
        with self._lock:
            self._closed = True
            processes, self._processes = self._processes, set()
        for process in processes:
            process.stop()

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that draw now, for those who watch them."""
        with self._lock:
            return tuple(process.pid for process in self._processes)

    def _render_once(self, paper: Paper) -> bytes:
        process = self._take()
        try:
            return process.draw(paper, self._deadline)
        except DocumentFailed as failed:
            _log.error("paper not rendered: paper=%s: %s", paper.data_name, failed)
            raise
        finally:
            self._give_back(process)

    def _take(self) -> RenderingProcess:
        if self._closed:
            raise DocumentFailed("rendering has ended")
        try:
            process = self._idle.get(timeout=self._deadline)
        except queue.Empty:
            raise DocumentFailed(f"no rendering process was free for {self._deadline:g} s") from None
        if process.usable:
            return process
        try:
            return self._replace(process)
        except DocumentFailed:
            self._idle.put(process)  # its place is kept: the next payer's try may find a process to be had
            raise

    def _give_back(self, process: RenderingProcess) -> None:
        """Return a process to the others, or a new one in its place when it is dead or due."""
        if self._closed:
            return
        if process.drawn >= self._recycle_after or not process.usable:
            with suppress(DocumentFailed):
                process = self._replace(process)
        elif process.drawn >= self._recycle_after - _LEAD and process.successor is None:
            process.successor = RenderingProcess()
        self._idle.put(process)

    def _replace(self, process: RenderingProcess) -> RenderingProcess:
        successor, process.successor = process.successor, None
        process.stop()
        return self._start(successor, instead_of=process)

    def _start(
        self, process: RenderingProcess | None = None, instead_of: RenderingProcess | None = None
    ) -> RenderingProcess:
        try:
            process = process or RenderingProcess()
        except OSError as error:
            raise DocumentFailed(f"no rendering process could be started: {error}") from error
        with self._lock:
            self._processes -= {instead_of}
            if self._closed:
                process.stop()
            else:
                self._processes.add(process)
        return process
