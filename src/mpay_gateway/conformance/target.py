"""What is tested, with which keys, and by which limits."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509

from mpay_gateway.conformance.identity import Identity
from mpay_gateway.conformance.messages import Contract
from mpay_gateway.conformance.transport import Timeouts


@dataclass(frozen=True, slots=True)
class Limits:
    """What the contract and its guide allow: how long an answer may take, how far clocks may differ.

    `run` is ours: what is left when it is over is not run.
    """

    answer: timedelta = timedelta(seconds=5)
    clock: timedelta = timedelta(seconds=60)
    run: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Target:
    """One service. `order_keys` are only read; orders of `pay_order_keys` may be paid.

    `certificates` are the service's; `gateway` signs requests, and the service must trust its certificate.
    `contract`: by which it was built, and is asked.
    """

    url: str
    service_id: str
    order_keys: tuple[str, ...]
    certificates: tuple[x509.Certificate, ...]
    gateway: Identity
    pay_order_keys: tuple[str, ...] = ()
    limits: Limits = Limits()
    timeouts: Timeouts = Timeouts()
    ca_file: Path | None = None
    contract: Contract = Contract.GUIDE_1_3
