"""The fault of each check of payments: the shop forgets one rule."""

from collections.abc import Callable
from decimal import Decimal

from lxml import etree

from eservice_kit import Fault, FaultCode, OrderStatus, PaymentConfirmation
from eservice_kit.wire_read import read_request
from tests.conformance import books
from tests.conformance.books import Books, Entry
from tests.conformance.faults.registry import breaks
from tests.conformance.faults.shaping import C
from tests.conformance.service import Element, Service


def lax(*rules: str) -> Callable[[Service], None]:
    def bend(service: Service) -> None:
        service.books.lax.update(rules)

    return bend


breaks("CNF-04")(lax("less"))
breaks("CNF-05")(lax("more"))
breaks("CNF-06")(lax("total"))
breaks("CNF-07")(lax("currency"))
breaks("CNF-08")(lax("line"))
breaks("CNF-09")(lax("twice"))
breaks("CNF-13")(lax("order"))
breaks("CNF-14")(lax("service"))
breaks("CNF-25")(lax("paid"))


def mended(when: Callable[[Element], bool], mend: Callable[[Element], None]) -> Callable[[Service], None]:
    """Read what should be refused as if it were right."""

    def bend(service: Service) -> None:
        def read(body: Element) -> object:
            if body[0].tag == C("ConfirmOrderPayment") and when(body[0][0]):
                mend(body[0][0])
            return read_request(body)

        service.read = read  # type: ignore[assignment]

    return bend


def total(told: Element) -> Decimal:
    return Decimal(told.findtext(C("TotalAmount")) or "1")


def pay_all(told: Element) -> None:
    """Whatever the amount: the order counts as paid."""
    for amount, text in zip(told.iter(C("Amount")), ("200.00",), strict=False):
        amount.text = text
    for element in told.iter(C("TotalAmount")):
        element.text = "200.00"


def name_payment(told: Element) -> None:
    payment = etree.Element(C("PaymentID"))
    payment.text = "WITHOUT-ID"
    told.append(payment)


def only_200(service: Service) -> None:
    """A first line of 200.00 is taken: it stands for an amount that was no amount."""
    check = service.books.check

    def lenient(told: PaymentConfirmation) -> None:
        if len(told.lines) != 1 or told.lines[0].amount != Decimal(200):
            check(told)

    service.books.check = lenient  # type: ignore[method-assign]


def taken_as_whole(when: Callable[[Element], bool]) -> Callable[[Service], None]:
    def bend(service: Service) -> None:
        mended(when, pay_all)(service)
        only_200(service)

    return bend


breaks("CNF-10")(taken_as_whole(lambda told: total(told) < 0))
breaks("CNF-11")(taken_as_whole(lambda told: total(told) == 0))
breaks("CNF-12")(mended(lambda told: told.find(C("PaymentID")) is None, name_payment))


def on_confirmation(look: Callable[[Books, PaymentConfirmation], None]) -> Callable[[Service], None]:
    """Look at a confirmation that is new before the shop does."""

    def bend(service: Service) -> None:
        check = service.books.check

        def both(told: PaymentConfirmation) -> None:
            look(service.books, told)
            check(told)

        service.books.check = both  # type: ignore[method-assign]

    return bend


def refuse(reason: str, code: FaultCode = FaultCode.INVALID_PARAMETER) -> None:
    raise Fault(code, reason)


@breaks("CNF-15")
def temporary_for_ever(service: Service) -> None:
    def look(shop: Books, told: PaymentConfirmation) -> None:
        if told.order_key not in shop.orders:
            refuse("try again", FaultCode.INTERNAL_ERROR)

    on_confirmation(look)(service)


@breaks("CNF-20")
def every_whole_payment_is_refused(service: Service) -> None:
    def look(shop: Books, told: PaymentConfirmation) -> None:
        entry = shop.orders.get(told.order_key)
        if entry is not None and not entry.in_parts and entry.status is not OrderStatus.EXPIRED:
            refuse("PaidAt is no date with a zone")

    on_confirmation(look)(service)


@breaks("CNF-22")
def says_more_than_yes(service: Service) -> None:
    def shape(payload: Element) -> None:
        if payload.tag == C("ConfirmOrderPaymentResponse"):
            etree.SubElement(payload, C("ConfirmOrderPaymentResult")).text = "true"

    service.shapers.append(shape)


@breaks("CNF-23")
def stays_due(service: Service) -> None:
    """What was paid is stored, and the order stays as it was; a second payment is refused all the same."""
    apply = service.books.apply

    def only_parts(entry: Entry, told: PaymentConfirmation) -> None:
        if entry.in_parts:
            apply(entry, told)

    def look(shop: Books, told: PaymentConfirmation) -> None:
        entry = shop.orders.get(told.order_key)
        if entry is not None and not entry.in_parts and entry.payments:
            refuse("paid already")

    service.books.apply = only_parts  # type: ignore[method-assign]
    on_confirmation(look)(service)


@breaks("CNF-24")
def refuses_the_repetition_of_a_whole_payment(service: Service) -> None:
    """The second time the order is paid, whoever paid it. It happens once after another: at once all are taken."""
    repeat = service.books.repeat

    def strict(told: PaymentConfirmation, known: str) -> None:
        entry = service.books.orders.get(told.order_key)
        if entry is not None and not entry.in_parts:
            refuse("paid already", FaultCode.INVALID_PARAMETER)
        repeat(told, known)

    service.books.repeat = strict  # type: ignore[method-assign]


def is_part(shop: Books, told: PaymentConfirmation) -> bool:
    entry = shop.orders.get(told.order_key)
    return entry is not None and entry.in_parts


@breaks("CNF-30")
def the_first_part_is_refused(service: Service) -> None:
    count = [0]

    def look(shop: Books, told: PaymentConfirmation) -> None:
        if is_part(shop, told) and told.order_key == books.PARTS and len(told.lines) == 1 and not count[0]:
            count[0] += 1
            refuse("the whole amount is wanted")

    on_confirmation(look)(service)


@breaks("CNF-31")
def asks_for_the_whole_again(service: Service) -> None:
    """The first part changes nothing that is shown."""
    apply = service.books.apply

    def forgetful(entry: Entry, told: PaymentConfirmation) -> None:
        if not entry.in_parts or len(entry.payments) > 1:
            apply(entry, told)

    service.books.apply = forgetful  # type: ignore[method-assign]


@breaks("CNF-32")
def wants_the_account(service: Service) -> None:
    def look(_shop: Books, told: PaymentConfirmation) -> None:
        if any(line.account is None for line in told.lines):
            refuse("DestinationAccount")

    on_confirmation(look)(service)


@breaks("CNF-33")
def wants_no_other_property(service: Service) -> None:
    def look(_shop: Books, told: PaymentConfirmation) -> None:
        if any(each.name.startswith("HO:") for each in told.properties):
            refuse("unknown property")

    on_confirmation(look)(service)


@breaks("CNF-34")
def late_money_is_an_internal_error(service: Service) -> None:
    def look(shop: Books, told: PaymentConfirmation) -> None:
        entry = shop.orders.get(told.order_key)
        if entry is not None and entry.status is OrderStatus.EXPIRED:
            refuse("the order has expired", FaultCode.INTERNAL_ERROR)

    on_confirmation(look)(service)


@breaks("IDM-02")
def counts_every_repetition(service: Service) -> None:
    repeat = service.books.repeat

    def again(told: PaymentConfirmation, known: str) -> None:
        repeat(told, known)
        service.books.take(told)

    service.books.repeat = again  # type: ignore[method-assign]


@breaks("IDM-03")
def counts_other_content_and_says_no(service: Service) -> None:
    repeat = service.books.repeat

    def strange(told: PaymentConfirmation, known: str) -> None:
        try:
            repeat(told, known)
        except Fault:
            service.books.apply(service.books.orders[told.order_key], told)
            raise

    service.books.repeat = strange  # type: ignore[method-assign]


@breaks("IDM-04")
def says_yes_to_every_content(service: Service) -> None:
    service.books.repeat = lambda _told, _known: None  # type: ignore[method-assign]


@breaks("IDM-05")
def remembers_the_last_payment_only(service: Service) -> None:
    take = service.books.take

    def forget(told: PaymentConfirmation) -> None:
        entry = service.books.orders.get(told.order_key)
        if entry is not None and entry.in_parts:
            for payment in entry.payments:
                service.books.digests.pop(payment, None)
        take(told)

    service.books.take = forget  # type: ignore[method-assign]
