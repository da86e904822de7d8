"""Are the seals whole: numbers, chain, what each covers, signatures, and whether somebody trusted signed them?"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from mpay_gateway.domain.counted import counted
from mpay_gateway.domain.seals import Head, Place, Seal, SignedSeal, place_after, seal_over
from mpay_gateway.flow.audit.seal_signing import Signatory

SEALS = "seals"


@dataclass(frozen=True, slots=True)
class Problem:
    """`chain`: audit, evidence or seals. `subject`: payment, snapshot, or number of a seal. `row`: 0 for none."""

    chain: str
    subject: str
    row: int
    detail: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """What `mpay audit head` printed once, kept where nobody with access to the database can change it."""

    number: int
    root: str
    signature: str


def head_line(signed: SignedSeal) -> str:
    """One line that tells a seal from every other: number, time, root, signature."""
    seal = signed.seal
    return f"{seal.number} {seal.at.isoformat()} {seal.root} {signed.signature}"


def read_anchor(line: str) -> Anchor:
    """What `head_line` wrote. Raises: ValueError."""
    match line.split():
        case [number, _, root, signature] if number.isdecimal():
            return Anchor(int(number), root, signature)
    raise ValueError("expected number, time, root and signature, as `mpay audit head` prints them")


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose seals are believed; `known` are certificates that stand with the seals and prove nothing alone."""

    trusted: dict[str, Signatory]
    known: dict[str, Signatory]

    @classmethod
    def of(cls, trusted: Iterable[Signatory], stored: Iterable[str]) -> "Trust":
        """`stored`: PEM from the database; one that cannot be read is as good as missing."""
        return cls(
            {each.fingerprint: each for each in trusted}, {e.fingerprint: e for e in _readable(stored)}
        )

    def find(self, fingerprint: str) -> Signatory | None:
        """The certificate, trusted or not."""
        return self.trusted.get(fingerprint) or self.known.get(fingerprint)


class SealCheck:
    """One pass over seals in order; says what is wrong with them."""

    def __init__(self, trust: Trust, start: Place) -> None:
        self._trust = trust
        self._place = start
        self._strangers: dict[str, list[int]] = {}
        self._doubtful = False
        self.count = 0
        self.newest: SignedSeal | None = None

    def problems(self, seals: Iterable[tuple[SignedSeal, tuple[Head, ...]]]) -> Iterator[Problem]:
        """Everything that is wrong, in order."""
        for signed, heads in seals:
            for detail in self._of_one(signed, heads):
                yield _problem(signed.seal.number, detail)
            self._place = place_after(signed)
            self.newest = signed
            self.count += 1
        for fingerprint, numbers in self._strangers.items():
            yield _problem(numbers[0], self._stranger(fingerprint, numbers))

    def _of_one(self, signed: SignedSeal, heads: tuple[Head, ...]) -> Iterator[str]:
        seal = signed.seal
        if seal.number != self._place.number:
            yield missing_seals(self._place.number, seal.number - 1)
        elif seal.previous != self._place.previous and not self._doubtful:
            yield f"seal {seal.number} does not follow seal {seal.number - 1}: one of them is another"
        if fault := _content_fault(seal, heads):
            yield fault
        fault = self._signature_fault(signed)
        if fault:
            yield fault
        self._doubtful = bool(fault)

    def _signature_fault(self, signed: SignedSeal) -> str:
        seal = signed.seal
        signatory = self._trust.find(seal.signer)
        if signatory is None:
            return f"seal {seal.number} is signed with a certificate that is missing: {seal.signer}"
        if not signatory.signed(signed):
            return f"seal {seal.number} was altered: its signature is not of what it says"
        if seal.signer not in self._trust.trusted:
            self._strangers.setdefault(seal.signer, []).append(seal.number)
        return ""

    def _stranger(self, fingerprint: str, numbers: list[int]) -> str:
        known = self._trust.known[fingerprint]
        first, last = numbers[0], numbers[-1]
        which = f"seal {first} is" if first == last else f"{len(numbers)} seals from {first} to {last} are"
        return (
            f"{which} signed by a certificate that is not "
            f"trusted: {known.name}, SHA-256 {fingerprint}; if it was the gateway's, name it in "
            "[gateway] earlier_certificates or --certificate"
        )


def missing_seals(first: int, last: int) -> str:
    """The sentence for seals that are not there."""
    return f"seal {first} is missing" if first == last else f"seals {first} to {last} are missing"


def anchor_fault(anchor: Anchor, found: SignedSeal | None) -> str:
    """What is wrong with an anchored seal, empty when it stands as it was."""
    if found is None:
        return f"seal {anchor.number} is missing: it was anchored"
    if (found.seal.root, found.signature) != (anchor.root, anchor.signature):
        return f"seal {anchor.number} is not the one that was anchored"
    return ""


def silence_fault(newest: Seal, now: datetime, longest_minutes: float) -> str:
    """What is wrong when no seal was made for too long, empty when nothing is."""
    minutes = (now - newest.at).total_seconds() / 60
    if minutes <= longest_minutes:
        return ""
    silence = counted(round(minutes), "minute")
    return f"no seal for {silence} after seal {newest.number}: no worker runs, or seals were removed"


def _content_fault(seal: Seal, heads: tuple[Head, ...]) -> str:
    place = Place(seal.number, seal.previous)
    if seal_over(heads, place, at=seal.at, signer=seal.signer) == seal:
        return ""
    return f"seal {seal.number} covers {counted(seal.chains, 'chain')}, and other heads are stored under it"


def _readable(stored: Iterable[str]) -> Iterator[Signatory]:
    for pem in stored:
        try:
            yield Signatory.load(pem.encode())
        except ValueError:
            continue


def _problem(number: int, detail: str) -> Problem:
    return Problem(SEALS, str(number), 0, detail)
