"""The fault of each check of what a service must not believe: the verifier forgets one rule."""

from collections.abc import Callable

from lxml import etree

from eservice_kit import NotVerified, Refusal, names
from tests.conformance.faults.registry import breaks
from tests.conformance.service import Element, Service, naive_body

Excuse = Callable[[NotVerified, bytes], bool]
LOOKUP = b"<GetOrderDetails"
"""Each verifier forgets its rule for lookups alone: confirmations have checks of their own."""


def excuses(excuse: Excuse, *, operation: bytes = LOOKUP) -> Callable[[Service], None]:
    """Read the first Body of what is refused for this reason."""

    def bend(service: Service) -> None:
        def believes(refusal: NotVerified, message: bytes) -> Element | None:
            return naive_body(message) if operation in message and excuse(refusal, message) else None

        service.believes = believes

    return bend


def code(*codes: Refusal) -> Excuse:
    return lambda refusal, _message: refusal.code in codes


def with_detail(wanted: Refusal, start: str) -> Excuse:
    return lambda refusal, _message: refusal.code is wanted and refusal.detail.startswith(start)


def with_text(wanted: Refusal, text: bytes) -> Excuse:
    return lambda refusal, message: refusal.code is wanted and text in message


def repeats_an_id(message: bytes) -> bool:
    root = etree.fromstring(message)
    ids = [element.get(names.wsu("Id")) for element in root.iter() if element.get(names.wsu("Id"))]
    return len(ids) != len(set(ids))


breaks("SIG-20")(
    excuses(lambda refusal, message: refusal.code is Refusal.NOT_SIGNED and b"Security" not in message)
)
breaks("SIG-21")(
    excuses(lambda refusal, message: refusal.code is Refusal.NOT_SIGNED and b"Security" in message)
)
breaks("SIG-22")(excuses(code(Refusal.DIGEST)))
breaks("SIG-23")(excuses(code(Refusal.SIGNATURE)))
breaks("SIG-24")(excuses(code(Refusal.UNKNOWN_CERTIFICATE)))
breaks("SIG-25")(excuses(lambda _refusal, message: b"urn:wrap" in message and not repeats_an_id(message)))
breaks("SIG-26")(excuses(lambda _refusal, message: b"urn:wrap" in message and repeats_an_id(message)))
breaks("SIG-27")(
    excuses(lambda refusal, message: refusal.code is Refusal.STRUCTURE and b"urn:wrap" not in message)
)
breaks("SIG-28")(excuses(with_detail(Refusal.TIMESTAMP, "expired")))
breaks("SIG-29")(excuses(with_detail(Refusal.TIMESTAMP, "created")))
breaks("SIG-30")(excuses(with_detail(Refusal.COVERAGE, "Body")))
breaks("SIG-31")(excuses(with_detail(Refusal.COVERAGE, "Timestamp")))
breaks("SIG-32")(excuses(with_detail(Refusal.TIMESTAMP, "no ")))
breaks("SIG-33")(excuses(with_text(Refusal.ALGORITHM, b"#hmac-sha1")))
breaks("SIG-34")(excuses(with_text(Refusal.ALGORITHM, b"REC-xpath")))
breaks("SIG-35")(excuses(with_text(Refusal.FORBIDDEN_CONTENT, b"<!DOCTYPE")))
breaks("SIG-36")(excuses(with_detail(Refusal.TIMESTAMP, "a lifetime")))


@breaks("SIG-37")
def reads_up_to_a_comment(service: Service) -> None:
    """The first text node of an element is all that it reads."""

    def believes(refusal: NotVerified, message: bytes) -> Element | None:
        if refusal.code is not Refusal.FORBIDDEN_CONTENT or b"<!--" not in message:
            return None
        root = etree.fromstring(message)
        for comment in list(root.iter(etree.Comment)):
            holder = comment.getparent()
            assert holder is not None
            holder.remove(comment)
        return root.find(names.soap("Body"))

    service.believes = believes


CONFIRM = b"<ConfirmOrderPayment"
breaks("CNF-01")(excuses(code(Refusal.NOT_SIGNED), operation=CONFIRM))
breaks("CNF-02")(excuses(code(Refusal.DIGEST), operation=CONFIRM))
breaks("CNF-03")(excuses(code(Refusal.UNKNOWN_CERTIFICATE), operation=CONFIRM))
breaks("CNF-16")(excuses(with_detail(Refusal.TIMESTAMP, "expired"), operation=CONFIRM))
breaks("CNF-17")(excuses(lambda _refusal, message: b"urn:wrap" in message, operation=CONFIRM))
