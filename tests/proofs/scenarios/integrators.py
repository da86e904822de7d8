"""What integrators ask for: a number is given to an order once, whoever dies meanwhile."""

from tests.proofs.dying import Served
from tests.proofs.stage import Stage, scenario
from tests.scene.integrator import ACCESS, PROXY, Integrator


@scenario(units=("issue-invoice",))
def an_order_gets_its_number_before_its_payer_comes(stage: Stage) -> None:
    stage.prepare(more=ACCESS, proxies=(f"{PROXY}/32",))
    order = stage.shop.order()
    stage.dies(Served(lambda gateway: Integrator(gateway).numbers(order)))
    (number,) = Integrator(stage.gateway).numbers(order)
    stage.payer.pay(order)
    stage.recover()
    stage.assert_paid_once(order)
    assert [each.invoice_id for each in stage.gateway.payments(order.key)] == [number]
