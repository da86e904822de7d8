"""LOK: what GetOrderDetails finds, and what it must not find."""

from collections.abc import Iterator
from functools import partial
from typing import Final

from mpay_gateway.conformance.answer import Answer, as_key, text
from mpay_gateway.conformance.bench import Bench
from mpay_gateway.conformance.caller import NotRun
from mpay_gateway.conformance.checks.judging import answered, is_orderly
from mpay_gateway.conformance.purse import amount_in_words as in_words
from mpay_gateway.conformance.purse import amount_of
from mpay_gateway.conformance.verdict import Checks, Severity

CHECKS = Checks("lookup")
LANGUAGES: Final = ("RO", "RU", "EN")
_UNKNOWN_SERVICE: Final = "NO-SUCH-SERVICE"
_NO_LANGUAGE: Final = "the query has no Language"


@CHECKS.add(
    "LOK-01", "Each key that was given is found", Severity.PAYMENTS,
    contract="GetOrderDetails returns the order of the key (section 1).",
    mend="Look the key up as it is: keys are opaque, only outer white space is dropped.",
)  # fmt: skip
def is_found(bench: Bench) -> Iterator[str]:
    first = bench.shown(bench.target.order_keys[0])
    if first.payload is None:
        raise NotRun(f"no SOAP envelope came, TRN-01 and TRN-03 say why: {first.summary}")
    keys = (*bench.target.order_keys, *bench.target.pay_order_keys)
    for key in dict.fromkeys(keys):
        answer = bench.shown(key)
        if not answer.orders:
            yield f"{key!r}: {answer.summary}"


@CHECKS.add(
    "LOK-02", "The order bears the key that was asked for", Severity.PAYMENTS,
    contract="A single order must carry the key that was asked for; in an array each has its own (section 6).",
    mend="Return OrderKey as it was asked, in the same letters.",
)  # fmt: skip
def bears_its_key(bench: Bench) -> Iterator[str]:
    bench.found()
    for key in dict.fromkeys((*bench.target.order_keys, *bench.target.pay_order_keys)):
        orders = bench.shown(key).orders or ()
        keys = [as_key(text(order, "OrderKey") or "") for order in orders]
        if len(keys) == 1 and keys[0] != as_key(key):
            yield f"{key!r} was asked for, {keys[0]!r} came"
        if len(keys) != len(set(keys)):
            yield f"the orders under {key!r} have the keys {', '.join(keys)}"


@CHECKS.add(
    "LOK-03", "The order bears the service's id", Severity.PAYMENTS,
    contract="ServiceID of each returned order equals the query's (section 6).",
    mend="Return the ServiceID that was asked for.",
)  # fmt: skip
def bears_its_service(bench: Bench) -> Iterator[str]:
    for order in bench.orders():
        said = text(order, "ServiceID")
        if said is not None and said != bench.target.service_id:
            yield f"ServiceID is {said!r}"


@CHECKS.add(
    "LOK-04", "For an unknown key no order is returned", Severity.MONEY,
    contract="An unknown order is, by the text, an empty array (section 5).",
    mend="Compare the whole key.",
)  # fmt: skip
def unknown_is_not_found(bench: Bench) -> Iterator[str]:
    answer = _of_unknown(bench)
    bench.need_life(answer)
    if answer.orders:
        yield f"for {bench.unknown_key()!r}: {answer.summary}"


@CHECKS.add(
    "LOK-05", "An unknown key is answered by an empty array", Severity.INTEROPERABILITY,
    contract="An unknown order is an empty array; UnknownOrder, InvalidParameter and InternalError occur for it in the field (section 5).",
    mend="Return GetOrderDetailsResult without OrderDetails.",
)  # fmt: skip
def unknown_is_empty(bench: Bench) -> Iterator[str]:
    answer = _of_unknown(bench)
    if answer.fault is not None and answer.fault.code == "InvalidParameter":
        raise NotRun(
            "InvalidParameter came: the service may judge keys by their form, and ours has none of its own"
        )
    if answer.orders is None:
        yield f"for {bench.unknown_key()!r}: {answer.summary}"


@CHECKS.add(
    "LOK-06", "An unknown ServiceID brings no order", Severity.MONEY,
    contract="GetOrderDetails may fault with UnknownService (section 5): an order belongs to one service.",
    mend="Check ServiceID before you look for the key.",
)  # fmt: skip
def unknown_service(bench: Bench) -> Iterator[str]:
    answer = of_unknown_service(bench)
    bench.need_life(answer)
    if answer.orders:
        yield f"service {_UNKNOWN_SERVICE}: {answer.summary}"


@CHECKS.add(
    "LOK-07", "An unknown ServiceID is answered in order", Severity.INTEROPERABILITY,
    contract="GetOrderDetails may fault with InvalidParameter or UnknownService (section 5); nothing of another service is found.",
    mend="Answer the fault UnknownService.",
)  # fmt: skip
def unknown_service_fault(bench: Bench) -> Iterator[str]:
    answer = of_unknown_service(bench)
    if answer.orders:
        raise NotRun("the order was returned: LOK-06")
    if not is_orderly(answer):
        yield f"service {_UNKNOWN_SERVICE}: {answer.summary}"


for _number, _language in enumerate(LANGUAGES[1:], start=9):

    @CHECKS.add(
        f"LOK-{_number:02d}", f"The order is found in {_language}", Severity.PAYMENTS,
        contract="Language is ro, ru or en, sent in upper case; default RO (section 3).",
        mend="Take every language; answer in Romanian where you have no other texts.", newer=_NO_LANGUAGE,
    )  # fmt: skip
    def in_language(bench: Bench, language: str = _language) -> Iterator[str]:
        bench.found_accepts()
        answer = bench.look_up(bench.target.order_keys[0], language=language)
        if not answer.orders:
            yield f"{language}: {answer.summary}"


@CHECKS.add(
    "LOK-11", "Another language is the same order", Severity.MONEY,
    contract="What concerns money does not depend on Language (section 3).",
    mend="Translate Reason and DisplayName, nothing else.", newer=_NO_LANGUAGE,
)  # fmt: skip
def same_money(bench: Bench) -> Iterator[str]:
    bench.found_accepts()
    asked = (*LANGUAGES, LANGUAGES[0])
    first, *others, last = [_money(_in(bench, language)) for language in asked]
    if None in (first, last) or first != last:
        raise NotRun("the order changes by itself, or was not found again")
    for language, money in zip(LANGUAGES[1:], others, strict=True):
        if money is not None and money != first:
            yield f"RO says {first}, {language} says {money}"


@CHECKS.add(
    "LOK-12", "Texts are in the language that was asked for", Severity.ADVICE,
    contract="Language says in which language the payer reads (section 3).",
    mend="Translate Reason; payers read it before they pay.", newer=_NO_LANGUAGE,
)  # fmt: skip
def translated(bench: Bench) -> Iterator[str]:
    bench.found_accepts()
    texts = [_reasons(_in(bench, language)) for language in LANGUAGES]
    if not all(texts):
        raise NotRun("the order was not found in every language")
    if len(set(texts)) == 1:
        yield f"in all languages: {', '.join(texts[0])}"


@CHECKS.add(
    "LOK-13", "Language may be in lower case", Severity.ADVICE,
    contract="Language is a text of two letters: ro, ru, en by the guide's text, RO in its sample (section 3).",
    mend="Compare without regard to case.", newer=_NO_LANGUAGE,
)  # fmt: skip
def lower_case(bench: Bench) -> Iterator[str]:
    bench.found_accepts()
    answer = bench.look_up(bench.target.order_keys[0], language="en")
    if not answer.orders:
        yield f"en: {answer.summary}"


@CHECKS.add(
    "LOK-14", "Language may be left out", Severity.INTEROPERABILITY,
    contract="Language is optional, default RO; the contract of 2016 has none (section 3).",
    mend="Take a query without Language as one in Romanian.", newer=_NO_LANGUAGE,
)  # fmt: skip
def without_language(bench: Bench) -> Iterator[str]:
    bench.found_accepts()
    answer = bench.look_up(bench.target.order_keys[0], language=None)
    if not answer.orders:
        yield f"without Language: {answer.summary}"


def _of_unknown(bench: Bench) -> Answer:
    bench.found_accepts()
    return answered(bench.shown(bench.unknown_key()))


def of_unknown_service(bench: Bench) -> Answer:
    """The answer to a request that is right but for its service, asked once. Raises: NotRun without an answer."""
    bench.found_accepts()
    key = bench.target.order_keys[0]
    ask = partial(bench.look_up, key, service_id=_UNKNOWN_SERVICE)
    return answered(bench.once("unknown service", ask))


def _in(bench: Bench, language: str) -> Answer:
    return bench.look_up(bench.target.order_keys[0], language=language)


def _money(answer: Answer) -> list[tuple[str | None, ...]] | None:
    if not answer.orders:
        return None
    return [
        (
            text(each, "OrderKey"),
            in_words(amount_of(text(each, "TotalAmountDue"))),
            text(each, "Currency"),
            text(each, "Status"),
        )
        for each in answer.orders
    ]


def _reasons(answer: Answer) -> tuple[str, ...]:
    return tuple(text(order, "Reason") or "" for order in answer.orders or ())
