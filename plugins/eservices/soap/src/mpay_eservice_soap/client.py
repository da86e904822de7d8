"""One signed exchange with a service: the only module that lets bytes out."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml import etree

from mpay_eservice_soap.deviations import envelope_deviations, fault_deviations, http_deviations
from mpay_eservice_soap.faults import unsigned_refusal
from mpay_eservice_soap.operations import Operation
from mpay_eservice_soap.settings import ServiceSettings
from mpay_eservice_soap.texts import for_a_log
from mpay_gateway.api import (
    ConfigurationError,
    Deviation,
    EvidenceSink,
    HttpAnswer,
    HttpRequest,
    InvalidAnswer,
    MessageMeta,
    PluginContext,
    Proof,
)
from mpay_gateway.wssecurity import (
    Fault,
    MessageKind,
    Refused,
    SigningKey,
    UnusableKey,
    VerificationPolicy,
    Verified,
    fault_of,
    read_unsigned_fault,
    sign,
    verify,
)

CONTENT_TYPE = "text/xml; charset=utf-8"
LARGEST_ANSWER = 1 << 20


@dataclass(frozen=True, slots=True)
class Exchange:
    """A message to send, unsigned, and where the bytes of this exchange are kept."""

    operation: Operation
    envelope: etree._Element
    evidence: EvidenceSink


@dataclass(frozen=True, slots=True)
class SignedReply:
    """The operation's own reply, verified. `skew`: the service's clock minus ours.

    `deviations`: of the envelope and of how it travelled.
    """

    element: etree._Element
    skew: timedelta
    proof: Proof
    deviations: tuple[Deviation, ...] = ()


@dataclass(frozen=True, slots=True)
class SignedFault:
    """A fault that the service signed."""

    fault: Fault
    skew: timedelta
    proof: Proof
    deviations: tuple[Deviation, ...] = ()


class SoapClient:
    """Signs, sends, keeps, verifies. Safe to use from many threads."""

    def __init__(self, context: PluginContext) -> None:
        """Load the gateway's key once.

        Raises: ConfigurationError when there is no key and certificate to sign with.
        """
        self._http = context.http
        self._clock = context.clock
        try:
            self._key = SigningKey.load(context.signing_key_pem, context.signing_certificate_pem)
        except UnusableKey as error:
            problem = f"[gateway] signing_key, signing_certificate (connector {context.id}): {error}"
            raise ConfigurationError((problem,)) from error

    def call(self, exchange: Exchange, settings: ServiceSettings) -> SignedReply | SignedFault:
        """Send the message and return what the service signed.

        Raises: RemoteUnavailable, OutcomeUnknown; RemoteRefused (never permanent) for a fault that is not
        authentic; InvalidAnswer for any other answer that is not a signed, fresh reply to this operation.
        """
        sent_at = self._clock.now()
        message = sign(exchange.envelope, self._key, at=sent_at, algorithm=settings.signature)
        exchange.evidence.sent(message, _meta_of_request(exchange.operation, settings))
        answer = self._http.send(_request(exchange.operation, message, settings))
        exchange.evidence.received(answer.body, _meta_of_answer(exchange.operation, answer, settings))
        verified = self._verify(answer, settings)
        _check_newer(verified, sent_at - settings.tolerance)
        proof = Proof(verified.signed_digest, verified.lifetime.end + settings.tolerance)
        deviations = _deviations(answer, verified)
        if verified.is_fault:
            fault = fault_of(verified.body_element)
            return SignedFault(
                fault, verified.skew, proof, deviations + fault_deviations(for_a_log(fault.code, 40))
            )
        _check_operation(verified.body_element, exchange.operation)
        return SignedReply(verified.body_element, verified.skew, proof, deviations)

    def _verify(self, answer: HttpAnswer, settings: ServiceSettings) -> Verified:
        policy = VerificationPolicy(
            at=self._clock.now(),
            kind=MessageKind.RESPONSE,
            tolerance=settings.tolerance,
            accepted=frozenset(settings.accept_signatures),
            ignore_whitespace=settings.ignore_whitespace,
            max_bytes=LARGEST_ANSWER,
        )
        try:
            return verify(answer.body, settings.trusted, policy)
        except Refused as refusal:
            if (fault := read_unsigned_fault(answer.body)) is not None:
                raise unsigned_refusal(fault, _how_it_travelled(answer, is_fault=True)) from refusal
            raise InvalidAnswer(f"{refusal} ({_seen(answer)})") from refusal


def _deviations(answer: HttpAnswer, verified: Verified) -> tuple[Deviation, ...]:
    return (
        *envelope_deviations(
            verified.body_element, verified.skew, whitespace_ignored=verified.whitespace_ignored
        ),
        *_how_it_travelled(answer, is_fault=verified.is_fault),
    )


def _how_it_travelled(answer: HttpAnswer, *, is_fault: bool) -> tuple[Deviation, ...]:
    return http_deviations(answer.status, for_a_log(answer.header("content-type")), is_fault=is_fault)


def _check_newer(verified: Verified, earliest: datetime) -> None:
    """Refuse a genuine message that was made before our question.

    A copy of an earlier answer would be fresh for minutes by its own timestamp. It could show an amount of
    then, or refuse a confirmation with a fault that was meant for another one.
    """
    if verified.lifetime.created < earliest:
        skew = f"{verified.skew.total_seconds():+.1f} s"
        raise InvalidAnswer(f"the answer is older than its question: its clock and ours differ by {skew}")


def _check_operation(element: etree._Element, operation: Operation) -> None:
    if element.tag != operation.reply:
        raise InvalidAnswer(f"{for_a_log(str(element.tag), 120)} does not answer {operation.value}")


def _request(operation: Operation, message: bytes, settings: ServiceSettings) -> HttpRequest:
    headers = (
        ("Content-Type", CONTENT_TYPE),
        ("SOAPAction", f'"{operation.action}"'),
        ("Accept", "text/xml"),
        ("Accept-Encoding", "identity"),
    )
    return HttpRequest(
        method="POST",
        url=settings.url,
        headers=headers,
        body=message,
        deadline=settings.timeout_seconds,
        largest_answer=LARGEST_ANSWER,
    )


def _meta_of_request(operation: Operation, settings: ServiceSettings) -> MessageMeta:
    return MessageMeta(
        operation=operation.value,
        content_type=CONTENT_TYPE,
        address=settings.url,
        notes=(("signature", settings.signature.value),),
    )


def _meta_of_answer(operation: Operation, answer: HttpAnswer, settings: ServiceSettings) -> MessageMeta:
    return MessageMeta(
        operation=operation.value,
        content_type=for_a_log(answer.header("content-type")),
        address=settings.url,
        status=answer.status,
    )


def _seen(answer: HttpAnswer) -> str:
    kind = for_a_log(answer.header("content-type"), 40) or "no content type"
    return f"HTTP {answer.status}, {kind}, {len(answer.body)} bytes"
