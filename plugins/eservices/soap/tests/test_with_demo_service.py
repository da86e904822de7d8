"""The connector against the demo e-Service, whose signatures are another implementation than ours."""

import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from mpay_eservice_soap import ConnectorSettings, SoapConnector
from mpay_gateway.api import (
    Confirmation,
    ConfirmationLine,
    ConfirmationToDeliver,
    InvalidAnswer,
    Language,
    Order,
    OrderKey,
    OrderQuery,
    OutcomeUnknown,
    PaymentId,
    PluginContext,
    RemoteRefused,
    ServiceId,
)

SLOW_SECONDS = 5
TIMEOUT_SECONDS = 3.5


@contextmanager
def demo_service(folder: Path, *options: str) -> Iterator[str]:
    """Run the demo e-Service on a free port; its address."""
    command = [
        sys.executable, "-m", "demo_service.cli", "--port", "0", "--test-controls",
        "--slow-seconds", str(SLOW_SECONDS), "--database", str(folder / "demo.sqlite"),
        "--gateway-certificate", str(folder / "gateway.pem"),
        "--key", str(folder / "service.key"), "--certificate", str(folder / "service.pem"), *options,
    ]  # fmt: skip
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found, (folder / "log").read_text()
            yield found.group(0)
        finally:
            process.terminate()
            process.wait(10)


@dataclass
class Shop:
    """The demo e-Service and the connector that is registered for it."""

    address: str
    connector: SoapConnector
    service: object
    evidence: object
    confirmation: Confirmation

    def order(self, kind: str) -> str:
        """Place an order of this kind; its key."""
        request = urllib.request.Request(
            f"{self.address}/test/orders",
            json.dumps({"kind": kind, "amount": "150.00"}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["order_key"]

    def told(self, key: str) -> list[dict]:
        """What the shop was told about an order."""
        with urllib.request.urlopen(f"{self.address}/test/confirmations.json?order_key={key}") as answer:
            return json.load(answer)

    def look_up(self, key: str):
        query = OrderQuery(self.service.id, OrderKey(key), Language.EN, self.evidence)
        return self.connector.mpay_lookup_orders(service=self.service, query=query)

    def confirm(self, order: Order):
        confirmation = replace(
            self.confirmation,
            payment_id=PaymentId(f"P-{order.order_key}"),
            service_id=self.service.id,
            order_key=order.order_key,
            total=order.total_due,
            lines=tuple(
                ConfirmationLine(each.line_id, each.amount_due, each.account) for each in order.lines
            ),
        )
        to_deliver = ConfirmationToDeliver(confirmation, 1, self.evidence)
        return self.connector.mpay_deliver_confirmation(service=self.service, confirmation=to_deliver)


@pytest.fixture
def open_shop(tmp_path_factory, gateway_keys, service_keys, wire):
    """Start the demo e-Service with options and register it."""

    @contextmanager
    def start(*options: str) -> Iterator[Shop]:
        folder = tmp_path_factory.mktemp("shop")
        (folder / "gateway.pem").write_bytes(gateway_keys.certificate_pem)
        (folder / "service.key").write_bytes(service_keys.key_pem)
        (folder / "service.pem").write_bytes(service_keys.certificate_pem)
        context = PluginContext(
            "soap", wire.http(), wire.system_time(), gateway_keys.key_pem, gateway_keys.certificate_pem
        )
        with demo_service(folder, *options) as address:
            service = wire.service(
                service_keys.certificate_pem,
                url=f"{address}/ServiceProvider.svc",
                timeout_seconds=TIMEOUT_SECONDS,
            )
            yield Shop(
                address,
                SoapConnector(context, ConnectorSettings()),
                replace(service, id=ServiceId("DEMO01")),
                wire.evidence(),
                wire.confirmation(),
            )

    return start


@pytest.mark.parametrize("key_info", ["issuer-serial", "ski", "embedded", "bst"])
def test_four_key_info_forms_and_both_algorithms(open_shop, key_info):
    algorithm = "rsa-sha256" if key_info in {"ski", "bst"} else "rsa-sha1"
    with open_shop("--key-info", key_info, "--algorithm", algorithm) as shop:
        key = shop.order("several-lines")
        (order,) = shop.look_up(key).orders
        assert order.order_key == key
        shop.confirm(order)
        shop.confirm(order)
        assert [each["order_key"] for each in shop.told(key)] == [key, key]
        assert len({line.account.iban for line in order.lines}) > 1


def test_the_kinds_of_orders(open_shop):
    with open_shop() as shop:
        for kind in ("empty", "nil", "unknown-order", "invalid-parameter", "internal-error"):
            assert shop.look_up(shop.order(f"not-found-{kind}")).orders == (), kind
        assert len(shop.look_up(shop.order("several-orders")).orders) > 1
        assert shop.look_up(shop.order("amount-unknown")).orders[0].total_due is None
        assert shop.look_up(shop.order("partial")).orders[0].partial_allowed
        assert not shop.look_up(shop.order("expired")).orders[0].status.payable
        odd = {each.code for each in shop.look_up(shop.order("deviation-rich")).deviations}
        assert odd == {"spelling", "misplaced-member", "unknown-member", "account-as-text"}


def test_how_the_service_fails(open_shop):
    with open_shop() as shop:
        for kind, error in {
            "slow": OutcomeUnknown,
            "down": OutcomeUnknown,
            "html": InvalidAnswer,
            "unsigned": InvalidAnswer,
        }.items():
            with pytest.raises(error):
                shop.look_up(shop.order(kind))


def test_how_a_confirmation_fails(open_shop):
    with open_shop() as shop:
        for kind, error, permanent in (
            ("confirm-refused", RemoteRefused, True),
            ("confirm-fault-unsigned", RemoteRefused, False),
            ("confirm-unsigned", InvalidAnswer, None),
            ("confirm-html", InvalidAnswer, None),
            ("confirm-down", OutcomeUnknown, None),
            ("confirm-timeout-after-effect", OutcomeUnknown, None),
        ):
            (order,) = shop.look_up(shop.order(kind)).orders
            with pytest.raises(error) as refused:
                shop.confirm(order)
            assert getattr(refused.value, "permanent", None) is permanent, kind
