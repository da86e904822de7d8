"""SIG-20 to SIG-39: what the service must not believe. Each is tried with a lookup, which does no harm."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

from mpay_gateway.conformance import names, tampering
from mpay_gateway.conformance.answer import text
from mpay_gateway.conformance.bench import Bench
from mpay_gateway.conformance.caller import NotRun, Way
from mpay_gateway.conformance.tampering import Maker
from mpay_gateway.conformance.verdict import Checks, Severity

CHECKS = Checks("signature")
_MEND = "Verify before you read: one Signature of the gateway's registered certificate over the Body that you read and a Timestamp of now."


def innocent(bench: Bench) -> str:
    """A lookup of a key that nobody has: what an attacker may have seen signed."""
    return bench.asking(bench.unknown_key())


Attack = Callable[[Bench], Maker]


def _foreign(bench: Bench) -> Maker:
    return tampering.by(bench.stranger)


_ATTACKS: tuple[tuple[str, str, str, str, Attack], ...] = (
    (
        "SIG-20", "An unsigned request is refused", "unsigned",
        "An unsigned message proves nothing (section 4).", lambda _: tampering.unsigned,
    ),
    (
        "SIG-21", "A Security header without Signature is refused", "with a token and a Timestamp, but no Signature",
        "The Signature is what proves; a token is public (section 4).", lambda _: tampering.without_signature,
    ),
    (
        "SIG-22", "A Body that was changed after signing is refused", "with another Body than was signed",
        "The digest of the Body must fit (section 4).", lambda bench: tampering.tampered(innocent(bench)),
    ),
    (
        "SIG-23", "A changed Body with a new digest is refused", "with another Body and its digest, under the old signature value",
        "The signature value must fit SignedInfo (section 4).", lambda bench: tampering.tampered_with_new_digest(innocent(bench)),
    ),
    (
        "SIG-24", "A stranger's key is refused", "signed by a stranger under the stranger's certificate",
        "A certificate that arrives in a message proves nothing: only the registered one counts (section 4).", _foreign,
    ),
    (
        "SIG-25", "A wrapped Body is refused", "with the signed Body moved into the header and another one in its place",
        "Data is read only from the element that was verified (section 4): what nobody signed is not served.", lambda bench: tampering.wrapped_in_header(innocent(bench)),
    ),
    (
        "SIG-26", "A wrapped Body that repeats the signed one's Id is refused", "with a second element of the Body's Id",
        "Duplicate Ids are refused (section 4).", lambda bench: tampering.wrapped_with_same_id(innocent(bench)),
    ),
    (
        "SIG-27", "A second Body is refused", "with an unsigned Body before the signed one",
        "Two Bodies are refused (section 4).", lambda bench: tampering.second_body(innocent(bench)),
    ),
    (
        "SIG-28", "An expired request is refused", "that ended an hour ago",
        "The Timestamp ends after five minutes: who recorded a message cannot send it again later (section 4).", lambda _: tampering.expired,
    ),
    (
        "SIG-29", "A request from the future is refused", "created in an hour",
        "Clocks may differ by a minute, not by an hour (section 4).", lambda _: tampering.from_the_future,
    ),
    (
        "SIG-30", "A request of which only the Timestamp is signed is refused", "with only the Timestamp signed",
        "Body and Timestamp are both signed (section 4).", lambda _: tampering.with_recipe(signed=("Timestamp",)),
    ),
    (
        "SIG-31", "A request of which only the Body is signed is refused", "with only the Body signed",
        "Body and Timestamp are both signed (section 4): else a recorded message gets a new Timestamp.",
        lambda _: tampering.with_recipe(signed=("Body",)),
    ),
    (
        "SIG-32", "A request without Timestamp is refused", "without a Timestamp",
        "The policy says IncludeTimestamp (section 4): else a recorded message is good for ever.", lambda _: tampering.without_timestamp,
    ),
    (
        "SIG-33", "An HMAC keyed with the public certificate is refused", "with an HMAC whose secret is the public certificate",
        "The algorithms are rsa-sha1 and rsa-sha256 (section 4); the message does not choose others.",
        lambda _: tampering.keyed_with_certificate,
    ),
    (
        "SIG-34", "A transform that empties the Body is refused", "with an XPath transform under which every Body has the same digest",
        "Exclusive C14N is the only transform (section 4).", lambda bench: tampering.with_xpath(innocent(bench)),
    ),
    (
        "SIG-35", "A DOCTYPE is refused", "with a DOCTYPE",
        "A DOCTYPE is refused (section 4): it can define entities that read files or fill the memory.", lambda _: tampering.with_doctype,
    ),
    (
        "SIG-36", "A request that claims to live for a year is refused", "that claims to live for a year",
        "Messages live five minutes (section 4).", lambda _: tampering.with_recipe(lifetime=timedelta(days=365)),
    ),
)  # fmt: skip
_ADVICE = ("SIG-36",)
_WRAPPED = [note for identifier, _, note, _, _ in _ATTACKS if identifier in ("SIG-25", "SIG-26", "SIG-27")]
"""Who reads the signed Body, and it alone, may answer what that one asked: nothing was found."""


def _refuses(note: str, attack: Attack, bench: Bench) -> Iterator[str]:
    bench.found_accepts()
    answer = bench.look_up_with(Way(note, make=attack(bench)))
    if answer.received.failure:
        raise NotRun(f"no answer came: {answer.received.failure}")
    if answer.orders or (answer.orders is not None and note not in _WRAPPED):
        yield f"it was believed: {answer.summary}"
        return
    bench.still_accepts()


for _id, _title, _note, _contract, _attack in _ATTACKS:
    CHECKS.add(
        _id, _title, Severity.ADVICE if _id in _ADVICE else Severity.SECURITY, contract=_contract, mend=_MEND,
    )(partial(_refuses, _note, _attack))  # fmt: skip


@CHECKS.add(
    "SIG-37", "A comment does not cut a value short", Severity.SECURITY,
    contract="Canonicalization drops comments: a value that is parted by one is still signed as a whole (section 4).",
    mend="Refuse comments in requests, or read all text nodes of an element.",
)  # fmt: skip
def comment_in_value(bench: Bench) -> Iterator[str]:
    bench.found_accepts()
    key = bench.target.order_keys[0]
    longer = f"{key}-LONGER"
    way = Way(f"the key followed by a comment and -LONGER, signed as {longer!r}", change=lambda sent: sent.replace(
        longer.encode(), f"{key}<!-- -->-LONGER".encode(), 1,
    ))  # fmt: skip
    answer = bench.call(
        names.LOOKUP,
        bench.asking(longer),
        way,
        said=f"{names.LOOKUP} for {key!r}",
    )
    if answer.received.failure:
        raise NotRun(f"no answer came: {answer.received.failure}")
    if key in [text(order, "OrderKey") for order in answer.orders or ()]:
        yield f"the key was read up to the comment: {answer.summary}"
        return
    bench.still_accepts()
