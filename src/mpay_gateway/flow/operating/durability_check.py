"""Whether money that was acknowledged survives the loss of a machine (architecture, section 7).

An asynchronous standby that is promoted lacks the last commits: a payment that a bank took and a confirmation that a
service got would be unknown. A server without any standby is another matter: it loses its money with its disk, and
nobody can promote anything in its place.
"""

from collections.abc import Iterator

from mpay_gateway.domain.counted import counted
from mpay_gateway.flow.findings import Finding, Level
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage.durability import Durability, shared_file_system

SUBJECT = "database"
ACCEPT = "[gateway] accept_asynchronous_standby = true"
_LOCAL_COMMITS = frozenset({"local", "off"})
"""Values of synchronous_commit with which no commit waits for a standby."""


def durability_findings(parts: Parts) -> Iterator[Finding]:
    """What the database promises, and what it does not."""
    kind = shared_file_system(parts.units.engine.url)
    if kind:
        detail = f"SQLite on {kind}: other machines may share it, and SQLite's locks hold on one machine only"
        yield Finding(Level.PROBLEM, SUBJECT, detail)
    promised = parts.units.read(lambda work: work.durability())
    if promised is not None:
        accepted = parts.settings.gateway.accept_asynchronous_standby
        yield from _of_server(promised)
        yield from _of_standbys(promised, accepted=accepted)


def _of_server(promised: Durability) -> Iterator[Finding]:
    if not promised.fsync:
        yield Finding(Level.PROBLEM, SUBJECT, "fsync is off: a power cut loses everything")
    if promised.commit == "off":
        detail = (
            "synchronous_commit is off: a server that falls loses acknowledged money, with or without standby"
        )
        yield Finding(Level.PROBLEM, SUBJECT, detail)
    if promised.commit == "remote_write":
        detail = (
            "synchronous_commit is remote_write: the standby's machine may lose what it had not yet written"
        )
        yield Finding(Level.WARNING, SUBJECT, detail)


def _of_standbys(promised: Durability, *, accepted: bool) -> Iterator[Finding]:
    waits = bool(promised.names) and promised.commit not in _LOCAL_COMMITS
    if waits and not promised.synchronous and not promised.hidden:
        detail = (
            f"no standby of synchronous_standby_names ({promised.names}) is attached: commits wait for it"
        )
        yield Finding(Level.PROBLEM, SUBJECT, detail)
    elif waits and promised.asynchronous:
        others = counted(promised.asynchronous, "asynchronous standby", "asynchronous standbys")
        detail = f"{others} beside it: never promote such a one"
        yield Finding(Level.WARNING, SUBJECT, detail)
    elif not waits and (promised.asynchronous or promised.synchronous or promised.hidden):
        yield _asynchronous(promised, accepted=accepted)
    elif not waits:
        yield Finding(Level.WARNING, SUBJECT, "no standby: a lost disk loses acknowledged money")
    if promised.hidden:
        standbys = counted(promised.hidden, "standby", "standbys")
        detail = f"{standbys} attached, of a kind that is hidden: GRANT pg_monitor"
        yield Finding(Level.WARNING, SUBJECT, detail)


def _asynchronous(promised: Durability, *, accepted: bool) -> Finding:
    """A standby is there and commits do not wait for it: for whatever reason."""
    why = "synchronous_standby_names is empty"
    if promised.names:
        why = f"synchronous_commit is {promised.commit}"
    detail = f"an asynchronous standby is attached ({why}): promoted, it has lost acknowledged money"
    if accepted:
        return Finding(Level.WARNING, SUBJECT, f"{detail}; accepted by {ACCEPT}")
    return Finding(Level.PROBLEM, SUBJECT, f"{detail}; make it synchronous, or say {ACCEPT}")
