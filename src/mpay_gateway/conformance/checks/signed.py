"""SIG-01 to SIG-19: how the service signs its answers."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from mpay_gateway.conformance.bench import Bench
from mpay_gateway.conformance.caller import NotRun
from mpay_gateway.conformance.identity import public_key
from mpay_gateway.conformance.seal import Flaw
from mpay_gateway.conformance.verdict import Checks, Severity

CHECKS = Checks("signature")
LONGEST_LIFETIME = timedelta(hours=1)
_SHORTEST_KEY = 2048
_LONGER_THAN_A_SECOND = 1.1


def flaws_of(flaws: tuple[Flaw, ...], bench: Bench) -> Iterator[str]:
    """What the signature of the found order's answer has of these flaws."""
    seal = bench.seal(bench.found())
    if seal.has(Flaw.NOT_SIGNED) and Flaw.NOT_SIGNED not in flaws:
        raise NotRun("the answer is not signed: SIG-01")
    yield from seal.of(*flaws)


for _id, _title, _severity, _contract, _mend, *_flaws in (
    (
        "SIG-01", "An answer is signed", Severity.PAYMENTS,
        "All four messages are signed; what is not signed counts as no answer (section 4).",
        "Sign every answer by WS-Security.", Flaw.NOT_SIGNED,
    ),
    (
        "SIG-02", "What was signed is what is sent", Severity.PAYMENTS,
        "The digests of Body and Timestamp fit the bytes that arrive (section 4).",
        "Sign last: nothing may change the message afterwards, no proxy, no logger, no serialiser.", Flaw.BROKEN,
    ),
    (
        "SIG-03", "The registered certificate's key signed", Severity.PAYMENTS,
        "KeyInfo only selects among the registered certificates; one that arrives in a message proves nothing (section 4).",
        "Sign with the registered key, or have the new certificate registered beside the old one first.", Flaw.FOREIGN_KEY,
    ),
    (
        "SIG-04", "The Body is signed", Severity.SECURITY,
        "SignedParts is the Body, in all four messages (section 4): else anybody can change what is due.",
        "Put a Reference to the Body's wsu:Id into SignedInfo.", Flaw.BODY_NOT_SIGNED,
    ),
    (
        "SIG-05", "There is a Timestamp", Severity.PAYMENTS,
        "The policy says IncludeTimestamp (section 4).",
        "Add wsu:Timestamp with Created and Expires to the Security header.", Flaw.NO_TIMESTAMP,
    ),
    (
        "SIG-06", "The Timestamp is signed", Severity.PAYMENTS,
        "Body and Timestamp are both signed (section 4): else an old answer can be given as a new one.",
        "Put a Reference to the Timestamp's wsu:Id into SignedInfo.", Flaw.TIMESTAMP_NOT_SIGNED,
    ),
    (
        "SIG-07", "Algorithms are rsa-sha1 or rsa-sha256", Severity.PAYMENTS,
        "Basic256 means rsa-sha1 with sha1; rsa-sha256 with sha256 is accepted too (section 4).",
        "Set the algorithm suite to Basic256 or Basic256Sha256.", Flaw.ALGORITHM,
    ),
    (
        "SIG-08", "Canonicalization is exclusive, and no other transform is used", Severity.PAYMENTS,
        "Exclusive C14N, without comments (section 4).",
        "Use http://www.w3.org/2001/10/xml-exc-c14n# for SignedInfo and as the only transform of each Reference.", Flaw.TRANSFORM,
    ),
    (
        "SIG-09", "KeyInfo names the registered certificate", Severity.PAYMENTS,
        "A token, a subject key identifier, the certificate itself, or issuer and serial number (section 4).",
        "Refer to your certificate in one of the four forms.", Flaw.KEY_INFO,
    ),
    (
        "SIG-10", "Nothing reformats an answer after it was signed", Severity.INTEROPERABILITY,
        "White space is part of what is signed; a service that pretty-prints needs ignore_whitespace (section 4).",
        "Switch indentation off where the signed message is written.", Flaw.WHITE_SPACE,
    ),
    (
        "SIG-11", "One Body, one Signature, no Id twice", Severity.SECURITY,
        "Duplicate Ids, two Bodies, two Signatures are refused: they are how signatures are wrapped (section 4).",
        "Sign once and draw a new Id for each element.", Flaw.DOUBLED,
    ),
    (
        "SIG-12", "The Timestamp's times have their zone", Severity.PAYMENTS,
        "Created and Expires are in UTC, or say how far from it they are, with 0 to 7 digits of a second (section 4).",
        "Format them as 2025-07-10T07:51:25.123Z.", Flaw.TIME_FORM,
    ),
    (
        "SIG-18", "Only the Body and whole headers are signed", Severity.PAYMENTS,
        "The policy says OnlySignEntireHeadersAndBody (section 4).",
        "Let SignedInfo refer to Body, Timestamp and token, and to nothing inside them.", Flaw.OTHER_PART,
    ),
):  # fmt: skip
    CHECKS.add(_id, _title, _severity, contract=_contract, mend=_mend)(partial(flaws_of, tuple(_flaws)))


@CHECKS.add(
    "SIG-13", "An answer lives for a while, and not for ever", Severity.INTEROPERABILITY,
    contract="Requests live five minutes (section 4); the gateway believes no answer that claims to live for more than an hour.",
    mend="Set Expires five minutes after Created.",
)  # fmt: skip
def lifetime(bench: Bench) -> Iterator[str]:
    seal = bench.seal(bench.found())
    if seal.created is None or seal.expires is None:
        raise NotRun("the answer has no Timestamp that can be read")
    span = seal.expires - seal.created
    if not timedelta(0) < span <= LONGEST_LIFETIME:
        yield f"the lifetime is {span.total_seconds():.0f} s"


@CHECKS.add(
    "SIG-14", "Each answer is signed anew", Severity.PAYMENTS,
    contract="Every message is signed anew with a new Timestamp; a copy of an earlier answer counts as none (section 6).",
    mend="Keep what you answer, never the signed message.",
)  # fmt: skip
def signed_anew(bench: Bench) -> Iterator[str]:
    """Signers whose times have whole seconds sign the same twice within one: only then it waits and asks again."""
    if bench.seal(bench.found()).has(Flaw.NOT_SIGNED):
        raise NotRun("the answer is not signed: SIG-01")
    first, second = (_signature_value(bench) for _ in range(2))
    if first == second:
        bench.clock.sleep(_LONGER_THAN_A_SECOND)
        if _signature_value(bench) == first:
            yield "answers that were asked for one after another bear the same signature"


def _signature_value(bench: Bench) -> bytes:
    answer = bench.look_up_with()
    if answer.payload is None:
        raise NotRun(f"no further answer came: {answer.summary}")
    value = bench.seal(answer).value
    if not value:
        raise NotRun("a further answer is not signed")
    return value


@CHECKS.add(
    "SIG-15", "The registered certificate is valid now", Severity.PAYMENTS,
    contract="The gateway believes a registered certificate while it is valid.",
    mend="Have the new certificate registered before the old one ends.",
)  # fmt: skip
def certificate_dates(bench: Bench) -> Iterator[str]:
    now = bench.clock.now()
    for each in bench.target.certificates:
        if not each.not_valid_before_utc <= now <= each.not_valid_after_utc:
            yield f"{each.subject.rfc4514_string()} is valid from {each.not_valid_before_utc} to {each.not_valid_after_utc}"


@CHECKS.add(
    "SIG-16", "The registered key is long enough", Severity.SECURITY,
    contract="The gateway registers no RSA key under 2048 bits: shorter ones can be broken.",
    mend="Make a new pair of 2048 bits or more and have its certificate registered.",
)  # fmt: skip
def key_length(bench: Bench) -> Iterator[str]:
    for each in bench.target.certificates:
        bits = public_key(each).key_size
        if bits < _SHORTEST_KEY:
            yield f"the key of {each.subject.rfc4514_string()} has {bits} bits"


@CHECKS.add(
    "SIG-17", "An answer that nothing was found is signed", Severity.PAYMENTS,
    contract="All four messages are signed (section 4); an unsigned array, empty or not, is believed by nobody.",
    mend="Sign in one place, after the answer is made, whatever it says.",
)  # fmt: skip
def empty_is_signed(bench: Bench) -> Iterator[str]:
    bench.found_accepts()
    answer = bench.look_up(bench.unknown_key())
    if answer.orders is None:
        raise NotRun(f"the answer is no array: {answer.summary}")
    yield from (
        problem.detail
        for problem in bench.seal(answer).problems
        if problem.flaw not in _of_every_answer(bench)
    )


def _of_every_answer(bench: Bench) -> set[Flaw]:
    """What the checks above have found already."""
    return {problem.flaw for problem in bench.seal(bench.found()).problems}
