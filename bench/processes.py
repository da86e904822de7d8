"""CPU time of process trees, read from /proc: what the kernel charged, children that have ended included."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
_RENDERING = "mpay_gateway.documents.worker"


@dataclass(frozen=True, slots=True)
class _Process:
    pid: int
    parent: int
    own_ticks: int
    ended_children_ticks: int
    command: str


def cpu_ms(roots: dict[str, int]) -> dict[str, float]:
    """CPU milliseconds that each named process and its descendants have used so far.

    The processes in which the gateway draws papers are counted apart, as "papers": a gateway's ended children
    are always such.
    """
    processes = {process.pid: process for process in _all_processes()}
    used: dict[str, float] = {}
    for name, root in roots.items():
        drawing = 0
        own = 0
        for process in _tree(root, processes.values()):
            if _RENDERING in process.command:
                drawing += process.own_ticks
            elif name in ("gateway", "worker"):
                own += process.own_ticks
                drawing += process.ended_children_ticks
            else:
                own += process.own_ticks + process.ended_children_ticks
        used[name] = own * TICK_MS
        used["papers"] = used.get("papers", 0.0) + drawing * TICK_MS
    return used


def tree_by_name(roots: dict[str, int]) -> dict[str, tuple[int, ...]]:
    """The ids of each named process and its descendants; those in which papers are drawn apart, as "papers"."""
    processes = {process.pid: process for process in _all_processes()}
    found: dict[str, tuple[int, ...]] = {}
    for name, root in roots.items():
        for process in _tree(root, processes.values()):
            owner = "papers" if _RENDERING in process.command else name
            found[owner] = (*found.get(owner, ()), process.pid)
    return found


def _tree(root: int, processes: Iterable[_Process]) -> list[_Process]:
    children: dict[int, list[_Process]] = {}
    found = []
    for process in processes:
        children.setdefault(process.parent, []).append(process)
        if process.pid == root:
            found.append(process)
    for process in found:  # grows while it is walked
        found += children.get(process.pid, [])
    return found


def _all_processes() -> Iterable[_Process]:
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            stat = (folder / "stat").read_text()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it has ended meanwhile
            continue
        fields = stat.rpartition(")")[2].split()
        parent, user, system, children_user, children_system = (int(fields[at]) for at in (1, 11, 12, 13, 14))
        yield _Process(int(folder.name), parent, user + system, children_user + children_system, command)
