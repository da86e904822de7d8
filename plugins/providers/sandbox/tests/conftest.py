"""What the provider's tests share: settings, a record of evidence, payments, and a plain HTTP client."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import urllib3

from mpay_gateway.api import (
    Direction,
    EvidenceSink,
    HttpAnswer,
    HttpRequest,
    Language,
    MessageMeta,
    Money,
    OutcomeUnknown,
    PaymentId,
    PaymentRequest,
    PaymentToCheck,
    RemoteUnavailable,
    Secret,
)
from mpay_provider_sandbox.settings import SandboxSettings

API_SECRET = "api-secret-of-the-tests"
CALLBACK_SECRET = "callback-secret-of-the-tests"


@dataclass(frozen=True, slots=True)
class Record:
    """Evidence kept in order, as the core would keep it."""

    messages: list[tuple[Direction, bytes, MessageMeta]] = field(default_factory=list)

    def sent(self, body: bytes, meta: MessageMeta) -> None:
        self.messages.append((Direction.SENT, body, meta))

    def received(self, body: bytes, meta: MessageMeta) -> None:
        self.messages.append((Direction.RECEIVED, body, meta))

    @property
    def story(self) -> list[tuple[str, str, int | None]]:
        return [(direction.value, meta.operation, meta.status) for direction, _, meta in self.messages]


class PlainHttp:
    """The HTTP client's contract in little, for loopback."""

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager(retries=False)

    def send(self, request: HttpRequest) -> HttpAnswer:
        try:
            answer = self._pool.request(
                request.method,
                request.url,
                body=request.body or None,
                headers=dict(request.headers),
                redirect=False,
                timeout=urllib3.Timeout(total=request.deadline),
            )
        except urllib3.exceptions.NewConnectionError as error:
            raise RemoteUnavailable(str(error)) from error
        except urllib3.exceptions.HTTPError as error:
            raise OutcomeUnknown(str(error)) from error
        headers = tuple((name.lower(), value) for name, value in answer.headers.items())
        return HttpAnswer(answer.status, headers, answer.data)

    def close(self) -> None:
        self._pool.clear()


@pytest.fixture
def evidence() -> Record:
    return Record()


@pytest.fixture
def settings() -> SandboxSettings:
    return SandboxSettings("https://bank.example", Secret(API_SECRET), Secret(CALLBACK_SECRET))


@pytest.fixture
def make_request(evidence: EvidenceSink) -> Callable[..., PaymentRequest]:
    def make(reference: str = "REF0000000000000001", minor: int = 12_345, **changes: str) -> PaymentRequest:
        return PaymentRequest(
            payment_id=PaymentId("PAYMENT000000001"),
            reference=reference,
            amount=Money.from_minor(minor, "MDL"),
            description=changes.get("description", "Extras din registru, ținut în Chișinău"),
            language=Language.RO,
            return_url=changes.get("return_url", "http://127.0.0.1:1/providers/bank/return"),
            callback_url=changes.get("callback_url", "http://127.0.0.1:1/providers/bank/callback"),
            session_until=datetime.now(UTC) + timedelta(minutes=30),
            details=(),
            evidence=evidence,
        )

    return make


@pytest.fixture
def make_payment(evidence: EvidenceSink) -> Callable[..., PaymentToCheck]:
    def make(
        reference: str = "REF0000000000000001", remote_reference: str = "", minor: int = 12_345
    ) -> PaymentToCheck:
        amount = Money.from_minor(minor, "MDL")
        return PaymentToCheck(PaymentId("PAYMENT000000001"), reference, remote_reference, amount, evidence)

    return make
