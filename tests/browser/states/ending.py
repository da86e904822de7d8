"""States of the result page, of the pages that lead to it later, and of the check of receipts."""

from tests.browser.journey import finish, reach_bank
from tests.browser.pages import Find, Invoice, Result, SecondFactor
from tests.browser.states.state import Reach, Scene, State
from tests.browser.window import Window
from tests.scene.waiting import eventually


def _paid(outcome: str, card: str = "approved", kind: str = "several-lines") -> Reach:
    def reach(window: Window, scene: Scene) -> None:
        window.go(scene.paid(outcome, card, kind=kind))

    return reach


def _cancelled(window: Window, scene: Scene) -> None:
    def cancel() -> str:
        bank = reach_bank(scene.helper, scene.stack, scene.stack.shop.order())
        scene.stack.bank.cancel(bank.session)
        return bank.result_address

    window.go(scene.once("cancelled", cancel))


def _not_known(window: Window, scene: Scene) -> None:
    address = scene.once(
        "not known", lambda: reach_bank(scene.helper, scene.stack, scene.stack.shop.order()).result_address
    )
    window.go(address)


def _twice(window: Window, scene: Scene) -> None:
    window.go(scene.once("paid twice", lambda: pay_twice(scene)))


def pay_twice(scene: Scene) -> str:
    """A first payment that the bank declines and then takes after all, when a second one has paid the order."""
    helper, stack = scene.helper, scene.stack
    order = stack.shop.order()
    stack.bank.break_down(callbacks="off")
    try:
        first = reach_bank(helper, stack, order)
        late, session = first.result_address, first.session
        stack.bank.pay(session, "declined-then-captured")
        helper.go(late)
        Result(helper, outcome="declined")
        finish(helper, stack, order)
    finally:
        stack.bank.repair()
    helper.go(late)
    eventually(
        lambda: helper.go(late).text, lambda text: helper.says("result.paid-twice.title") in text, within=30
    )
    return late


def _refused(window: Window, scene: Scene) -> None:
    window.go(scene.once("refused", lambda: be_refused(scene)))


def be_refused(scene: Scene) -> str:
    """A fine that its service refuses to take the money for: it goes back by itself."""
    helper, stack = scene.helper, scene.stack
    fine = stack.shop.fine("confirm-refused")
    helper.go(stack.entrance(fine))
    SecondFactor(helper).enter("Numărul de înmatriculare", fine.detail)
    bank = Invoice(helper).agree().go_on()
    address = bank.result_address
    stack.bank.pay(bank.session, "approved")
    title = helper.says("result.refused-by-service.title")
    eventually(lambda: helper.go(address).text, lambda text: title in text, within=30)
    return address


def _find(window: Window, scene: Scene) -> None:
    window.go(f"{scene.stack.url}/find")


def _find_missing(window: Window, scene: Scene) -> None:
    _find(window, scene)
    Find(window).enter("", "")


def _find_unknown(window: Window, scene: Scene) -> None:
    _find(window, scene)
    Find(window).enter("AAAABBBBCCCCDDDD", "DEMO-26-AAAAAAAAAA")


def _genuine(window: Window, scene: Scene) -> None:
    _check(window, scene, scene.paid("paid"))


def _given_back(window: Window, scene: Scene) -> None:
    _check(window, scene, scene.once("refused", lambda: be_refused(scene)))


def _check(window: Window, scene: Scene, result: str) -> None:
    reference = result.rpartition("/")[2]
    token = scene.stack.look_up("SELECT receipt_token FROM payments WHERE id = ?", reference)
    window.go(f"{scene.stack.url}/check/{token}")


def _false(window: Window, scene: Scene) -> None:
    window.go(f"{scene.stack.url}/check/AAAAAAAAAAAAAAAAAAAAAA")


ENDING = (
    State("result-paid", "result.paid.title", _paid("paid")),
    State("result-paid-not-told", "result.paid.title", _paid("paid", kind="confirm-down")),
    State("result-paid-surplus", "result.paid.title", _paid("paid", "captured-twice")),
    State("result-declined", "result.declined.title", _paid("declined", "insufficient-funds")),
    State("result-cancelled", "result.cancelled.title", _cancelled),
    State("result-not-known", "result.not-known.title", _not_known),
    State("result-being-checked", "result.being-checked.title", _paid("being-checked", "wrong-amount")),
    State("result-paid-twice", "result.paid-twice.title", _twice),
    State("result-refused", "result.refused-by-service.title", _refused),
    State("find", "find.title", _find),
    State("find-missing", "find.title", _find_missing, 422, kept=False),
    State("find-unknown", "find.title", _find_unknown, 404, kept=False),
    State("check-genuine", "check.genuine.title", _genuine),
    State("check-given-back", "check.back.title", _given_back),
    State("check-false", "check.false.title", _false, 404),
)
