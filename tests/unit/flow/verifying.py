"""A history that is sealed, and the look at it."""

import pytest

from mpay_gateway.domain.payment import Payment
from mpay_gateway.flow.audit.audit_verification import Report, Terms, trusted_signatories, verify_audit
from mpay_gateway.flow.audit.seal_verification import Problem
from mpay_gateway.flow.audit.sealing import Sealing, seal_now
from tests.unit.flow.scripted import ScriptedGateway
from tests.unit.flow.tampering import by_hand


@pytest.fixture
def paid(gateway: ScriptedGateway) -> Payment:
    """A payment of which two seals tell, between those of others."""
    gateway.pay("ORDER-A")
    payment = gateway.start("ORDER-1")
    seal(gateway)
    payment = gateway.capture(payment)
    seal(gateway)
    gateway.pay("ORDER-B")
    seal(gateway)
    return payment


def seal(gateway: ScriptedGateway) -> None:
    sealing = Sealing.of(gateway.parts.units, gateway.clock, gateway.parts.settings)
    assert seal_now(sealing, process="test")


def verify(gateway: ScriptedGateway, **terms: object) -> Report:
    asked = {"trusted": trusted_signatories(gateway.parts.settings)} | terms
    return verify_audit(gateway.parts.units, Terms(gateway.clock.now(), **asked))  # type: ignore[arg-type]


def problem(gateway: ScriptedGateway, **terms: object) -> Problem:
    (found,) = verify(gateway, **terms).problems
    return found


def remove_seal(gateway: ScriptedGateway, number: int) -> None:
    by_hand(
        gateway,
        "DELETE FROM seal_heads WHERE seal_number = :n",
        "DELETE FROM seals WHERE number = :n",
        n=number,
    )
