"""Everything that was said about one payment, for somebody who believes neither us nor the service."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import mpay_gateway
from mpay_gateway.domain.errors import UnknownPayment
from mpay_gateway.domain.payment import Payment
from mpay_gateway.flow.evidence.instructions import readme
from mpay_gateway.flow.evidence.signatures import Registered, SignatureState, Signers, Verdict, policy_at
from mpay_gateway.flow.evidence.verification import CheckedChain, EvidenceCheck, Judged
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage import Work
from mpay_gateway.wssecurity import Certificate, TrustedCertificates, as_signed

_CHAINS = ("look-up", "payment")
"""What the two chains of a payment are called in a bundle, in the order of `subjects_of_payment`."""


@dataclass(frozen=True, slots=True)
class BundleFile:
    """`name`: with its folder."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Bundle:
    """`problems`: what was wrong with the evidence when the bundle was made, a sentence each."""

    files: tuple[BundleFile, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    """One message and where it stands. `file`: empty when its body was erased."""

    message: Judged
    row_file: str
    file: str


def make_bundle(parts: Parts, payment_id: str) -> Bundle:
    """The bundle of a payment, made even when its evidence does not verify: then it says so. Raises: UnknownPayment."""

    registered = Registered.of(parts)

    def make(work: Work) -> Bundle:
        if not (subjects := work.evidence_search.subjects_of_payment(payment_id)):
            raise UnknownPayment(payment_id)
        payment, signers = work.payments.get(payment_id), Signers(registered, work)
        chains = tuple(EvidenceCheck(signers, work).chains(subjects))
        problems = tuple(
            f"{each.subject}, row {each.row}: {each.detail}" for chain in chains for each in chain.problems
        )
        made = _Making(payment, chains, signers, problems, at=parts.clock.now())
        return Bundle(tuple(_summed(made.files())), problems)

    return parts.units.read(make)


class _Making:
    """One bundle in the making."""

    def __init__(
        self, payment: Payment, chains: tuple[CheckedChain, ...], signers: Signers, problems: tuple[str, ...],
        *, at: datetime,
    ) -> None:  # fmt: skip
        self._payment = payment
        self._signers = signers
        self._problems = problems
        self._at = at
        named = list(zip(_CHAINS, chains, strict=True))
        self._chains = [name for name, chain in named if chain.messages]
        self._entries = [_entry(name, each) for name, chain in named for each in chain.messages]

    def files(self) -> Iterator[BundleFile]:
        """All but the digests of all."""
        kept = [each for each in self._entries if each.file]
        yield _text("README.md", self._readme())
        yield _text("report.json", json.dumps(self._report(), ensure_ascii=False, indent=2) + "\n")
        for each in self._entries:
            yield _text(each.row_file, each.message.row.text)
        for each in kept:
            yield BundleFile(each.file, each.message.body or b"")
        yield _text(
            "chain/DIGESTS", _lines((each.message.row.digest, each.row_file) for each in self._entries)
        )
        yield _text("chain/MESSAGES", "".join(f"{each.file} {each.row_file}\n" for each in kept))
        yield from self._certificates()
        yield from self._signed(kept)

    def _certificates(self) -> Iterator[BundleFile]:
        service = self._signers.of_service(self._payment.service_id)
        for trusted in (self._signers.ours, service):
            for each in trusted.certificates:
                yield _text(self._file_of(each), each.pem)

    def _signed(self, kept: Iterable[_Entry]) -> Iterator[BundleFile]:
        """Signed messages as signed, and which certificate each is verified with."""
        lines = []
        for each in kept:
            verdict = each.message.verdict
            file = each.file
            if verdict.signer is None:
                continue
            if verdict.reformatted:
                file = f"as-signed/{each.file.rpartition('/')[2]}"
                yield BundleFile(file, self._as_signed(each.message))
            lines.append(f"{file} {self._file_of(verdict.signer)}\n")
        yield _text("SIGNED", "".join(lines))

    def _as_signed(self, message: Judged) -> bytes:
        trusted = self._signers.of_message(message.row.direction, self._payment.service_id)
        return as_signed(message.body or b"", trusted, policy_at(message.row.at))

    def _file_of(self, certificate: Certificate) -> str:
        whose = "gateway" if _holds(self._signers.ours, certificate) else "service"
        return f"certificates/{whose}-{certificate.fingerprint[:16]}.pem"

    def _readme(self) -> str:
        payment = self._payment
        facts = {
            "payment": payment.id, "order": payment.order_key, "service": payment.service_id,
            "amount": str(payment.amount), "made": _utc(self._at), "version": mpay_gateway.__version__,
        }  # fmt: skip
        rows = [
            (
                f"`{each.file}`" if each.file else "erased", _utc(each.message.row.at),
                f"{each.message.row.direction} {each.message.row.operation}", _signature(each.message.verdict),
            )
            for each in self._entries
        ]  # fmt: skip
        return readme({name: _plain(value) for name, value in facts.items()}, rows, self._chains)

    def _report(self) -> dict[str, object]:
        payment = self._payment
        return {
            "payment": payment.id,
            "service": payment.service_id,
            "order": payment.order_key,
            "amount": {"amount": str(payment.amount.amount), "currency": payment.amount.currency},
            "made": _utc(self._at),
            "problems": list(self._problems),
            "messages": [_reported(each) for each in self._entries],
        }


def _entry(chain: str, message: Judged) -> _Entry:
    row = message.row
    row_file = f"chain/{chain}-{row.seq:06}.json"
    if message.body is None:
        return _Entry(message, row_file, "")
    kind = "txt" if message.verdict.state is SignatureState.NO_SOAP else "xml"
    operation = re.sub(r"[^A-Za-z0-9]+", "-", row.operation)[:40]
    return _Entry(message, row_file, f"messages/{chain}-{row.seq:06}-{row.direction}-{operation}.{kind}")


def _reported(entry: _Entry) -> dict[str, object]:
    row, verdict = entry.message.row, entry.message.verdict
    return {
        "number": row.id,
        "file": entry.file or None,
        "row": entry.row_file,
        "time": _utc(row.at),
        "direction": row.direction,
        "operation": row.operation,
        "about": json.loads(row.meta),
        "sha256": row.body_digest,
        "bytes": row.body_size,
        "digest": row.digest,
        "signature": {
            "state": verdict.state.value,
            "signer": verdict.signer.subject if verdict.signer else None,
            "fingerprint": verdict.signer.fingerprint if verdict.signer else None,
            "algorithm": verdict.algorithm or None,
            "created": _utc(verdict.created) if verdict.created else None,
            "reformatted_after_signing": verdict.reformatted,
            "detail": verdict.detail or None,
        },
    }


def _signature(verdict: Verdict) -> str:
    if verdict.signer is None:
        return _plain(verdict.detail or verdict.state.value)
    also = ", without the white space that was added" if verdict.reformatted else ""
    return _plain(f"valid{also}: {verdict.signer.subject}, {verdict.algorithm}")


def _summed(files: Iterable[BundleFile]) -> Iterator[BundleFile]:
    """The files, and the digests of all of them."""
    sums = []
    for each in files:
        sums.append((hashlib.sha256(each.content).hexdigest(), each.name))
        yield each
    yield _text("SHA256SUMS", _lines(sums))


def _lines(sums: Iterable[tuple[str, str]]) -> str:
    """As `sha256sum` writes and reads them."""
    return "".join(f"{digest}  {name}\n" for digest, name in sums)


def _holds(trusted: TrustedCertificates, certificate: Certificate) -> bool:
    return any(each.fingerprint == certificate.fingerprint for each in trusted.certificates)


def _plain(text: str) -> str:
    """Text of a stranger in a table of Markdown."""
    return re.sub(r"[`|<>\x00-\x1f]", "?", text)


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def _text(name: str, text: str) -> BundleFile:
    return BundleFile(name, text.encode())
