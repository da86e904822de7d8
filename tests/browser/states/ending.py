"""States of the result page, of the pages that lead to it later, and of the check of receipts."""

from tests.browser.journey import finish, reach_bank
from tests.browser.pages import Find, Invoice, Result, SecondFactor
from tests.browser.states.state import Reach, Scene, State
from tests.browser.window import Window
from tests.browser.words import OFFICE
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


def _refused_and_returned(window: Window, scene: Scene) -> None:
    """The same when the bank has confirmed that the money is on its way."""
    address = scene.once("refused", lambda: be_refused(scene))
    due = window.says("result.back_due")
    eventually(lambda: window.go(address).text, lambda text: due not in text, within=60)


def _given_back_by_bank(window: Window, scene: Scene) -> None:
    """The bank took the money and returned it by itself, before the gateway heard of either."""

    def be_charged_back() -> str:
        bank = reach_bank(scene.helper, scene.stack, scene.stack.shop.order())
        scene.stack.bank.break_down(callbacks="off")
        try:
            scene.stack.bank.pay(bank.session, "charged-back")
            eventually(lambda: _reversals(scene, bank.session), within=30)
        finally:
            scene.stack.bank.repair()
        return bank.result_address

    window.go(scene.once("charged back", be_charged_back))


def _reversals(scene: Scene, session: str) -> object:
    sessions = scene.stack.bank.books()["sessions"]
    return next(each["reversals"] for each in sessions if each["session_id"] == session)  # type: ignore[attr-defined]


def _parked(window: Window, scene: Scene) -> None:
    """Paid after its due date: the service refuses the notice of it, and people settle that."""
    address = scene.paid("paid", kind="confirm-expired")
    text = window.says("result.parked_text", service=OFFICE[window.language])
    eventually(lambda: window.go(address).text, lambda shown: text in shown, within=30)


def _expired(window: Window, scene: Scene) -> None:
    """The bank's session lasts half an hour, so the end of it is written into the database."""

    def expire() -> str:
        address = reach_bank(scene.helper, scene.stack, scene.stack.shop.order()).result_address
        payment = address.rpartition("/")[2]
        scene.stack.write("UPDATE payments SET state = 'expired' WHERE id = ?", payment)
        return address

    window.go(scene.once("expired", expire))


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
    State("result-refused-and-returned", "result.refused-by-service.title", _refused_and_returned),
    State("result-given-back", "result.given-back.title", _given_back_by_bank),
    State("result-paid-parked", "result.paid.title", _parked),
    State("result-expired", "result.expired.title", _expired),
    State("find", "find.title", _find),
    State("find-missing", "find.title", _find_missing, 422, kept=False),
    State("find-unknown", "find.title", _find_unknown, 404, kept=False),
    State("check-genuine", "check.genuine.title", _genuine),
    State("check-given-back", "check.back.title", _given_back),
    State("check-false", "check.false.title", _false, 404),
)
