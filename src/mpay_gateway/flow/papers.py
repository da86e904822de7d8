"""The renderer of the core's own papers, started when it is needed: workers and commands never draw."""

import threading

from mpay_gateway.documents import DocumentRenderer
from mpay_gateway.documents.paper import Paper


class Papers:
    """A `DocumentRenderer` that starts its processes with `warm_up`, or with the first paper."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._renderer: DocumentRenderer | None = None

    def warm_up(self) -> None:
        """Draw a first page: what is missing shows now. Raises: DocumentFailed."""
        self._started().warm_up()

    def render(self, paper: Paper) -> bytes:
        """The paper as PDF. Raises as `DocumentRenderer.render`."""
        return self._started().render(paper)

    def close(self) -> None:
        """End all processes."""
        with self._lock:
            if self._renderer is not None:
                self._renderer.close()

    def _started(self) -> DocumentRenderer:
        with self._lock:
            self._renderer = self._renderer or DocumentRenderer()
            return self._renderer
