"""What integrators and vendors of POS terminals ask for: done once, whoever dies meanwhile."""

from mpay_gateway.flow.evidence.verification import verify_everything
from mpay_gateway.storage.evidence import POS_TERMINAL
from tests.proofs.dying import Command, Served
from tests.proofs.stage import Stage, scenario
from tests.scene.gateway import Gateway
from tests.scene.integrator import ACCESS, PROXY, VENDOR, Clerk, Integrator


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


@scenario(units=("register-terminal",))
def a_vendor_registers_a_terminal(stage: Stage) -> None:
    """It is registered again, and is one terminal, of which one thing is noted."""
    _prepare(stage)
    stage.dies(Served(_register))
    _register(stage.gateway)
    _assert_noted(stage, "registered")


@scenario(units=("disable-terminal",))
def an_operator_disables_a_terminal(stage: Stage) -> None:
    terminal = _registered(stage)
    disable = ("pos", "disable", terminal, "--reason", "stolen")
    stage.dies(Command(disable))
    stage.mpay(*disable)
    _assert_noted(stage, "registered", "disabled")


@scenario(units=("enable-terminal",))
def an_operator_enables_a_terminal(stage: Stage) -> None:
    terminal = _registered(stage)
    stage.mpay("pos", "disable", terminal, "--reason", "lost")
    stage.dies(Command(("pos", "enable", terminal)))
    stage.mpay("pos", "enable", terminal)
    _assert_noted(stage, "registered", "disabled", "enabled")


def _prepare(stage: Stage) -> None:
    stage.prepare(more=ACCESS + VENDOR, proxies=(f"{PROXY}/32",))


def _register(gateway: Gateway) -> None:
    assert Clerk.of_the_office(gateway).register().status_int == 200


def _registered(stage: Stage) -> str:
    _prepare(stage)
    _register(stage.gateway)
    (terminal,) = stage.gateway.read(lambda work: work.pos_terminals.all())
    return terminal.id


def _assert_noted(stage: Stage, *changes: str) -> None:
    """One terminal, of which these changes are written down, in a chain that holds."""
    (terminal,) = stage.gateway.read(lambda work: work.pos_terminals.all())
    rows = stage.gateway.read(lambda work: work.evidence.of_subject(f"{POS_TERMINAL}{terminal.id}"))
    assert [f'"{change}"' in row.meta for change, row in zip(changes, rows, strict=True)] == [True] * len(
        changes
    )
    assert verify_everything(stage.gateway.parts).problems == ()
