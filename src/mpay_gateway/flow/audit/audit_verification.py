"""Verify everything that is sealed: the chains of audit and evidence, and the seals over them.

It finds what somebody with access to the database changed, unless he also holds a trusted signing key. Nothing
here repairs. Source: architecture, section 6.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from mpay_gateway.domain.seals import Chain, Place, SignedSeal, place_after
from mpay_gateway.flow.audit.chain_verification import ChainCheck
from mpay_gateway.flow.audit.seal_signing import Signatory
from mpay_gateway.flow.audit.seal_verification import (
    SEALS,
    Anchor,
    Problem,
    SealCheck,
    Trust,
    anchor_fault,
    silence_fault,
)
from mpay_gateway.flow.audit.sealing import SILENCE
from mpay_gateway.flow.bookkeeping.settled_days import altered_days
from mpay_gateway.flow.evidence.erasing import erased_before
from mpay_gateway.settings import GatewaySettings
from mpay_gateway.storage import UnitOfWork, Work
from mpay_gateway.storage.sealed_chains import Scope, SealedChains

MOST = 1000
"""So many problems are reported; more say nothing new."""
SETTLEMENTS = "settlements"
"""Stands for the chain where the trouble is with the files of a day that was paid out."""
LATE = timedelta(minutes=10)
"""How long rows may wait for their seal, unless the caller says otherwise."""
Progress = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked. `now`, `since`: UTC; `since` None: everything. `late`: how long rows may wait for a seal."""

    now: datetime
    trusted: tuple[Signatory, ...]
    since: datetime | None = None
    late: timedelta = LATE
    anchors: tuple[Anchor, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at, and what is wrong. `newest`: number of the newest seal, 0 for none."""

    problems: tuple[Problem, ...]
    seals: int
    newest: int
    newest_at: datetime | None
    audit_rows: int
    audit_chains: int
    evidence_rows: int
    evidence_chains: int
    erased_bodies: int
    unsealed_rows: int
    oldest_unsealed: datetime | None


def trusted_signatories(settings: GatewaySettings) -> tuple[Signatory, ...]:
    """The certificates that the settings name: the present one and earlier ones."""
    own = settings.gateway
    return tuple(map(Signatory.load, (own.signing_certificate, *own.earlier_certificates)))


def verify_audit(units: UnitOfWork, terms: Terms, progress: Progress = lambda *_: None) -> Report:
    """Verify, while the gateway may go on beside. `progress` is told how many rows of how many are done."""
    return units.read(lambda work: _Verification(work, terms, progress).report())


class _Verification:
    """One run over one state of the database."""

    def __init__(self, work: Work, terms: Terms, progress: Progress) -> None:
        self._work = work
        stored = self._stored = SealedChains(work.connection)
        self._terms = terms
        self._progress = progress
        self._scope = stored.scope(terms.since)
        trust = Trust.of(terms.trusted, stored.certificates())
        self._seals = SealCheck(trust, _start(stored, self._scope.first))
        self._chains = ChainCheck(terms.now - terms.late, erased_before(work))

    def report(self) -> Report:
        problems = tuple(islice(self._problems(), MOST))
        newest = self._stored.seal(self._scope.last)
        chains = self._chains
        return Report(
            problems=problems,
            seals=self._seals.count,
            newest=self._scope.last,
            newest_at=newest.seal.at if newest else None,
            audit_rows=chains.rows[Chain.AUDIT],
            audit_chains=chains.chains[Chain.AUDIT],
            evidence_rows=chains.rows[Chain.EVIDENCE],
            evidence_chains=chains.chains[Chain.EVIDENCE],
            erased_bodies=chains.erased_bodies,
            unsealed_rows=chains.unsealed_rows,
            oldest_unsealed=chains.oldest_unsealed,
        )

    def _problems(self) -> Iterator[Problem]:
        yield from self._seals.problems(self._stored.seals(self._scope))
        yield from self._end_of_seals(self._stored.seal(self._scope.last))
        yield from self._broken_chains(self._scope)
        yield from self._chains.summary()
        for day, fault in altered_days(self._work, self._terms.since):
            yield Problem(SETTLEMENTS, day.isoformat(), 0, fault)

    def _end_of_seals(self, newest: SignedSeal | None) -> Iterator[Problem]:
        """What only the newest seal and what is kept outside can tell: seals removed from the end."""
        for anchor in self._terms.anchors:
            if fault := anchor_fault(anchor, self._stored.seal(anchor.number)):
                yield Problem(SEALS, str(anchor.number), 0, fault)
        longest = (SILENCE + self._terms.late).total_seconds() / 60
        if newest and (fault := silence_fault(newest.seal, self._terms.now, longest)):
            yield Problem(SEALS, str(newest.seal.number), 0, fault)

    def _broken_chains(self, scope: Scope) -> Iterator[Problem]:
        total = sum(self._stored.links(chain, scope) for chain in Chain)
        done = 0
        for kind in Chain:
            for chain in self._stored.chains(kind, scope):
                yield from self._chains.problems(chain)
                done += len(chain.links)
                self._progress(done, total)


def _start(stored: SealedChains, first: int) -> Place:
    """Where the first seal of the scope must stand. One whose predecessor is missing cannot stand there."""
    before = stored.seal(first - 1)
    return Place(first - 1, "") if before is None and first > 1 else place_after(before)
