"""A service whose keys can be guessed and whose payers prove themselves by the end of their personal code."""

from dataclasses import replace

import pytest

from mpay_gateway.domain.language import LocalText
from mpay_gateway.flow.registration import apply_service
from tests.scene.payer import Payer
from tests.scene.waiting import eventually

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
PERSONAL_CODE = "2002004005676"


@pytest.fixture
def gateway(gateway):
    """The fines are protected by the personal code instead of the number plate."""
    fines = gateway.parts.services.get("DEMO02")
    label = LocalText("Ultimele patru cifre ale codului personal")
    apply_service(gateway.parts, replace(fines, second_factor="customer_id_last4", second_factor_label=label))
    eventually(lambda: gateway.parts.services.get("DEMO02").second_factor != fines.second_factor, within=60)
    return gateway


@pytest.fixture
def fine(shop):
    return shop.fine(customer_id=PERSONAL_CODE, plate_number="CDR 482")


def test_the_last_four_digits_open_the_order_and_it_is_paid(gateway, payer, fine, shop, bank):
    form = payer.open("/services/DEMO02")
    assert "Ultimele patru cifre ale codului personal" in form.text
    invoice = payer.send(form, order_key=fine.key, factor=" 56-76 ")
    assert invoice.says("invoice.heading")
    assert PERSONAL_CODE not in invoice.response.text
    started = payer.choose(payer.agree(invoice))
    bank.pay(gateway.payment(started.payment_id).remote_reference)
    assert payer.result(started).says("result.told")


def test_nothing_else_opens_it_and_the_answer_is_that_of_an_unknown_order(gateway, fine):
    """Each try from an address of its own: the limits on guessing are not what is looked at."""
    for place, typed in enumerate(("2002", "676", "CDR 482", PERSONAL_CODE, "0000")):
        guesser = Payer(gateway, address=f"198.51.100.{place}")
        form = guesser.open("/services/DEMO02")
        wrong = guesser.send(form, order_key=fine.key, factor=typed)
        unknown = guesser.send(form, order_key="00000000", factor=typed)
        assert (wrong.status, unknown.status) == (404, 404), typed
        assert wrong.response.text.replace(fine.key, "KEY") == unknown.response.text.replace(
            "00000000", "KEY"
        )
        assert "750" not in wrong.text


def test_an_order_without_a_personal_code_is_opened_by_nothing(payer, shop):
    fine = shop.fine(customer_id="")
    form = payer.open("/services/DEMO02")
    for typed in ("", " ", "-", "None"):
        assert not payer.send(form, order_key=fine.key, factor=typed).says("invoice.heading")
