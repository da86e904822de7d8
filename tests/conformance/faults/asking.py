"""The fault of each check of what GetOrderDetails finds."""

from collections.abc import Callable
from dataclasses import replace

from eservice_kit import Fault, FaultCode, OrderQuery
from eservice_kit.wire_read import read_request
from tests.conformance import books
from tests.conformance.faults.registry import breaks
from tests.conformance.faults.shaping import C, each, set_text
from tests.conformance.service import Element, Service


def finds(find: Callable[[Service, str], str | None]) -> Callable[[Service], None]:
    """Find keys in another way; None for what is not found by it either."""

    def bend(service: Service) -> None:
        exact = service.books.find
        service.books.find = lambda key: exact(key) or find(service, key)

    return bend


def asked(change: Callable[[OrderQuery], OrderQuery]) -> Callable[[Service], None]:
    """Look at the query before the shop does; it may raise a Fault."""

    def bend(service: Service) -> None:
        answer = service.answer

        def look(request: object) -> Element:
            return answer(change(request) if isinstance(request, OrderQuery) else request)  # type: ignore[arg-type]

        service.answer = look

    return bend


def fault_when(
    when: Callable[[OrderQuery], bool], fault: FaultCode = FaultCode.INTERNAL_ERROR
) -> Callable[[Service], None]:
    def change(query: OrderQuery) -> OrderQuery:
        if when(query):
            raise Fault(fault, "The service failed")
        return query

    return asked(change)


breaks("LOK-01")(fault_when(lambda query: query.order_key == books.RIGID[-1]))
breaks("LOK-02")(
    each("OrderKey", lambda key: set_text((key.text or "").lower())(key) if key.text == books.READ else None)
)
breaks("LOK-03")(each("ServiceID", set_text("SHOP7")))
breaks("LOK-04")(finds(lambda _, key: books.READ if key.startswith("NO-SUCH-") else None))


@breaks("LOK-05")
def unknown_order_fault(service: Service) -> None:
    def change(query: OrderQuery) -> OrderQuery:
        if service.books.find(query.order_key) is None:
            raise Fault(FaultCode.UNKNOWN_ORDER, "no such order")
        return query

    asked(change)(service)


@breaks("LOK-06")
def serves_every_service(service: Service) -> None:
    service.books.lax.add("lookup-service")


breaks("LOK-07")(fault_when(lambda query: query.service_id != books.SERVICE_ID))
breaks("LOK-09")(fault_when(lambda query: query.language == "ru"))


def raw_language(when: Callable[[str | None], bool]) -> Callable[[Service], None]:
    """Refuse a language as it is written."""

    def bend(service: Service) -> None:
        def read(body: Element) -> object:
            query = body[0].find(C("query"))
            if query is not None and when(query.findtext(C("Language"))):
                raise Fault(FaultCode.INVALID_PARAMETER, "Language")
            return read_request(body)

        service.read = read  # type: ignore[assignment]

    return bend


breaks("LOK-10")(raw_language(lambda language: language == "EN"))
breaks("LOK-13")(raw_language(lambda language: language == "en"))
breaks("LOK-14")(raw_language(lambda language: language is None))


@breaks("LOK-11")
def rate_by_language(service: Service) -> None:
    def shape(payload: Element) -> None:
        for order in payload.iter(C("OrderDetails")):
            if order.findtext(C("Reason")) == books.REASONS["ru"]:
                for amount in order.iter(C("AmountDue"), C("TotalAmountDue")):
                    amount.text = str(float(amount.text or 0) * 2)

    service.shapers.append(shape)


@breaks("LOK-12")
def romanian_for_everybody(service: Service) -> None:
    asked(lambda query: replace(query, language="ro"))(service)


def read_members(service: Service, change: Callable[[Element], None]) -> None:
    """Mend the query before it is read."""

    def read(body: Element) -> object:
        query = body[0].find(C("query"))
        if query is not None:
            change(query)
        return read_request(body)

    service.read = read  # type: ignore[assignment]


@breaks("LOK-15")
def empty_key_finds_the_first(service: Service) -> None:
    def change(query: Element) -> None:
        for key in query.iter(C("OrderKey")):
            key.text = key.text or books.READ

    read_members(service, change)


breaks("LOK-16")(finds(lambda _, key: books.READ if key in ("%", "*") or key.endswith(("%", "_")) else None))
breaks("LOK-17")(finds(lambda _, key: books.READ if " OR " in key else None))
breaks("LOK-18")(finds(lambda _, key: books.READ if len(key) > 3 and books.READ.startswith(key) else None))
breaks("LOK-19")(fault_when(lambda query: len(query.order_key) > 50))
breaks("ENC-04")(fault_when(lambda query: "ș" in query.order_key))
breaks("ENC-05")(fault_when(lambda query: "З" in query.order_key))
breaks("ENC-06")(fault_when(lambda query: "&" in query.order_key))
breaks("ENC-07")(fault_when(lambda query: "\U0001f332" in query.order_key))


@breaks("IDM-01")
def a_fee_for_each_look(service: Service) -> None:
    """The order that is only read costs more each time that it is asked for three times in a row."""
    row: list[str] = []

    def change(query: OrderQuery) -> OrderQuery:
        row.append(query.order_key if query.language == "ro" else "")
        return query

    def shape(payload: Element) -> None:
        if row[-3:] == [books.READ] * 3:
            for amount in payload.iter(C("AmountDue"), C("TotalAmountDue")):
                amount.text = f"{float(amount.text or 0) + len(row):.2f}"

    asked(change)(service)
    service.shapers.append(shape)
