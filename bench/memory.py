"""Memory of the processes over time: resident megabytes, the line through them, and a picture in one line."""

from dataclasses import dataclass, field
from pathlib import Path

from processes import tree_by_name

_BARS = "▁▂▃▄▅▆▇█"
WARM_SHARE = 1 / 3
"""The first part of a run is left out of the line: pools fill, templates are compiled, caches find their size."""
LEAST_GROWTH_MB = 24.0
GROWTH_SHARE = 0.10
"""What a process may grow along its line: so many megabytes, or so much of what it has, whichever is more."""


@dataclass
class Memory:
    """Samples of one process with its descendants: seconds after the start, and resident megabytes."""

    samples: list[tuple[float, float]] = field(default_factory=list)

    @property
    def warm(self) -> list[tuple[float, float]]:
        """The samples after the first part of the run."""
        last = self.samples[-1][0] if self.samples else 0.0
        return [each for each in self.samples if each[0] >= last * WARM_SHARE]

    @property
    def growth(self) -> float:
        """Megabytes by which the line through the warm samples rises from its first to its last."""
        warm = self.warm
        if len(warm) < 2:
            return 0.0
        mean_at = sum(at for at, _ in warm) / len(warm)
        mean_size = sum(size for _, size in warm) / len(warm)
        spread = sum((at - mean_at) ** 2 for at, _ in warm)
        slope = sum((at - mean_at) * (size - mean_size) for at, size in warm) / spread
        return slope * (warm[-1][0] - warm[0][0])

    @property
    def allowed(self) -> float:
        """Megabytes by which the process may grow and still count as flat."""
        first = self.warm[0][1] if self.samples else 0.0
        return max(LEAST_GROWTH_MB, GROWTH_SHARE * first)

    @property
    def flat(self) -> bool:
        return self.growth <= self.allowed

    def picture(self, width: int = 40) -> str:
        """The samples as bars, from the least to the most."""
        sizes = [size for _, size in self.samples]
        if not sizes:
            return ""
        chosen = (
            [sizes[at * len(sizes) // width] for at in range(min(width, len(sizes)))]
            if len(sizes) > width
            else sizes
        )
        low, high = min(chosen), max(chosen)
        step = (high - low) / (len(_BARS) - 1) or 1.0
        return "".join(_BARS[round((size - low) / step)] for size in chosen)


@dataclass
class Memories:
    """The memory of several processes by name. `roots`: the first process of each."""

    roots: dict[str, int]
    by_name: dict[str, Memory] = field(default_factory=dict)

    def look(self, at: float) -> None:
        """Take one sample of each."""
        for name, pids in tree_by_name(self.roots).items():
            size = sum(_resident_mb(pid) for pid in pids)
            if size:
                self.by_name.setdefault(name, Memory()).samples.append((at, size))


def _resident_mb(pid: int) -> float:
    """Its own share: what processes share is divided among them. PostgreSQL's buffers are memory of a size that is
    set, and fill as the tables grow; they are left out with all that is shared on purpose."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended meanwhile
        return 0.0
    own = ("Pss_Anon:", "Pss_File:")
    return sum(int(line.split()[1]) for line in lines if line.startswith(own)) / 1024
