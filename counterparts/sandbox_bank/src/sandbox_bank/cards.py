"""The test cards: what each number makes the bank do.

A card is data. `Behaviour` names the ways in which a bank can surprise; `authorisation` plays them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

CHALLENGE_CODE = "123456"
CHALLENGE_TRIES = 3


class DeclineReason(StrEnum):
    """Why a session was declined."""

    INSUFFICIENT_FUNDS = "insufficient-funds"
    DO_NOT_HONOUR = "do-not-honour"
    STOLEN_CARD = "stolen-card"
    WRONG_CODE = "wrong-code"
    ISSUER_UNAVAILABLE = "issuer-unavailable"


class Callbacks(StrEnum):
    """How a session's callbacks leave: each once and in order, never, or twice and shuffled."""

    ONCE = "once"
    NEVER = "never"
    SHUFFLED = "shuffled"


class Ending(StrEnum):
    """What the payer's browser sees at the end."""

    RETURN = "return"
    ERROR = "error"
    NO_WAY_BACK = "no-way-back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How the bank treats a card; waits in seconds before the bank's time scale is applied.

    `settle_after`: the authorisation takes that long. `late_approval_after`: a decline turns into an
    approval. `chargeback_after`: the bank takes captured money back by itself. `captures`: how many
    transactions one capture makes. `short_by_minor`: how much less than asked is captured.
    `capture_currency`: in which other currency. `unknown_answers`: how many status calls fail.
    """

    challenge: bool = False
    decline: DeclineReason | None = None
    settle_after: float = 0.0
    late_approval_after: float | None = None
    chargeback_after: float | None = None
    captures: int = 1
    short_by_minor: int = 0
    capture_currency: str | None = None
    unknown_answers: int = 0
    callbacks: Callbacks = Callbacks.ONCE
    ending: Ending = Ending.RETURN


@dataclass(frozen=True, slots=True)
class TestCard:
    """One test card; `name` is stable, `summary` is English and for people."""

    number: str
    name: str
    summary: str
    behaviour: Behaviour = field(default_factory=Behaviour)

    @property
    def grouped(self) -> str:
        """The number in groups of four, as it is printed on a card."""
        return " ".join(self.number[start : start + 4] for start in range(0, len(self.number), 4))


TEST_CARDS: tuple[TestCard, ...] = (
    TestCard("4000000000001000", "approved", "Approved (Visa)"),
    TestCard("5100000000001006", "approved-mastercard", "Approved (Mastercard)"),
    TestCard(
        "4000000000002008",
        "insufficient-funds",
        "Declined: insufficient funds",
        Behaviour(decline=DeclineReason.INSUFFICIENT_FUNDS),
    ),
    TestCard(
        "4000000000002107",
        "do-not-honour",
        "Declined: do not honour",
        Behaviour(decline=DeclineReason.DO_NOT_HONOUR),
    ),
    TestCard(
        "4000000000002206",
        "stolen",
        "Declined: stolen card",
        Behaviour(decline=DeclineReason.STOLEN_CARD),
    ),
    TestCard(
        "4000000000003006",
        "three-d-secure",
        f"Asks for a one-time code: {CHALLENGE_CODE} is approved, three other codes are declined",
        Behaviour(challenge=True),
    ),
    TestCard(
        "4000000000004004",
        "timeout-before",
        "The bank hangs and the page fails; nothing is taken, declined 20 s later",
        Behaviour(decline=DeclineReason.ISSUER_UNAVAILABLE, settle_after=20.0, ending=Ending.ERROR),
    ),
    TestCard(
        "4000000000004103",
        "timeout-after",
        "The money is taken, then the bank hangs and the page fails",
        Behaviour(ending=Ending.ERROR),
    ),
    TestCard(
        "4000000000004202",
        "slow",
        "Approved after 8 s of processing",
        Behaviour(settle_after=8.0),
    ),
    TestCard(
        "4000000000004301",
        "status-unknown",
        "Approved, but the next two status calls answer 500",
        Behaviour(unknown_answers=2),
    ),
    TestCard(
        "4000000000005001",
        "wrong-amount",
        "Captures 1.00 less than asked",
        Behaviour(short_by_minor=100),
    ),
    TestCard(
        "4000000000005100",
        "wrong-currency",
        "Captures the same number of another currency (EUR)",
        Behaviour(capture_currency="EUR"),
    ),
    TestCard(
        "4000000000005209",
        "captured-twice",
        "Captures twice: two transactions in one session",
        Behaviour(captures=2),
    ),
    TestCard(
        "4000000000005308",
        "declined-then-captured",
        "Declined at first, approved after all 10 s later",
        Behaviour(decline=DeclineReason.DO_NOT_HONOUR, late_approval_after=10.0),
    ),
    TestCard(
        "4000000000005407",
        "charged-back",
        "Approved; 10 s after a capture the bank gives the money back to the payer by itself",
        Behaviour(chargeback_after=10.0),
    ),
    TestCard(
        "4000000000006009",
        "callback-lost",
        "Approved, no callback is ever sent; the browser returns",
        Behaviour(callbacks=Callbacks.NEVER),
    ),
    TestCard(
        "4000000000006108",
        "no-return",
        "Approved, the callback is sent; the page shows no way back",
        Behaviour(ending=Ending.NO_WAY_BACK),
    ),
    TestCard(
        "4000000000006207",
        "no-callback-no-return",
        "Approved; no callback and no way back",
        Behaviour(callbacks=Callbacks.NEVER, ending=Ending.NO_WAY_BACK),
    ),
    TestCard(
        "4000000000006306",
        "callbacks-shuffled",
        "Approved; every callback is sent twice, the earlier event after the later one",
        Behaviour(callbacks=Callbacks.SHUFFLED),
    ),
)

_BY_NUMBER = {card.number: card for card in TEST_CARDS}
_BY_NAME = {card.name: card for card in TEST_CARDS}


def find_card(number: str) -> TestCard | None:
    """Return the test card with that number (digits only), or None when there is none."""
    return _BY_NUMBER.get(number)


def behaviour_of(name: str | None) -> Behaviour:
    """Return how the bank treats the card of that name; no card yet means no surprise."""
    card = _BY_NAME.get(name) if name else None
    return card.behaviour if card else Behaviour()


def digits_of(number: str) -> str:
    """Drop the blanks and hyphens that people type into a card number."""
    return "".join(character for character in number if not character.isspace() and character != "-")


def passes_luhn(digits: str) -> bool:
    """Tell whether 12 to 19 digits end in the right check digit (ISO/IEC 7812-1)."""
    if not (digits.isascii() and digits.isdigit() and 12 <= len(digits) <= 19):
        return False
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(doubled) + sum(int(digit) for digit in digits[-1::-2])) % 10 == 0


def mask(digits: str) -> str:
    """Keep the first six and the last four digits, as receipts may show them."""
    return f"{digits[:6]}{'*' * (len(digits) - 10)}{digits[-4:]}"
