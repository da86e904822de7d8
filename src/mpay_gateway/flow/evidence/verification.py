"""Is the kept evidence whole, and does it still say what was believed? Nothing here repairs.

The seals over the chains, and whom they are believed by, are `mpay audit verify`'s (flow/audit).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from mpay_gateway.domain.errors import UnknownPayment
from mpay_gateway.domain.evidence import Direction
from mpay_gateway.domain.seals import Chain
from mpay_gateway.flow.audit.chain_verification import chain_faults
from mpay_gateway.flow.audit.seal_verification import Problem
from mpay_gateway.flow.evidence.erasing import Erasing, erased_before, erasures
from mpay_gateway.flow.evidence.signatures import Registered, SignatureState, Signers, Verdict, judge
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage import Work
from mpay_gateway.storage.evidence import EvidenceRow
from mpay_gateway.storage.evidence_search import Owner
from mpay_gateway.storage.sealed_chains import SealedChain, SealedChains, evidence_link

MOST = 1000
"""So many problems are reported; more say nothing new."""
_AT_ONCE = 20
"""Chains whose bodies are in memory at once."""
Progress = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Judged:
    """One message. `body`: None when it was erased."""

    row: EvidenceRow
    body: bytes | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class CheckedChain:
    """One chain in order, and the first thing that is wrong with it, and with its signatures."""

    subject: str
    messages: tuple[Judged, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class EvidenceReport:
    """What was looked at. `erased`: numbers of messages whose bodies are gone. `erasures`: who erased any, and when."""

    chains: int
    messages: int
    signed: int
    erased: tuple[int, ...]
    problems: tuple[Problem, ...]
    erasures: tuple[Erasing, ...] = ()


class EvidenceCheck:
    """Checks chains within one look at the database."""

    def __init__(self, signers: Signers, work: Work) -> None:
        self._search = work.evidence_search
        self._sealed = SealedChains(work.connection)
        self._scope = self._sealed.scope(None)
        self._signers = signers
        self._erased_before = erased_before(work)

    def all_chains(self) -> Iterator[CheckedChain]:
        """Every chain, then those of which only seals still tell."""
        subjects = self._search.subjects()
        while some := list(islice(subjects, _AT_ONCE)):
            yield from self.chains(some)
        for lost in self._sealed.lost(Chain.EVIDENCE, self._scope):
            yield CheckedChain(lost.subject, (), tuple(self._chain_problems(lost)))

    def chains(self, subjects: Sequence[str]) -> Iterator[CheckedChain]:
        """The chains of these subjects."""
        found, owners = self._search.chains(subjects), self._search.owners(subjects)
        heads = self._sealed.heads_of(Chain.EVIDENCE, subjects, self._scope)
        for subject in subjects:
            rows = found.get(subject, ())
            links = tuple(evidence_link(row, body) for row, body in rows)
            chain = SealedChain(Chain.EVIDENCE, subject, links, heads.get(subject, ()))
            owner = owners.get(subject)
            messages = tuple(self._judged(row, body, owner) for row, body in rows)
            problems = (*self._chain_problems(chain), *self._signature_problems(subject, messages, owner))
            yield CheckedChain(subject, messages, problems)

    def _chain_problems(self, chain: SealedChain) -> Iterator[Problem]:
        for row, detail in islice(chain_faults(chain, self._erased_before), 1):
            yield Problem(chain.chain, chain.subject, row, detail)

    def _judged(self, row: EvidenceRow, body: bytes | None, owner: Owner | None) -> Judged:
        trusted = self._signers.of_message(row.direction, owner.service_id if owner else "")
        return Judged(row, body, judge(body, trusted, at=row.at))

    def _signature_problems(
        self, subject: str, messages: tuple[Judged, ...], owner: Owner | None
    ) -> Iterator[Problem]:
        """What we sent holds, and what was believed is signed. That something else came in and was refused is none."""
        for each in messages:
            if each.row.direction == Direction.SENT and each.verdict.state is SignatureState.REFUSED:
                detail = f"our signature of {each.row.operation} does not hold: {each.verdict.detail}"
                yield Problem(Chain.EVIDENCE, subject, each.row.seq, detail)
                return
        if owner is None or not owner.believed or not self._signers.of_service(owner.service_id).certificates:
            return
        heard = [each for each in messages if each.row.direction == Direction.RECEIVED]
        states = {each.verdict.state for each in heard}
        if heard and not states & {SignatureState.VALID, SignatureState.ERASED}:
            last = heard[-1]
            why = last.verdict.detail or last.verdict.state
            detail = f"{owner.service_id} was believed, and signed no answer: {why}"
            yield Problem(Chain.EVIDENCE, subject, last.row.seq, detail)


def verify_payment(parts: Parts, payment_id: str) -> tuple[tuple[CheckedChain, ...], EvidenceReport]:
    """The chains of a payment and of the look-up that it was made from. Raises: UnknownPayment."""

    registered = Registered.of(parts)

    def check(work: Work) -> tuple[tuple[CheckedChain, ...], EvidenceReport]:
        if not (subjects := work.evidence_search.subjects_of_payment(payment_id)):
            raise UnknownPayment(payment_id)
        chains = tuple(EvidenceCheck(Signers(registered, work), work).chains(subjects))
        return chains, _summed_up(chains, erasures(work))

    return parts.units.read(check)


def verify_everything(parts: Parts, progress: Progress = lambda *_: None) -> EvidenceReport:
    """Every chain, while the gateway may go on beside. `progress` is told how many messages of how many are done."""

    registered = Registered.of(parts)

    def check(work: Work) -> EvidenceReport:
        chains = EvidenceCheck(Signers(registered, work), work).all_chains()
        return _summed_up(_watched(chains, work.evidence_search.count(), progress), erasures(work))

    return parts.units.read(check)


def _summed_up(chains: Iterable[CheckedChain], erasings: tuple[Erasing, ...]) -> EvidenceReport:
    """One report on many chains. The look ends at MOST problems."""
    count = messages = signed = 0
    erased: list[int] = []
    problems: list[Problem] = []
    for chain in chains:
        count += 1
        messages += len(chain.messages)
        signed += sum(each.verdict.state is SignatureState.VALID for each in chain.messages)
        erased += [each.row.id for each in chain.messages if each.body is None]
        problems += chain.problems
        if len(problems) >= MOST:
            break
    told = erasings if erased else ()
    return EvidenceReport(count, messages, signed, tuple(erased), tuple(problems[:MOST]), told)


def _watched(chains: Iterator[CheckedChain], total: int, progress: Progress) -> Iterator[CheckedChain]:
    done = 0
    for chain in chains:
        yield chain
        done += len(chain.messages)
        progress(done, total)
