"""The traps of the contract (section 9) that take a payer and his money, one test each.

Those that a message can hold are in `plugins/eservices/soap/tests/test_traps.py`.
"""

from mpay_gateway.domain.language import Language
from mpay_gateway.domain.payment import DeliveryState
from mpay_gateway.texts.local_format import format_datetime
from tests.scene.commands import mpay
from tests.scene.payer import says

IDNP = "2002004005676"


def moment(payment):
    """When the money was taken, as the page writes it."""
    return format_datetime(payment.captured_at, Language.RO)


def due_of(gateway, page):
    snapshot = gateway.payment(page.payment_id).snapshot_id
    return format_datetime(gateway.read(lambda work: work.snapshots.get(snapshot).order.due_at), Language.RO)


def label(page, name):
    """The id of the input with this label."""
    (found,) = [
        each.get("for") for each in page.html.xpath("//label") if each.text_content().strip().startswith(name)
    ]
    return found


def test_trap_ho_prefix(payer, shop):
    """What belongs to the whole order comes back with the prefix, what belongs to a line comes back in it."""
    order = shop.order("fill-in")
    invoice = payer.arrive(order)
    filled = {
        label(invoice, says("fill.customer")): "AB 123456",
        label(invoice, "Telefon"): "069 123 456",
        label(invoice, "IDNP-ul proprietarului"): IDNP,
        label(invoice, "Numărul de exemplare"): "2",
        label(invoice, "Cine primește documentul"): "Ana",
    }
    started = payer.choose(payer.agree(invoice, **filled))
    payer.gateway.counterparts.bank.pay(payer.gateway.payment(started.payment_id).remote_reference)
    assert payer.result(started).says("result.told")
    (told,) = shop.confirmations(order)
    own = {each["name"]: each["value"] for each in told["properties"]}
    assert own["HO:CustomerID"] == "AB123456"
    assert own["HO:Telephone"] == "069 123 456"
    assert own["HO:OwnerCode"] == IDNP
    assert own["HO:Copies"] == "2"
    assert own["HO:Source"] == "web"
    assert "HO:TaxCode" not in own
    of_line = {each["name"]: each["value"] for each in told["lines"][0]["properties"]}
    assert of_line["Recipient"] == "Ana"


def test_trap_an_expired_order_confirmed_after_its_due_date(gateway, payer, shop):
    """Refused for ever, with a way out: an operator sees who must act, and sends it again when that is done."""
    order = shop.order("confirm-expired")
    page = payer.pay(order)
    delivery = gateway.delivery(page.payment_id)
    assert delivery.state is DeliveryState.PARKED
    assert page.says("fault.means.InvoiceExpired")
    shown = mpay(gateway, "delivery", "show", delivery.id)
    assert "The service says that the order has expired." in shown
    assert "the service" in shown
    assert "paid in time" in shown
    assert page.says(
        "fault.in_time", paid=moment(gateway.payment(page.payment_id)), due=due_of(gateway, page)
    )
    token = mpay(gateway, "operator", "add", "ana").strip()
    shop.change(order, "one-line")
    mpay(gateway, "delivery", "retry", delivery.id, "--operator", "ana", token=token)
    gateway.work()
    assert payer.result(page).says("result.told")


def test_trap_an_array_with_more_than_one_order(gateway, payer, shop):
    """Each is chosen, read, paid and confirmed under its own key; the others stay due."""
    group = shop.order("several-orders")
    choice = payer.arrive(group)
    assert choice.heading == says("orders.title")
    keys = [str(each) for each in choice.html.xpath("//input[@name='order']/@value")]
    assert len(keys) == 2
    assert group.key not in keys
    invoice = payer.send(choice, "/order", order=keys[1])
    started = payer.choose(payer.agree(invoice))
    gateway.counterparts.bank.pay(gateway.payment(started.payment_id).remote_reference)
    result = payer.result(started)
    assert result.says("result.told")
    assert [each["order_key"] for each in shop.all_confirmations() if each["order_key"] in keys] == [keys[1]]
    again = payer.open(result.link(f"/pay/{choice.token}"))
    first, second = again.html.xpath("//input[@name='order']")
    assert (first.get("disabled"), second.get("disabled")) == (None, "disabled")


def test_trap_an_order_whose_amount_changed_between_showing_and_paying(gateway, payer, shop):
    order = shop.order("amount-changes")
    changed = payer.agree(payer.arrive(order))
    assert changed.says("invoice.changed_title")
    assert gateway.payments(order.key) == ()
    started = payer.choose(payer.agree(changed))
    assert gateway.payment(started.payment_id).amount.amount == 175
