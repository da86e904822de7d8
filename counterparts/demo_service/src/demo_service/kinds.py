"""What shall happen to an order: the choice on the order form that makes the demo worth its name."""

from enum import StrEnum


class Kind(StrEnum):
    """One way an order behaves, from the simple to the broken."""

    ONE_LINE = "one-line"
    SEVERAL_LINES = "several-lines"
    PARTIAL = "partial"
    ADVANCE = "advance"
    FLEXIBLE = "flexible"
    LINE_FLAGS = "line-flags"
    AMOUNT_UNKNOWN = "amount-unknown"
    FILL_IN = "fill-in"
    SEVERAL_ORDERS = "several-orders"
    AMOUNT_CHANGES = "amount-changes"
    DUE_SOON = "due-soon"
    LARGE_AMOUNT = "large-amount"
    LONG_NAMES = "long-names"
    NO_ACCOUNT = "no-account"
    DOUBLED_HOUR = "doubled-hour"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    PAID = "paid"
    REFUNDING = "refunding"
    REFUNDED = "refunded"
    NOTHING_DUE = "nothing-due"
    NOT_FOUND_EMPTY = "not-found-empty"
    NOT_FOUND_NIL = "not-found-nil"
    NOT_FOUND_UNKNOWN_ORDER = "not-found-unknown-order"
    NOT_FOUND_INVALID_PARAMETER = "not-found-invalid-parameter"
    NOT_FOUND_INTERNAL_ERROR = "not-found-internal-error"
    SLOW = "slow"
    DOWN = "down"
    HTML = "html"
    UNSIGNED = "unsigned"
    ACCESS_REFUSED = "access-refused"
    DEVIATION_RICH = "deviation-rich"
    DEVIATION_CANCELLED = "deviation-cancelled"
    CONFIRM_REFUSED = "confirm-refused"
    CONFIRM_EXPIRED = "confirm-expired"
    CONFIRM_FAULT_UNSIGNED = "confirm-fault-unsigned"
    CONFIRM_UNSIGNED = "confirm-unsigned"
    CONFIRM_SLOW = "confirm-slow"
    CONFIRM_HTML = "confirm-html"
    CONFIRM_DOWN = "confirm-down"
    CONFIRM_TIMEOUT_AFTER_EFFECT = "confirm-timeout-after-effect"


PARTLY_PAYABLE = frozenset({Kind.PARTIAL, Kind.FLEXIBLE, Kind.LINE_FLAGS})
PAYABLE_IN_ADVANCE = frozenset({Kind.ADVANCE, Kind.FLEXIBLE, Kind.AMOUNT_UNKNOWN})
PAID_BEFORE = frozenset({Kind.PAID, Kind.REFUNDING, Kind.REFUNDED})
"""Paid at the shop's office when they are made."""
SEVERAL_ACCOUNTS = frozenset(
    {Kind.SEVERAL_LINES, Kind.PARTIAL, Kind.FLEXIBLE, Kind.LINE_FLAGS, Kind.LONG_NAMES}
)

KIND_GROUPS: dict[str, tuple[Kind, ...]] = {
    "pays": (
        Kind.ONE_LINE,
        Kind.SEVERAL_LINES,
        Kind.PARTIAL,
        Kind.ADVANCE,
        Kind.FLEXIBLE,
        Kind.LINE_FLAGS,
        Kind.AMOUNT_UNKNOWN,
        Kind.FILL_IN,
        Kind.SEVERAL_ORDERS,
        Kind.AMOUNT_CHANGES,
        Kind.DUE_SOON,
        Kind.LARGE_AMOUNT,
        Kind.LONG_NAMES,
        Kind.NO_ACCOUNT,
        Kind.DOUBLED_HOUR,
        Kind.DEVIATION_RICH,
    ),
    "closed": (
        Kind.EXPIRED,
        Kind.CANCELLED,
        Kind.PAID,
        Kind.REFUNDING,
        Kind.REFUNDED,
        Kind.NOTHING_DUE,
        Kind.DEVIATION_CANCELLED,
    ),
    "not_found": (
        Kind.NOT_FOUND_EMPTY,
        Kind.NOT_FOUND_NIL,
        Kind.NOT_FOUND_UNKNOWN_ORDER,
        Kind.NOT_FOUND_INVALID_PARAMETER,
        Kind.NOT_FOUND_INTERNAL_ERROR,
    ),
    "lookup": (Kind.SLOW, Kind.DOWN, Kind.HTML, Kind.UNSIGNED, Kind.ACCESS_REFUSED),
    "confirm": (
        Kind.CONFIRM_REFUSED,
        Kind.CONFIRM_EXPIRED,
        Kind.CONFIRM_FAULT_UNSIGNED,
        Kind.CONFIRM_UNSIGNED,
        Kind.CONFIRM_SLOW,
        Kind.CONFIRM_HTML,
        Kind.CONFIRM_DOWN,
        Kind.CONFIRM_TIMEOUT_AFTER_EFFECT,
    ),
}
