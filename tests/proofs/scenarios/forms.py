"""Orders that the form connector keeps: stored before anybody is shown them, paid once."""

from mpay_gateway.domain.payment import DeliveryState
from mpay_gateway.storage.tasks import TaskKind
from tests.proofs.dying import Served, Worker
from tests.proofs.stage import Stage, scenario
from tests.scene.form_records import form_records, stored_order
from tests.scene.forms import CHILD, KINDERGARTEN, fill_in, order_key, register_forms
from tests.scene.payer import Payer


@scenario(units=("put-record",))
def a_form_makes_an_order(stage: Stage) -> None:
    """The browser sends it again and is shown the order that it made then; one that nobody was shown harms nobody."""
    register_forms(stage.gateway)
    shown = []
    stage.dies(Served(lambda gateway: shown.append(fill_in(Payer(gateway), **CHILD))))
    kept = form_records(stage.gateway, f"order/{KINDERGARTEN}/")
    assert len(kept) == (2 if stage.point == "put-record:after-commit" else 1)
    assert stored_order(stage.gateway, KINDERGARTEN, order_key(stage.gateway, shown[0]))["paid"] is None


@scenario(units=("put-record",))
def an_order_of_a_form_is_told_that_it_is_paid(stage: Stage) -> None:
    """Told again by whoever comes next, it is paid by the same payment, and listed once."""
    register_forms(stage.gateway)
    payer = stage.payer
    invoice = fill_in(payer, **CHILD)
    started = payer.choose(payer.agree(invoice))
    stage.bank.pay(stage.gateway.payment(started.payment_id).remote_reference)
    stage.hurry(TaskKind.RECHECK, started.payment_id)
    stage.dies(Worker())
    stage.recover()
    delivery = stage.gateway.delivery(started.payment_id)
    assert delivery is not None
    assert delivery.state is DeliveryState.CONFIRMED
    order = stored_order(stage.gateway, KINDERGARTEN, order_key(stage.gateway, invoice))
    assert order["paid"]["payment_id"] == started.payment_id  # type: ignore[index]
    assert len(form_records(stage.gateway, "paid/")) == 1
