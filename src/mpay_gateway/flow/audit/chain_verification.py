"""Is a chain of audit or evidence whole, and is it the one that was sealed?"""

from collections.abc import Iterator
from datetime import datetime

from mpay_gateway.domain.seals import FIRST_PREVIOUS, Chain
from mpay_gateway.flow.audit.seal_verification import SEALS, Problem
from mpay_gateway.storage.erasure import NOTES
from mpay_gateway.storage.sealed_chains import Link, SealedChain, SealedHead

MOST_NAMED = 20
"""So many chains that wait too long for their seal are named; the others are counted."""


class ChainCheck:
    """Looks at chains one by one, and counts. `oldest_allowed`: rows older than this must be sealed.

    `erased_before`: bodies of messages before then may be gone; None: of none.
    """

    def __init__(self, oldest_allowed: datetime, erased_before: datetime | None) -> None:
        self._oldest_allowed = oldest_allowed
        self._erased_before = erased_before
        self.chains: dict[Chain, int] = dict.fromkeys(Chain, 0)
        self.rows: dict[Chain, int] = dict.fromkeys(Chain, 0)
        self.erased_bodies = 0
        self.unsealed_rows = 0
        self.oldest_unsealed: datetime | None = None
        self._late_chains = 0

    def problems(self, chain: SealedChain) -> Iterator[Problem]:
        """The first thing that is wrong with the chain, and whether it waits too long for its seal."""
        self.chains[chain.chain] += 1
        self.rows[chain.chain] += len(chain.links)
        self.erased_bodies += sum(link.erased_body for link in chain.links)
        for row, detail in chain_faults(chain, self._erased_before):
            yield Problem(chain.chain, chain.subject, row, detail)
            break
        yield from self._waiting(chain)

    def summary(self) -> Iterator[Problem]:
        """What was too much to name."""
        if self._late_chains > MOST_NAMED:
            rest = self._late_chains - MOST_NAMED
            yield Problem(
                SEALS, "", 0, f"{rest} more chains wait too long for their seal: does a worker run?"
            )

    def _waiting(self, chain: SealedChain) -> Iterator[Problem]:
        sealed = chain.heads[-1].head.last_seq if chain.heads else 0
        waiting = [link for link in chain.links if link.seq > sealed]
        if not waiting:
            return
        self.unsealed_rows += len(waiting)
        oldest = min(link.at for link in waiting)
        self.oldest_unsealed = min(oldest, self.oldest_unsealed or oldest)
        if oldest >= self._oldest_allowed:
            return
        self._late_chains += 1
        if self._late_chains <= MOST_NAMED:
            count, first = len(waiting), waiting[0].seq
            rows = "this row has" if count == 1 else f"{count} rows from this one on have"
            detail = f"{rows} no seal since {oldest.isoformat(' ', 'seconds')}"
            yield Problem(chain.chain, chain.subject, first, f"{detail}: does a worker run?")


def chain_faults(chain: SealedChain, erased_before: datetime | None) -> Iterator[tuple[int, str]]:
    """Row and fault of everything that is wrong, in the order of rows; bodies that nobody erased come last."""
    yield from _row_faults(chain)
    for link in chain.links:
        if link.erased_body and not (_may_be_erased(chain) and erased_before and link.at < erased_before):
            yield link.seq, f"the body of {link.what} is missing, and nobody erased it"


def _may_be_erased(chain: SealedChain) -> bool:
    return not chain.subject.startswith(NOTES)


def _row_faults(chain: SealedChain) -> Iterator[tuple[int, str]]:
    sealed = {each.head.last_seq: each for each in chain.heads}
    place, previous = 1, FIRST_PREVIOUS
    for link in chain.links:
        if link.seq != place:
            yield place, _missing(place, link.seq - 1)
        elif link.previous != previous:
            yield link.seq, f"{link.what} does not follow the row before it: altered, inserted or removed"
        if fault := _own_fault(link) or _sealed_fault(link, sealed.get(link.seq)):
            yield link.seq, fault
        place, previous = link.seq + 1, link.digest
    for each in chain.heads:
        if each.head.last_seq >= place:
            first = max(place, each.head.first_seq)
            yield first, f"{_missing(first, each.head.last_seq)} that seal {each.seal} covers"


def _own_fault(link: Link) -> str:
    if link.computed != link.digest:
        return f"{link.what} was altered: its digest is another"
    return f"the body of {link.what} was altered" if link.altered_body else ""


def _sealed_fault(link: Link, sealed: SealedHead | None) -> str:
    if sealed is None or sealed.head.digest == link.digest:
        return ""
    head = sealed.head
    rows = f"row {head.last_seq} is" if head.rows == 1 else f"rows {head.first_seq} to {head.last_seq} are"
    return f"{rows} not what seal {sealed.seal} covers: altered, inserted or removed, and chained anew"


def _missing(first: int, last: int) -> str:
    return f"row {first} is missing" if first >= last else f"rows {first} to {last} are missing"
