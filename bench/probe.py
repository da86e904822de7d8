"""What the disk does at this moment: the time of an fsync, which differs twenty-fold between moments."""

import os
import time
from pathlib import Path

from figures import Spread

_BLOCK = b"\0" * 4096


def fsync_times(folder: Path, count: int = 60) -> Spread:
    """Append a block to a file in `folder` and make it durable, `count` times. Milliseconds."""
    path = folder / "fsync-probe"
    took = []
    with path.open("wb", buffering=0) as file:
        for _ in range(count):
            began = time.perf_counter()
            file.write(_BLOCK)
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - began) * 1000)
    path.unlink()
    return Spread.of(took)
