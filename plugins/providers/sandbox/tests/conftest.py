"""What the provider's tests share: settings, payments and their evidence."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from mpay_gateway.api import (
    EvidenceSink,
    Language,
    Money,
    PaymentId,
    PaymentRequest,
    PaymentToCheck,
    Secret,
)
from mpay_provider_sandbox.settings import SandboxSettings
from plugins.providers.sandbox.tests.doubles import API_SECRET, CALLBACK_SECRET, Record


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
