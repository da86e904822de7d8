"""How far a run is: a bar on a terminal, else a line now and then."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

BEAT = 15.0
"""Seconds between two lines."""


class Progress:
    """Shown while a run lasts. `seconds`: how long it may take."""

    def __init__(self, seconds: float) -> None:
        self._began = time.monotonic()
        self._next_beat = self._began + BEAT
        limit = TextColumn(f"of {seconds:.0f} s")
        columns = (BarColumn(30), TextColumn("{task.percentage:.1f} %"), TimeElapsedColumn(), limit)
        self._bar = Bar(*columns, TextColumn("{task.description}")) if sys.stdout.isatty() else None
        self._task = self._bar.add_task("begins", total=1.0) if self._bar is not None else None

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, standing: str, complete: float) -> None:
        """`standing`: where the run stands, in words; `complete`: up to 1."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=standing, completed=complete)
        elif time.monotonic() >= self._next_beat:
            self._next_beat += BEAT
            print(f"{time.monotonic() - self._began:5.0f} s  {standing}", flush=True)
