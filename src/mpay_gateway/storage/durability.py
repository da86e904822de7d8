"""What an acknowledged commit survives: read from the database itself, for those who check a configuration."""

import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import URL, Connection

_COPYING = ("pg_basebackup", "pg_receivewal")
"""Names of programs that copy the log and are never promoted; one that commits wait for counts all the same."""
_STANDBYS = text("SELECT application_name, coalesce(sync_state, '') FROM pg_stat_replication")
_NETWORKED = frozenset({
    "9p", "afs", "ceph", "cifs", "fuse.glusterfs", "fuse.sshfs", "gfs2", "glusterfs", "lustre", "ncpfs", "nfs",
    "nfs4", "ocfs2", "smb2", "smb3", "smbfs", "virtiofs",
})  # fmt: skip
"""Types of file systems that other machines may share: SQLite's locks and its WAL need one machine (sqlite.org/wal)."""


@dataclass(frozen=True, slots=True)
class Durability:
    """What PostgreSQL promises to this program's sessions.

    `commit`: synchronous_commit. `names`: synchronous_standby_names. `synchronous`: attached standbys that commits
    wait for, now or when another fails; `asynchronous`: attached ones that they do not wait for; `hidden`: attached
    ones of which this user may not know more.
    """

    fsync: bool
    commit: str
    names: str
    synchronous: int
    asynchronous: int
    hidden: int


def durability(connection: Connection) -> Durability | None:
    """None on a database without standbys."""
    if connection.dialect.name != "postgresql":
        return None
    attached = Counter(
        state
        for name, state in connection.execute(_STANDBYS)
        if state not in {"async", ""} or name not in _COPYING
    )
    return Durability(
        fsync=_shown(connection, "fsync") == "on",
        commit=_shown(connection, "synchronous_commit"),
        names=_shown(connection, "synchronous_standby_names").strip(),
        synchronous=attached["sync"] + attached["quorum"] + attached["potential"],
        asynchronous=attached["async"],
        hidden=attached[""],
    )


def is_standby(connection: Connection) -> bool:
    """Whether this is a server of PostgreSQL that takes nothing, since it follows another one."""
    return connection.dialect.name == "postgresql" and bool(
        connection.execute(text("SELECT pg_is_in_recovery()")).scalar_one()
    )


def _shown(connection: Connection, name: str) -> str:
    return str(connection.execute(text(f"SHOW {name}")).scalar_one())


def shared_file_system(url: URL, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """The type of the file system that an SQLite file is on, if other machines may share it; else empty.

    Linux only (proc(5)); elsewhere, and for a network that hides behind a type of its own, nothing is seen.
    """
    if url.get_backend_name() != "sqlite" or not url.database or not mounts.exists():
        return ""
    path = os.path.realpath(url.database)
    found = ("", "")
    for line in mounts.read_text("utf-8", "replace").splitlines():
        before, _, after = line.partition(" - ")
        point, kind = _unescaped(before.split(" ")[4]), after.split(" ")[0]
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(found[0]):
            found = (point, kind)
    return found[1] if found[1] in _NETWORKED else ""


def _unescaped(point: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), point)
