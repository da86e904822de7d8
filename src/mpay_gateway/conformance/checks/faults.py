"""FLT: how the service says no, and how it takes what is no request."""

import re
from collections.abc import Iterator
from typing import Final

from mpay_gateway.conformance import names, schema, tampering
from mpay_gateway.conformance.answer import Answer, Fault, children
from mpay_gateway.conformance.bench import Bench
from mpay_gateway.conformance.caller import NotRun, Way
from mpay_gateway.conformance.checks.judging import answered, is_orderly
from mpay_gateway.conformance.checks.lookup import of_unknown_service
from mpay_gateway.conformance.seal import Flaw
from mpay_gateway.conformance.transport import SOAP_TYPE, Sent
from mpay_gateway.conformance.verdict import Checks, Severity

CHECKS = Checks("faults")
_TRACES: Final = re.compile(
    r"Traceback \(most recent|^\s+at [\w.$<>]+\(|System\.\w+Exception|java\.\w+\.|javax\.\w+\.|org\.\w+\.\w+\.|SQLSTATE|ORA-\d{5}|"
    r"File \"[^\"]+\", line \d+|(?<![\w.:/\"'=])/(?:usr|var|home|opt|srv|app)/[\w./-]+\.\w{1,5}\b|[A-Z]:\\\\?\w+\\",
    re.MULTILINE,
)


def _invalid(bench: Bench) -> Answer:
    """The answer to a query without OrderKey, asked once."""
    bench.found_accepts()
    payload = bench.asking(None)
    answer = bench.once(
        "invalid", lambda: bench.call(names.LOOKUP, payload, said=f"{names.LOOKUP} without OrderKey")
    )
    answered(answer)
    return answer


def _fault(bench: Bench) -> tuple[Answer, Fault]:
    """A fault that the service itself raises: a message without a member may not get as far as that."""
    answer = of_unknown_service(bench)
    if answer.fault is None:
        raise NotRun(f"an unknown ServiceID brought no fault: {answer.summary}")
    return answer, answer.fault


@CHECKS.add(
    "FLT-01", "A query without OrderKey is answered in order", Severity.INTEROPERABILITY,
    contract="A member that is missing is InvalidParameter (section 5); nothing is found without a key.",
    mend="Check the members first and answer the fault InvalidParameter.",
)  # fmt: skip
def missing_key(bench: Bench) -> Iterator[str]:
    answer = _invalid(bench)
    if not is_orderly(answer):
        yield answer.summary


@CHECKS.add(
    "FLT-02", "Fault codes are the guide's", Severity.INTEROPERABILITY,
    contract=f"faultcode is {', '.join(schema.FAULT_CODES[:8])}, InvoiceAlreadyPaid or InvoiceExpired, with or without a prefix (section 5).",
    mend="Raise faults with these codes, not Client, Server or a framework's own.",
)  # fmt: skip
def known_code(bench: Bench) -> Iterator[str]:
    _, fault = _fault(bench)
    if fault.code not in schema.FAULT_CODES:
        yield f"faultcode is {fault.code!r}"


@CHECKS.add(
    "FLT-03", "A fault says why", Severity.ADVICE,
    contract="Reasons are in plain English; a Romanian translation is advised (section 5).",
    mend="Name the member and what is wrong with it: the gateway's operators read it.",
)  # fmt: skip
def has_reason(bench: Bench) -> Iterator[str]:
    _, fault = _fault(bench)
    if not fault.reason.strip():
        yield "faultstring is empty"


@CHECKS.add(
    "FLT-04", "A fault has SOAP 1.1's form", Severity.INTEROPERABILITY,
    contract="faultcode and faultstring, without a namespace, in this order (SOAP 1.1, section 4.4).",
    mend="Let your SOAP library write the fault.",
)  # fmt: skip
def fault_form(bench: Bench) -> Iterator[str]:
    _, fault = _fault(bench)
    tags = [str(child.tag) for child in children(fault.element)]
    if tags[:2] != ["faultcode", "faultstring"]:
        yield f"the fault holds {', '.join(tags)}"


@CHECKS.add(
    "FLT-05", "A fault travels with HTTP status 500", Severity.ADVICE,
    contract="SOAP 1.1 sends faults with 500 (section 6.2); 200 occurs, and the gateway looks at the Body (section 4).",
    mend="Answer 500 with a fault, so that monitors see it.",
)  # fmt: skip
def fault_status(bench: Bench) -> Iterator[str]:
    answer, _ = _fault(bench)
    if answer.received.status != 500:
        yield f"the fault came with HTTP {answer.received.status}"


@CHECKS.add(
    "FLT-06", "A fault is signed", Severity.ADVICE,
    contract="Faults may be signed or not (section 4); what an unsigned one refuses is asked again, and money waits for an operator.",
    mend="Sign faults as you sign results.",
)  # fmt: skip
def fault_signed(bench: Bench) -> Iterator[str]:
    answer, _ = _fault(bench)
    if bench.seal(bench.found()).has(Flaw.NOT_SIGNED):
        raise NotRun("no answer is signed: SIG-01")
    known = {problem.flaw for problem in bench.seal(bench.found()).problems}
    yield from (problem.detail for problem in bench.seal(answer).problems if problem.flaw not in known)


@CHECKS.add(
    "FLT-07", "Faults tell nothing of the inside", Severity.SECURITY,
    contract="Reasons are plain English for operators (section 5): no stack traces, paths or statements of the database.",
    mend="Switch includeExceptionDetailInFaults and debug pages off.",
)  # fmt: skip
def no_trace(bench: Bench) -> Iterator[str]:
    for answer in (_invalid(bench), _unbelieved(bench), _malformed(bench)):
        found = _TRACES.search(answer.body.decode("utf-8", "replace"))
        if found:
            yield f"after {answer.said}: {found[0].strip()!r}"
        bench.need_life(answer)


@CHECKS.add(
    "FLT-08", "What is no XML is refused, and does no harm", Severity.INTEROPERABILITY,
    contract="What cannot be read is no request; the next one is served all the same.",
    mend="Answer a fault or 400, or close the connection.",
)  # fmt: skip
def malformed(bench: Bench) -> Iterator[str]:
    bench.found_accepts()
    answer = _malformed(bench)
    if answer.orders is not None or answer.is_confirmed:
        yield f"half a message was served: {answer.summary}"
    after = bench.look_up_with()
    if not after.orders:
        yield f"the correct request after it was not served: {after.summary}"


@CHECKS.add(
    "FLT-09", "An operation that does not exist is a fault", Severity.INTEROPERABILITY,
    contract="IServiceProvider has two operations (section 1).",
    mend="Answer a fault to any other element in the Body.",
)  # fmt: skip
def other_operation(bench: Bench) -> Iterator[str]:
    bench.found_accepts()
    payload = f'<CancelOrder xmlns="{names.CONTRACT}"/>'
    answer = bench.call("CancelOrder", payload, said="CancelOrder, which is no operation")
    answered(answer)
    if answer.fault is None and answer.received.status < 400:
        yield f"CancelOrder: {answer.summary}"
    bench.need_life(answer)


@CHECKS.add(
    "FLT-10", "A message that is not believed is AuthenticationFailed", Severity.ADVICE,
    contract="AuthenticationFailed is the guide's code for it (section 5); one code for every reason tells a forger nothing.",
    mend="Answer AuthenticationFailed whatever was wrong, and write the reason into your log.",
)  # fmt: skip
def not_believed(bench: Bench) -> Iterator[str]:
    answer = _unbelieved(bench)
    if answer.orders is not None:
        raise NotRun("an unsigned request was served: SIG-20")
    if answer.fault is None or answer.fault.code not in ("AuthenticationFailed", "AuthorizationFailed"):
        yield answer.summary


@CHECKS.add(
    "FLT-11", "An empty query is answered in order", Severity.INTEROPERABILITY,
    contract="query may be left out or nil by the schema (section 1): it asks for nothing.",
    mend="Check query for null before you read its members.",
)  # fmt: skip
def nil_query(bench: Bench) -> Iterator[str]:
    bench.found_accepts()
    payload = f'<GetOrderDetails xmlns="{names.CONTRACT}"><query xmlns:i="{names.XSI}" i:nil="true"/></GetOrderDetails>'
    answer = bench.call(names.LOOKUP, payload, said=f"{names.LOOKUP} with a nil query")
    answered(answer)
    if not is_orderly(answer):
        yield f"a nil query: {answer.summary}"


@CHECKS.add(
    "FLT-12", "SOAPAction alone makes no confirmation", Severity.SECURITY,
    contract="Data is read only from what was verified (section 4); SOAPAction is not signed, so it decides nothing by itself.",
    mend="Dispatch by the signed Body, or refuse a SOAPAction that names another operation.",
)  # fmt: skip
def other_action(bench: Bench) -> Iterator[str]:
    bench.found_accepts()
    way = Way("under the SOAPAction of ConfirmOrderPayment", action=f'"{names.action_of(names.CONFIRM)}"')
    answer = bench.look_up_with(way)
    answered(answer)
    if answer.is_confirmed:
        yield f"a lookup was taken for a payment: {answer.summary}"
    bench.need_life(answer)


def _malformed(bench: Bench) -> Answer:
    """Half a message, sent once."""

    def send() -> Answer:
        half = bench.found().sent.body
        headers = {"Content-Type": SOAP_TYPE, "SOAPAction": f'"{names.action_of(names.LOOKUP)}"'}
        return bench.exchange(
            Sent("POST", bench.target.url, headers, half[: len(half) // 2]), "half a message"
        )

    return bench.once("malformed", send)


def _unbelieved(bench: Bench) -> Answer:
    """An unsigned lookup, sent once."""
    bench.found_accepts()
    return bench.once("unbelieved", lambda: bench.look_up_with(Way("unsigned", make=tampering.unsigned)))
