"""`mpay soap`: verify and sign messages of the IServiceProvider contract by hand.

Answers "why is this message refused?" for operators and for those who connect an e-Service; it needs no
gateway and no configuration.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import click
from lxml import etree

from mpay_gateway.cli.days import refuse_other_years
from mpay_gateway.cli.lazy import WholeSummaries
from mpay_gateway.cli.printing import one_line
from mpay_gateway.wssecurity import (
    MessageKind,
    Refused,
    SignatureAlgorithm,
    SigningKey,
    TrustedCertificates,
    UnusableKey,
    VerificationPolicy,
    Verified,
    fault_of,
    read_unsigned_fault,
    sign,
    verify,
)

REFUSED = 1
_READ_AT_MOST = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds, and the name that it was asked for by."""

    name: str
    content: bytes


def _file(name: str) -> Content:
    """Read a file at once, so that none stays open when another argument is wrong."""
    try:
        with click.open_file(name, "rb") as file:
            return Content(name, file.read(_READ_AT_MOST))
    except OSError as error:
        raise click.BadParameter(f"{name!r}: {error.strerror}") from error


def _instant(text: str) -> datetime:
    """A point in time in ISO 8601; without a zone it is UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no time such as 2026-11-23T07:13:46Z") from error
    refuse_other_years(at.year)
    return at.replace(tzinfo=UTC) if at.utcoffset() is None else at


def _algorithms(text: str) -> frozenset[SignatureAlgorithm]:
    """Signature algorithms by name, separated by commas."""
    try:
        return frozenset(SignatureAlgorithm(slug.strip()) for slug in text.split(","))
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is no list of {' and '.join(_slugs())}") from error


def _slugs() -> list[str]:
    return [algorithm.value for algorithm in SignatureAlgorithm]


_AT = click.option(
    "--at",
    type=_instant,
    metavar="TIME",
    help="The time to go by, ISO 8601; UTC unless it has a zone.  [default: now]",
)


@click.group(cls=WholeSummaries)
def soap() -> None:
    """Verify and sign SOAP messages.

    FILE may be "-" for standard input.
    """


@soap.command("verify")
@click.argument("file", type=_file)
@click.option(
    "--certificate",
    "certificates",
    type=_file,
    metavar="PEM",
    multiple=True,
    required=True,
    help="A certificate that may have signed the message. Repeatable; a file may hold several.",
)
@_AT
@click.option(
    "--tolerance",
    type=click.IntRange(min=0, max=86_400),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="How far the signer's clock may differ, both ways.",
)
@click.option(
    "--accept",
    type=_algorithms,
    default=",".join(_slugs()),
    show_default=True,
    metavar="ALGORITHMS",
    help="Signature algorithms that are accepted, separated by commas.",
)
@click.option(
    "--ignore-whitespace",
    is_flag=True,
    help="If the signature does not hold, try without white space between elements: for services that "
    "pretty-print after signing.",
)
@click.option(
    "--kind",
    type=click.Choice([MessageKind.REQUEST.value, MessageKind.RESPONSE.value]),
    help="What the message must be.  [default: either]",
)
def verify_command(
    *,
    file: Content,
    certificates: tuple[Content, ...],
    at: datetime | None,
    tolerance: int,
    accept: frozenset[SignatureAlgorithm],
    ignore_whitespace: bool,
    kind: str | None,
) -> None:
    """Verify the signature of the message in FILE.

    The first line is "valid" or "refused: CODE"; the lines after it say who signed, how and when, or why
    the message is refused.

    Exit status: 0 valid, 1 refused, 2 wrong usage.
    """
    policy = VerificationPolicy(
        at=at or datetime.now(UTC),
        kind=MessageKind.EITHER if kind is None else MessageKind(kind),
        tolerance=timedelta(seconds=tolerance),
        accepted=accept,
        ignore_whitespace=ignore_whitespace,
    )
    trusted = _trusted(certificates)
    try:
        found = verify(file.content, trusted, policy)
    except Refused as refused:
        _report([f"refused: {refused.code.value}", *_why(refused, file.content)])
        raise click.exceptions.Exit(REFUSED) from None
    _report(["valid", *_details(found)])


@soap.command("sign")
@click.argument("file", type=_file)
@click.option("--key", type=_file, metavar="PEM", required=True, help="The private RSA key, not encrypted.")
@click.option(
    "--certificate",
    type=_file,
    metavar="PEM",
    required=True,
    help="The certificate of the key; it may stand among others.",
)
@click.option(
    "--algorithm",
    type=click.Choice(_slugs()),
    default=SignatureAlgorithm.RSA_SHA1.value,
    show_default=True,
    help="The signature algorithm; rsa-sha1 is the contract's own.",
)
@_AT
def sign_command(
    *, file: Content, key: Content, certificate: Content, algorithm: str, at: datetime | None
) -> None:
    """Sign the SOAP envelope in FILE and write it to standard output.

    Body and Timestamp are signed; white space between elements is dropped.

    Exit status: 0 signed, 1 the file is no envelope that can be signed, 2 wrong usage.
    """
    signing_key = _signing_key(key, certificate)
    try:
        signed = sign(
            file.content,
            signing_key,
            at=at or datetime.now(UTC),
            algorithm=SignatureAlgorithm(algorithm),
        )
    except Refused as refused:
        click.echo(f"refused: {refused.code.value}\nreason: {one_line(refused.detail)}", err=True)
        raise click.exceptions.Exit(REFUSED) from None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--at") from error
    click.echo(signed, nl=False)


def _trusted(files: tuple[Content, ...]) -> TrustedCertificates:
    return TrustedCertificates.load([_certificate_pem(file) for file in files])


def _certificate_pem(file: Content) -> bytes:
    """The content of one file, tried alone so that the error names it."""
    try:
        TrustedCertificates.load([file.content])
    except UnusableKey as error:
        raise click.BadParameter(f"{file.name}: {error}", param_hint="--certificate") from error
    return file.content


def _signing_key(key: Content, certificate: Content) -> SigningKey:
    try:
        return SigningKey.load(key.content, certificate.content)
    except UnusableKey as error:
        raise click.UsageError(f"{key.name}, {certificate.name}: {error}") from error


def _why(refused: Refused, message: bytes) -> Iterator[str]:
    yield f"reason: {refused.detail}"
    fault = read_unsigned_fault(message)
    if fault is not None:
        yield f"claims to be the fault: {fault.code}: {fault.reason}"


def _details(found: Verified) -> Iterator[str]:
    yield f"signer: {found.signer.subject}"
    yield f"fingerprint: {found.signer.fingerprint} (sha-256)"
    yield f"algorithm: {found.algorithm.value}"
    yield f"key info: {found.key_info_form.value}"
    yield f"created: {found.lifetime.created.isoformat()}"
    yield f"expires: {found.lifetime.expires.isoformat()}"
    yield f"skew: {found.skew.total_seconds():+.3f} s (created minus the time gone by)"
    yield f"body: {etree.QName(found.body_element).text}"
    if found.is_fault:
        fault = fault_of(found.body_element)
        yield f"fault: {fault.code}: {fault.reason}"
    if found.whitespace_ignored:
        yield "white space: ignored; the signature does not hold for the message as sent"


def _report(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(one_line(line))
