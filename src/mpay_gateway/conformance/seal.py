"""How an answer is signed: every fault of its signature, not only the first one.

It shares no code with the gateway's own verification: an oracle that has the gateway's mistakes would not see them.
Source: WSS SOAP Message Security 1.0, XML Signature 1.0; section 4 of the contract.
"""

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Final

from cryptography import x509
from lxml import etree

from mpay_gateway.conformance import names
from mpay_gateway.conformance.answer import local
from mpay_gateway.conformance.canonical import BY_DIGEST_URI, BY_SIGNATURE_URI, base64_bytes, canonical
from mpay_gateway.conformance.identity import public_key
from mpay_gateway.conformance.pointing import named_certificate

_ID_ATTRIBUTES: Final = (f"{{{names.WSU}}}Id", "Id", "ID", "id")
_MOST_REFERENCES: Final = 50
_MOST_PREFIXES: Final = 20
"""What is signed or listed beyond that holds up who verifies, and nothing else."""
_INSTANT: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?(Z|[+-]\d\d:\d\d)", re.ASCII)


class Flaw(Enum):
    """What can be wrong with a signature."""

    NOT_SIGNED = auto()
    DOUBLED = auto()
    ALGORITHM = auto()
    TRANSFORM = auto()
    BODY_NOT_SIGNED = auto()
    OTHER_PART = auto()
    NO_TIMESTAMP = auto()
    TIMESTAMP_NOT_SIGNED = auto()
    FOREIGN_KEY = auto()
    KEY_INFO = auto()
    BROKEN = auto()
    WHITE_SPACE = auto()
    TIME_FORM = auto()


@dataclass(frozen=True, slots=True)
class Problem:
    """One flaw, and what shows it."""

    flaw: Flaw
    detail: str


@dataclass(frozen=True, slots=True)
class Seal:
    """What an answer's signature is worth. Times are UTC, None where they cannot be read."""

    problems: tuple[Problem, ...]
    created: datetime | None = None
    expires: datetime | None = None
    value: bytes = b""

    def has(self, *flaws: Flaw) -> bool:
        return any(problem.flaw in flaws for problem in self.problems)

    def of(self, *flaws: Flaw) -> tuple[str, ...]:
        """The details of these flaws."""
        return tuple(problem.detail for problem in self.problems if problem.flaw in flaws)


def read_seal(root: etree._Element, certificates: tuple[x509.Certificate, ...]) -> Seal:
    """Judge the signature of an envelope against the service's registered certificates."""
    signatures = list(root.iter(f"{{{names.DS}}}Signature"))
    if not signatures:
        return Seal((Problem(Flaw.NOT_SIGNED, "the answer has no Signature"),))
    created, expires, problems = _times(root)
    references = sum(1 for _ in signatures[0].iter(f"{{{names.DS}}}Reference"))
    if references > _MOST_REFERENCES:
        said = f"{references} References; no more than {_MOST_REFERENCES} are looked at"
        return Seal((*problems, Problem(Flaw.BROKEN, said)), created, expires)
    problems += _doubled(root, signatures)
    problems += _methods(signatures[0])
    problems += _coverage(root, signatures[0])
    if not any(each.flaw in (Flaw.ALGORITHM, Flaw.TRANSFORM) for each in problems):
        problems += _arithmetic(root, certificates)
    value = base64_bytes(signatures[0].findtext(f"{{{names.DS}}}SignatureValue")) or b""
    return Seal(tuple(problems), created, expires, value)


def instant(text: str | None) -> datetime | None:
    """A time of a Timestamp in UTC: it has a zone and 0 to 7 digits of a second; None for any other text."""
    match = _INSTANT.fullmatch((text or "").strip())
    if match is None:
        return None
    try:
        whole = datetime.fromisoformat(match[1] + match[3]).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return whole.replace(microsecond=int((match[2] or "0").ljust(6, "0")[:6]))


def _times(root: etree._Element) -> tuple[datetime | None, datetime | None, list[Problem]]:
    stamp = next(root.iter(f"{{{names.WSU}}}Timestamp"), None)
    if stamp is None:
        return None, None, [Problem(Flaw.NO_TIMESTAMP, "the answer has no Timestamp")]
    problems = []
    found = []
    for name in ("Created", "Expires"):
        text = stamp.findtext(f"{{{names.WSU}}}{name}")
        found.append(instant(text))
        if found[-1] is None:
            problems.append(Problem(Flaw.TIME_FORM, f"{name} is {text!r}, no time with its zone"))
    return found[0], found[1], problems


def _doubled(root: etree._Element, signatures: list[etree._Element]) -> list[Problem]:
    found = []
    counts = {"Signature": len(signatures)}
    counts |= {name: sum(local(each) == name for each in root) for name in ("Header", "Body")}
    counts["Security"] = sum(1 for _ in root.iter(f"{{{names.WSSE}}}Security"))
    counts["Timestamp"] = sum(1 for _ in root.iter(f"{{{names.WSU}}}Timestamp"))
    for what, count in counts.items():
        if count > 1:
            found.append(Problem(Flaw.DOUBLED, f"{count} x {what}"))
    seen: set[str] = set()
    for element in root.iter():
        for value in filter(None, map(element.get, _ID_ATTRIBUTES)):
            if value in seen:
                found.append(Problem(Flaw.DOUBLED, f"the Id {value!r} occurs twice"))
            seen.add(value)
    return found


def _methods(signature: etree._Element) -> list[Problem]:
    bare = [
        Problem(Flaw.TRANSFORM, f"the Reference {each.get('URI')} has no Transform")
        for each in signature.iter(f"{{{names.DS}}}Reference")
        if each.find(f"{{{names.DS}}}Transforms/{{{names.DS}}}Transform") is None
    ]
    return bare + [
        Problem(flaw, f"{tag} {element.get('Algorithm')}")
        for tag, known, flaw in (
            ("SignatureMethod", BY_SIGNATURE_URI.keys(), Flaw.ALGORITHM),
            ("DigestMethod", BY_DIGEST_URI.keys(), Flaw.ALGORITHM),
            ("CanonicalizationMethod", {names.EXCLUSIVE_C14N}, Flaw.TRANSFORM),
            ("Transform", {names.EXCLUSIVE_C14N}, Flaw.TRANSFORM),
        )
        for element in signature.iter(f"{{{names.DS}}}{tag}")
        if element.get("Algorithm") not in known
    ]


def _coverage(root: etree._Element, signature: etree._Element) -> list[Problem]:
    by_id = _by_id(root)
    signed = {_referred(by_id, each) for each in signature.iter(f"{{{names.DS}}}Reference")}
    found = []
    for element, flaw in (
        (next((each for each in root if local(each) == "Body"), None), Flaw.BODY_NOT_SIGNED),
        (next(root.iter(f"{{{names.WSU}}}Timestamp"), None), Flaw.TIMESTAMP_NOT_SIGNED),
    ):
        if element is not None and element not in signed:
            found.append(Problem(flaw, f"no Reference points at the {local(element)}"))
    whole = {each for each in root.iter() if _may_be_signed(each, root)}
    for element in signed - whole - {None}:
        assert element is not None
        found.append(Problem(Flaw.OTHER_PART, f"a Reference points at {local(element)}"))
    return found


def _may_be_signed(element: etree._Element, root: etree._Element) -> bool:
    """The Body, a whole header, or the Timestamp or a token of the Security header."""
    above = element.getparent()
    if above is None:
        return False
    if above is root:
        return local(element) == "Body"
    if local(above) == "Security":
        return local(element) in ("Timestamp", "BinarySecurityToken")
    return local(above) == "Header" and local(element) != "Security"


def _by_id(root: etree._Element) -> dict[str, etree._Element]:
    """The first element with each Id."""
    found: dict[str, etree._Element] = {}
    for element in root.iter():
        for value in filter(None, map(element.get, _ID_ATTRIBUTES)):
            found.setdefault(value, element)
    return found


def _referred(by_id: Mapping[str, etree._Element], reference: etree._Element) -> etree._Element | None:
    return by_id.get(reference.get("URI", "").removeprefix("#"))


def _arithmetic(root: etree._Element, certificates: tuple[x509.Certificate, ...]) -> list[Problem]:
    """Digests and signature, as sent, then with white space dropped in the two ways that the gateway knows."""
    if _holds(root, certificates):
        return _pointing(root, certificates)
    for everywhere in (True, False):
        if _holds(_without_white_space(root, everywhere=everywhere), certificates):
            said = "the signature holds only once the white space between elements is dropped"
            return [Problem(Flaw.WHITE_SPACE, said), *_pointing(root, certificates)]
    shown = named_certificate(root)
    if shown is not None and shown not in certificates and _holds(root, (shown,)):
        return [
            Problem(Flaw.FOREIGN_KEY, f"signed by {shown.subject.rfc4514_string()}, which is not registered")
        ]
    if _digests_hold(root):
        return [Problem(Flaw.FOREIGN_KEY, "no registered certificate's key made the signature")]
    return [Problem(Flaw.BROKEN, "what was signed is not what was sent: a digest does not fit")]


def _pointing(root: etree._Element, certificates: tuple[x509.Certificate, ...]) -> list[Problem]:
    named = named_certificate(root, certificates)
    if named in certificates:
        return []
    return [Problem(Flaw.KEY_INFO, "KeyInfo names no registered certificate in a form that is accepted")]


def _holds(root: etree._Element, certificates: tuple[x509.Certificate, ...]) -> bool:
    return _digests_hold(root) and any(_signature_holds(root, each) for each in certificates)


def _digests_hold(root: etree._Element) -> bool:
    signature, by_id = next(root.iter(f"{{{names.DS}}}Signature")), _by_id(root)
    for reference in signature.iter(f"{{{names.DS}}}Reference"):
        element = _referred(by_id, reference)
        method = reference.find(f"{{{names.DS}}}DigestMethod")
        value = base64_bytes(reference.findtext(f"{{{names.DS}}}DigestValue"))
        if element is None or method is None or value is None:
            return False
        transform = next(reference.iter(f"{{{names.DS}}}Transform"), None)
        content = canonical(element, _prefixes(transform))
        if not BY_DIGEST_URI[method.get("Algorithm", "")].is_digest(content, value):
            return False
    return True


def _signature_holds(root: etree._Element, certificate: x509.Certificate) -> bool:
    signature = next(root.iter(f"{{{names.DS}}}Signature"))
    info = signature.find(f"{{{names.DS}}}SignedInfo")
    value = base64_bytes(signature.findtext(f"{{{names.DS}}}SignatureValue"))
    if info is None or value is None:
        return False
    method = info.find(f"{{{names.DS}}}SignatureMethod")
    c14n = info.find(f"{{{names.DS}}}CanonicalizationMethod")
    if method is None:
        return False
    content = canonical(info, _prefixes(c14n))
    return BY_SIGNATURE_URI[method.get("Algorithm", "")].fits(content, value, public_key(certificate))


def _prefixes(method: etree._Element | None) -> tuple[str, ...]:
    listed = None if method is None else method.find(f"{{{names.EXCLUSIVE_C14N}}}InclusiveNamespaces")
    return () if listed is None else tuple(listed.get("PrefixList", "").split()[:_MOST_PREFIXES])


def _without_white_space(root: etree._Element, *, everywhere: bool) -> etree._Element:
    stripped = copy.deepcopy(root)
    spared = (
        set()
        if everywhere
        else {each for signature in stripped.iter(f"{{{names.DS}}}Signature") for each in signature.iter()}
    )
    for element in stripped.iter():
        if element not in spared and len(element) and not (element.text or "").strip():
            element.text = None
        parent_spared = element.getparent() in spared
        if not parent_spared and not (element.tail or "").strip():
            element.tail = None
    return stripped
