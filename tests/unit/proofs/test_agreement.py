"""The comparison of all books sees each way in which money can be lost or counted twice."""

from dataclasses import replace

import pytest

from tests.proofs.fleet.agreement import (
    BankSession,
    Books,
    KioskMoney,
    OurPayment,
    OurReversal,
    ServiceOrder,
    Told,
    disagreements,
)
from tests.proofs.fleet.pages import expected

CARD = OurPayment(
    "P1", "R1", "bank", "S", "O1", "captured", captures=frozenset({("t1", 100)}),
    claimed=frozenset({("t1", 100)}), delivery="confirmed",
)  # fmt: skip
"""Paid by card, and confirmed."""
BACK = OurPayment(
    "P2", "R2", "bank", "S", "O1", "captured", captures=frozenset({("t2", 100)}),
    reversals=(OurReversal("rev-2", 100, done=True),),
)  # fmt: skip
"""Came too late for the same order, and went back."""
CASH = OurPayment(
    "P3", "R3", "kiosk-network", "S", "O2", "captured", captures=frozenset({("77", 50)}),
    claimed=frozenset({("77", 50)}), delivery="confirmed",
)  # fmt: skip
VOID = OurPayment(
    "P4", "R4", "hold", "S", "O3", "cancelled", reversals=(OurReversal("void-4", 100, done=True),)
)
REFUNDED = replace(
    CARD, id="P6", reference="R6", order_key="O6", captures=frozenset({("t6", 100)}),
    claimed=frozenset({("t6", 100)}), refunds=(OurReversal("ref-6", 100, done=True),),
)  # fmt: skip
"""Paid, confirmed, and given back once the service had released the debt."""
SESSIONS = (
    BankSession("R1", "captured", (("t1", 100),)),
    BankSession("R2", "reversed", (("t2", 100),), (("rev-2", 100),)),
    BankSession("R4", "cancelled", (), (("void-4", 100),), frozenset({"void-4"})),
    BankSession("R6", "reversed", (("t6", 100),), (("ref-6", 100),)),
)
ORDERS = (
    ServiceOrder("O1", 100, 100, (("P1", 100),), "paid"),
    ServiceOrder("O2", 50, 50, (("P3", 50),), "paid"),
    ServiceOrder("O6", 100, 100, (("P6", 100),), "refunded"),
)
TOLD = (
    Told("P1", "O1", "c1", "applied"),
    Told("P1", "O1", "c1", "repeat"),
    Told("P3", "O2", "c3", "applied"),
    Told("P6", "O6", "c6", "applied"),
)
SOUND = Books(
    (CARD, BACK, CASH, VOID, REFUNDED), SESSIONS, ORDERS, TOLD,
    (KioskMoney("77", 50, "accepted"), KioskMoney("78", 50, "refused")), frozenset({"P1", "77"}),
)  # fmt: skip


def books(**changed: object) -> Books:
    return replace(SOUND, _by_reference={}, **changed)


def ours(*changed: OurPayment) -> Books:
    by_id = {each.id: each for each in SOUND.ours} | {each.id: each for each in changed}
    return books(ours=tuple(by_id.values()))


def session(reference: str, **changes: object) -> Books:
    return books(
        sessions=tuple(replace(each, **changes) if each.reference == reference else each for each in SESSIONS)
    )


@pytest.mark.parametrize(
    ("payment", "state"),
    [
        (CARD, "paid.told.0"),
        (replace(CARD, delivery="parked"), "paid.untold.0"),
        (BACK, "paid-twice.untold.1"),
        (replace(BACK, in_review=BACK.captures, reversals=()), "being-checked.untold.0"),
        (REFUNDED, "refunded.told.1"),
        (replace(REFUNDED, refunds=(OurReversal("ref-6", 40, done=True),)), "paid.told.1"),
    ],
)
def test_a_page_is_to_say_what_the_books_say(payment, state):
    assert state.startswith(expected(payment))
    assert not "not-known.untold.0".startswith(expected(payment))


def test_books_that_agree_have_nothing_to_say():
    assert disagreements(SOUND) == ()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        pytest.param(books(ours=SOUND.ours[1:]), "LOST: the bank has a session R1", id="a payment is gone"),
        pytest.param(
            ours(replace(CARD, captures=frozenset(), claimed=frozenset())),
            "LOST: the bank took ('t1', 100)",
            id="a capture is gone",
        ),
        pytest.param(
            session("R1", captures=(("t1", 99),)),
            "LOST: the bank took ('t1', 99)",
            id="another amount was taken",
        ),
        pytest.param(
            session("R1", captures=(("t1", 100), ("t9", 100))),
            "LOST: the bank took ('t9', 100)",
            id="taken twice, booked once",
        ),
        pytest.param(session("R1", captures=()), "INVENTED: P1 books ('t1', 100)", id="booked, never taken"),
        pytest.param(
            ours(replace(VOID, account="bank", captures=frozenset({("t1", 100)}))),
            "DOUBLE: t1 of bank is booked 2 times",
            id="one transaction booked twice",
        ),
        pytest.param(
            session("R2", given_back=(("rev-2", 100), ("rev-2", 100))),
            "DOUBLE: the bank gave back rev-2 2 times",
            id="given back twice",
        ),
        pytest.param(
            session("R2", given_back=()), "LOST: we say that rev-2", id="given back in our books only"
        ),
        pytest.param(
            ours(replace(BACK, reversals=(OurReversal("rev-2", 100, done=False),))),
            "LOST: the bank gave back rev-2",
            id="given back in the bank's books only",
        ),
        pytest.param(
            session("R1", given_back=(("rev-x", 100),)),
            "INVENTED: the bank gave back rev-x",
            id="given back, not ordered",
        ),
        pytest.param(
            books(kiosk=(KioskMoney("77", 50, "accepted"), KioskMoney("79", 50, "accepted"))),
            "LOST: the network's 79",
            id="cash accepted, not booked",
        ),
        pytest.param(
            books(kiosk=(KioskMoney("77", 50, "refused"),)),
            "DOUBLE: the network's 77",
            id="cash refused and booked",
        ),
        pytest.param(books(kiosk=()), "INVENTED: 77 is booked", id="cash booked, never in a box"),
        pytest.param(
            books(kiosk=(*SOUND.kiosk, KioskMoney("80", 5, "taken"))),
            "UNSETTLED: the network's 80",
            id="cash never answered",
        ),
        pytest.param(
            books(told=(*TOLD, Told("P9", "O1", "c9", "refused"))),
            "LOST: the service was told of P9",
            id="told of an unknown payment",
        ),
        pytest.param(
            books(told=(*TOLD, Told("P4", "O3", "c4", "refused"))),
            "INVENTED: the service was told of P4",
            id="told of no money",
        ),
        pytest.param(
            books(told=(*TOLD, Told("P1", "O1", "cX", "repeat"))),
            "DOUBLE: P1 was told with 2 contents",
            id="told two contents",
        ),
        pytest.param(
            books(told=(*TOLD, Told("P1", "O1", "c1", "applied"))),
            "DOUBLE: the service applied P1 2 times",
            id="applied twice",
        ),
        pytest.param(
            books(told=TOLD[1:]),
            "LOST: we say that P1 is confirmed",
            id="confirmed for us, not for the service",
        ),
        pytest.param(
            ours(replace(CARD, delivery="due")),
            "LOST: the service applied P1",
            id="confirmed for the service, not for us",
        ),
        pytest.param(
            ours(replace(CARD, reversals=(OurReversal("rev-1", 100, done=True),))),
            "DOUBLE: P1 is confirmed and its money went back",
            id="confirmed and given back",
        ),
        pytest.param(
            ours(
                replace(
                    CARD,
                    claimed=frozenset(),
                    delivery="parked",
                    reversals=(OurReversal("rev-1", 100, done=True),),
                )
            ),
            "DOUBLE: P1 is confirmed and its money went back",
            id="given up, given back, and applied all the same",
        ),
        pytest.param(
            session("R6", given_back=()), "LOST: we say that ref-6", id="refunded in our books only"
        ),
        pytest.param(
            ours(replace(REFUNDED, refunds=())),
            "INVENTED: the bank gave back ref-6",
            id="refunded, and nobody decided so",
        ),
        pytest.param(
            session("R6", given_back=(("ref-6", 100), ("ref-6", 100))),
            "DOUBLE: the bank gave back ref-6 2 times",
            id="refunded twice",
        ),
        pytest.param(
            ours(replace(REFUNDED, refunds=(OurReversal("ref-6", 100, done=False),))),
            "UNSETTLED: money of P6",
            id="a refund that never ends",
        ),
        pytest.param(
            books(orders=(*ORDERS[:2], replace(ORDERS[2], state="paid"))),
            "LOST: money of O6 was refunded, its service calls it paid",
            id="refunded without the service's word",
        ),
        pytest.param(
            books(orders=(replace(ORDERS[0], state="refunding"), *ORDERS[1:])),
            "LOST: O1 is refunding for its service, and no money went back",
            id="a debt that was released for nothing",
        ),
        pytest.param(
            books(orders=(replace(ORDERS[0], paid=200), *ORDERS[1:])),
            "DOUBLE: O1 is paid with 200 of 100",
            id="an order paid twice",
        ),
        pytest.param(
            books(orders=(replace(ORDERS[0], payments=(), paid=0), *ORDERS[1:])),
            "LOST: O1 is paid by {}",
            id="an order not paid",
        ),
        pytest.param(
            books(orders=(replace(ORDERS[0], payments=(("P1", 100), ("P1", 100))), *ORDERS[1:])),
            "DOUBLE: O1 counts a PaymentID twice",
            id="a PaymentID counted twice",
        ),
        pytest.param(
            books(
                ours=(
                    *SOUND.ours,
                    replace(CARD, id="P5", reference="R5", account="kiosk-network", delivery="due"),
                )
            ),
            "UNSETTLED: P5 is captured",
            id="captured, and nobody was told",
        ),
        pytest.param(
            ours(replace(BACK, reversals=())), "LOST: of P2 there is money", id="money that is nobody's"
        ),
        pytest.param(
            session("R4", status="authorised"),
            "UNSETTLED: the bank still holds money for P4",
            id="money is held for ever",
        ),
        pytest.param(
            books(shown_paid=frozenset({"P1", "P8"})),
            "LOST: the payer of P8",
            id="a payer was shown what is not so",
        ),
    ],
)
def test_each_disagreement_is_seen(changed, sentence):
    found = disagreements(changed)
    assert any(each.startswith(sentence) for each in found), found
