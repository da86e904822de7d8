"""Once a minute: seal what grew in the audit and the evidence (architecture, section 6).

One task, leased like any other, keeps the seals in one chain however many workers run. Everything is read and
signed before the one short commit that stores it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from mpay_gateway.boundary import Clock
from mpay_gateway.domain.errors import Conflict
from mpay_gateway.domain.seals import Chain, Head, SignedSeal, place_after, seal_over
from mpay_gateway.flow.audit.seal_signing import Signer
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.schedules import LEASE
from mpay_gateway.settings import GatewaySettings
from mpay_gateway.storage import UnitOfWork, Work
from mpay_gateway.storage.growth import Mark, subjects_of
from mpay_gateway.storage.tasks import Lease, TaskKind

SUBJECT = "chains"
"""The subject of the one task that seals."""
EVERY = timedelta(minutes=1)
SILENCE = timedelta(hours=1)
"""After so long without growth an empty seal says that nothing is missing: silence is bounded."""
MOST_MARKS = 5_000
"""So many are sealed at once; more are due at once again. It bounds the commit."""
_log = structlog.get_logger("sealing")


@dataclass(frozen=True, slots=True)
class Sealing:
    """What sealing needs of a gateway."""

    units: UnitOfWork
    clock: Clock
    signer: Signer

    @classmethod
    def of(cls, units: UnitOfWork, clock: Clock, settings: GatewaySettings) -> "Sealing":
        """With the gateway's signing key."""
        own = settings.gateway
        return cls(units, clock, Signer.load(own.signing_key, own.signing_certificate))


@dataclass(frozen=True, slots=True)
class Turn:
    """What came of one turn. `signed`: None when nothing grew and silence is short. `more`: growth still waits."""

    signed: SignedSeal | None
    more: bool


@dataclass(frozen=True, slots=True)
class _Gathered:
    newest: SignedSeal | None
    marks: tuple[Mark, ...]
    heads: tuple[Head, ...]


def keep_sealing(parts: Parts) -> None:
    """Make sure that the chains are sealed within a minute, whatever became of the task or the clock."""
    due = parts.clock.now() + EVERY
    parts.units.run("tend-seals", lambda work: work.tasks.tend(TaskKind.SEAL, SUBJECT, due))


def seal(parts: Parts, lease: Lease) -> None:
    """A worker's turn. Raises: Conflict when another process has taken the task over."""
    turn = seal_growth(Sealing.of(parts.units, parts.clock, parts.settings), lease)
    if turn.signed is not None:
        made = turn.signed.seal
        _log.info("sealed", number=made.number, chains=made.chains, rows=made.rows)


def seal_now(sealing: Sealing, *, process: str) -> tuple[SignedSeal, ...]:
    """Seal everything that waits, without waiting for a worker. Returns the seals that were made.

    Raises: Conflict when another process is sealing.
    """
    made: list[SignedSeal] = []
    while lease := _lease(sealing, process):
        turn = seal_growth(sealing, lease)
        made += [turn.signed] if turn.signed else []
        if not turn.more:
            return tuple(made)
    if not made:
        raise Conflict("another process is sealing")
    return tuple(made)


def seal_growth(sealing: Sealing, lease: Lease) -> Turn:
    """Seal what grew, under the lease of the sealing task.

    Raises: Conflict when another process has taken the task over; nothing is sealed then.
    """
    now = sealing.clock.now()
    gathered = sealing.units.read(_gather)
    turn = Turn(_signed(sealing.signer, gathered, now), more=len(gathered.marks) == MOST_MARKS)

    def store(work: Work) -> None:
        work.tasks.finish(lease, due=now if turn.more else now + EVERY)
        work.growth.remove(gathered.marks)
        if turn.signed is not None:
            work.seals.add(turn.signed, sealing.signer.signatory.pem, gathered.heads)

    sealing.units.run("seal", store)
    return turn


def _gather(work: Work) -> _Gathered:
    """Marks before heads: on PostgreSQL each look sees later commits than the one before it.

    A head may then hold rows whose mark comes next time, and no mark is taken whose rows are not seen.
    """
    marks = work.growth.marks(MOST_MARKS)
    heads = [head for chain in Chain for head in work.seals.grown(chain, subjects_of(marks, chain))]
    return _Gathered(work.seals.newest(), marks, tuple(heads))


def _is_due(gathered: _Gathered, now: datetime) -> bool:
    """Something grew, or silence lasted long enough. A clock that was set back far ends a silence too."""
    if gathered.heads:
        return True
    return gathered.newest is not None and abs(now - gathered.newest.seal.at) >= SILENCE


def _signed(signer: Signer, gathered: _Gathered, now: datetime) -> SignedSeal | None:
    if not _is_due(gathered, now):
        return None
    place = place_after(gathered.newest)
    return signer.sign(seal_over(gathered.heads, place, at=now, signer=signer.signatory.fingerprint))


def _lease(sealing: Sealing, process: str) -> Lease | None:
    now = sealing.clock.now()
    return sealing.units.run(
        "lease-seal",
        lambda work: work.tasks.lease(TaskKind.SEAL, SUBJECT, worker=process, now=now, until=now + LEASE),
    )
