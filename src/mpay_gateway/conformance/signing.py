"""Signed requests as raw XML, in each way that a gateway may sign, and in some that none may.

Source: WSS SOAP Message Security 1.0, XML Signature 1.0; section 4 of the contract.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from textwrap import fill
from typing import Final, assert_never
from uuid import uuid4
from xml.sax.saxutils import escape

from lxml import etree

from mpay_gateway.conformance import names
from mpay_gateway.conformance.canonical import Algorithm, base64_text, canonical
from mpay_gateway.conformance.identity import Identity, key_identifiers

_VALUE: Final = "@SIGNATURE-VALUE@"
_EXC_C14N: Final = f'Algorithm="{names.EXCLUSIVE_C14N}"'


class KeyInfo(Enum):
    """How a request names the certificate that checks it.

    But where it is embedded there is a BinarySecurityToken, too: the policy says AlwaysToRecipient.
    """

    TOKEN = auto()
    KEY_IDENTIFIER = auto()
    ISSUER_SERIAL = auto()
    EMBEDDED = auto()


@dataclass(frozen=True, slots=True)
class Prefixes:
    """The prefixes of a message; an empty one makes its namespace the default one."""

    soap: str = "soap-env"
    wsse: str = "wsse"
    ds: str = "ds"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a request is signed.

    `signer` signs and shows its certificate. `created_in` is added to the time of sending; `digits` are those of the
    second's fraction. `signed` names the parts that are signed. `prefix_list` becomes InclusiveNamespaces. `folded`
    breaks lines inside the signature, `indented` puts white space between the other elements, both before signing.
    `lead` is what stands before the envelope.
    """

    signer: Identity
    algorithm: Algorithm = Algorithm.RSA_SHA1
    key_info: KeyInfo = KeyInfo.TOKEN
    created_in: timedelta = timedelta(0)
    lifetime: timedelta = timedelta(minutes=5)
    digits: int = 3
    signed: tuple[str, ...] = ("Timestamp", "Body")
    prefix_list: str = ""
    folded: bool = False
    indented: bool = False
    prefixes: Prefixes = Prefixes()
    lead: str = ""


@dataclass(frozen=True, slots=True)
class _Ids:
    timestamp: str
    body: str
    token: str


def signed_request(payload: str, recipe: Recipe, at: datetime) -> bytes:
    """An envelope around `payload`, signed as the recipe says, at the time `at` on our clock."""
    ids = _Ids(*(f"{kind}-{uuid4().hex}" for kind in ("ts", "body", "token")))
    draft = _envelope(payload, recipe, ids, _timestamp(recipe, ids, at), "")
    root = etree.fromstring(draft.encode())
    signature = _signature(recipe, ids, root)
    unfinished = _envelope(payload, recipe, ids, _timestamp(recipe, ids, at), signature)
    signed_info = next(etree.fromstring(unfinished.encode()).iter(f"{{{names.DS}}}SignedInfo"))
    value = recipe.algorithm.sign(
        canonical(signed_info, tuple(recipe.prefix_list.split())), recipe.signer.key
    )
    return (recipe.lead + unfinished.replace(_VALUE, _base64(value, recipe))).encode()


def unsigned_request(payload: str) -> bytes:
    """An envelope around `payload` without a header."""
    return f'<s:Envelope xmlns:s="{names.SOAP}"><s:Body>{payload}</s:Body></s:Envelope>'.encode()


def instant_text(at: datetime, digits: int = 3) -> str:
    """A time in UTC with so many digits of a second's fraction, 0 to 7."""
    text = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{at.microsecond:06d}0"[: 20 + digits] + "Z" if digits else text + "Z"


def _envelope(payload: str, recipe: Recipe, ids: _Ids, timestamp: str, signature: str) -> str:
    soap, wsse = recipe.prefixes.soap, recipe.prefixes.wsse
    gap = "\n  " if recipe.indented else ""
    security = _tag(wsse, "Security")
    envelope, header, body = (_tag(soap, name) for name in ("Envelope", "Header", "Body"))
    token = "" if recipe.key_info is KeyInfo.EMBEDDED else _token(recipe, ids)
    return (
        f"<{envelope} {_xmlns(soap, names.SOAP)}>{gap}<{header}>{gap}<{security} {_xmlns(wsse, names.WSSE)} "
        f'xmlns:wsu="{names.WSU}">{gap}{token}{gap}{timestamp}{gap}{signature}{gap}</{security}>{gap}</{header}>'
        f'{gap}<{body} xmlns:wsu="{names.WSU}" wsu:Id="{ids.body}">{gap}{payload}{gap}</{body}>{gap}</{envelope}>'
    )


def _timestamp(recipe: Recipe, ids: _Ids, at: datetime) -> str:
    created = at + recipe.created_in
    return (
        f'<wsu:Timestamp wsu:Id="{ids.timestamp}">'
        f"<wsu:Created>{instant_text(created, recipe.digits)}</wsu:Created>"
        f"<wsu:Expires>{instant_text(created + recipe.lifetime, recipe.digits)}</wsu:Expires></wsu:Timestamp>"
    )


def _token(recipe: Recipe, ids: _Ids) -> str:
    tag = _tag(recipe.prefixes.wsse, "BinarySecurityToken")
    return (
        f'<{tag} wsu:Id="{ids.token}" EncodingType="{names.BASE64}" ValueType="{names.X509_V3}">'
        f"{_base64(recipe.signer.der, recipe)}</{tag}>"
    )


def _signature(recipe: Recipe, ids: _Ids, root: etree._Element) -> str:
    ds = recipe.prefixes.ds
    gap = "\n" if recipe.folded else ""
    signature, info, value = (_tag(ds, name) for name in ("Signature", "SignedInfo", "SignatureValue"))
    by_name = {"Timestamp": (ids.timestamp, names.WSU), "Body": (ids.body, names.SOAP)}
    references = gap.join(
        _reference(recipe, by_name[part][0], next(root.iter(f"{{{by_name[part][1]}}}{part}")))
        for part in recipe.signed
    )
    c14n, method = _tag(ds, "CanonicalizationMethod"), _tag(ds, "SignatureMethod")
    return (
        f"<{signature} {_xmlns(ds, names.DS)}>{gap}<{info}>{gap}<{c14n} {_EXC_C14N}>{_inclusive(recipe)}</{c14n}>{gap}"
        f'<{method} Algorithm="{recipe.algorithm.value.signature_uri}"/>{gap}{references}{gap}</{info}>{gap}'
        f"<{value}>{_VALUE}</{value}>{gap}{_key_info(recipe, ids)}{gap}</{signature}>"
    )


def _reference(recipe: Recipe, identifier: str, part: etree._Element) -> str:
    ds = recipe.prefixes.ds
    gap = "\n" if recipe.folded else ""
    reference, transforms, transform = (_tag(ds, name) for name in ("Reference", "Transforms", "Transform"))
    method, value = _tag(ds, "DigestMethod"), _tag(ds, "DigestValue")
    content = canonical(part, tuple(recipe.prefix_list.split()))
    return (
        f'<{reference} URI="#{identifier}">{gap}<{transforms}>{gap}<{transform} {_EXC_C14N}>{_inclusive(recipe)}'
        f'</{transform}>{gap}</{transforms}>{gap}<{method} Algorithm="{recipe.algorithm.value.digest_uri}"/>{gap}'
        f"<{value}>{base64_text(recipe.algorithm.digest(content))}</{value}>{gap}</{reference}>"
    )


def _key_info(recipe: Recipe, ids: _Ids) -> str:
    tag = _tag(recipe.prefixes.ds, "KeyInfo")
    if recipe.key_info is KeyInfo.EMBEDDED:
        return f"<{tag}>{_pointer(recipe, ids)}</{tag}>"
    reference = _tag(recipe.prefixes.wsse, "SecurityTokenReference")
    opening = f"<{reference} {_xmlns(recipe.prefixes.wsse, names.WSSE)}>"
    return f"<{tag}>{opening}{_pointer(recipe, ids)}</{reference}></{tag}>"


def _pointer(recipe: Recipe, ids: _Ids) -> str:
    certificate = recipe.signer.certificate
    ds, wsse = recipe.prefixes.ds, recipe.prefixes.wsse
    match recipe.key_info:
        case KeyInfo.TOKEN:
            return f'<{_tag(wsse, "Reference")} URI="#{ids.token}" ValueType="{names.X509_V3}"/>'
        case KeyInfo.KEY_IDENTIFIER:
            tag = _tag(wsse, "KeyIdentifier")
            return (
                f'<{tag} EncodingType="{names.BASE64}" ValueType="{names.X509_PROFILE}#X509SubjectKeyIdentifier">'
                f"{base64_text(key_identifiers(certificate)[0])}</{tag}>"
            )
        case KeyInfo.EMBEDDED:
            held = _tag(ds, "X509Certificate")
            shown = _base64(recipe.signer.der, recipe)
            return f"<{_tag(ds, 'X509Data')}><{held}>{shown}</{held}></{_tag(ds, 'X509Data')}>"
        case KeyInfo.ISSUER_SERIAL:
            return _issuer_serial(ds, certificate.issuer.rfc4514_string(), certificate.serial_number)
        case _:
            assert_never(recipe.key_info)


def _issuer_serial(ds: str, issuer: str, serial: int) -> str:
    data, pair = _tag(ds, "X509Data"), _tag(ds, "X509IssuerSerial")
    name, number = _tag(ds, "X509IssuerName"), _tag(ds, "X509SerialNumber")
    held = f"<{name}>{escape(issuer)}</{name}><{number}>{serial}</{number}>"
    return f"<{data} {_xmlns(ds, names.DS)}><{pair}>{held}</{pair}></{data}>"


def _inclusive(recipe: Recipe) -> str:
    if not recipe.prefix_list:
        return ""
    return f'<ec:InclusiveNamespaces xmlns:ec="{names.EXCLUSIVE_C14N}" PrefixList="{recipe.prefix_list}"/>'


def _base64(content: bytes, recipe: Recipe) -> str:
    text = base64_text(content)
    return f"\n{fill(text, 76)}\n" if recipe.folded else text


def _tag(prefix: str, name: str) -> str:
    return f"{prefix}:{name}" if prefix else name


def _xmlns(prefix: str, namespace: str) -> str:
    return f'xmlns:{prefix}="{namespace}"' if prefix else f'xmlns="{namespace}"'
