"""The one table of state changes. Everything that changes a state asks `next_state`; nothing else knows an edge.

Three shapes of payment share the table: redirect (created, started, captured), two-step (created, started,
authorised, then captured, or cancelled by a void) and inbound (created, captured). Captured money overrides
declined, cancelled and expired: the money is there. Duplicates are edges to the same state.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar, cast

from mpay_gateway.domain.decision import DecisionState
from mpay_gateway.domain.errors import InvalidTransition
from mpay_gateway.domain.guards import guards
from mpay_gateway.domain.payment import (
    CaptureState,
    ClaimState,
    DeliveryState,
    IntentState,
    PaymentState,
    ReversalState,
)
from mpay_gateway.domain.refund import RefundState


class PaymentEvent(StrEnum):
    START = "start"
    AUTHORISE = "authorise"
    CAPTURE = "capture"
    DECLINE = "decline"
    CANCEL = "cancel"
    VOID = "void"
    EXPIRE = "expire"


class CaptureEvent(StrEnum):
    RELEASE_TO_PAYER = "release-to-payer"
    ACCEPT = "accept"
    GIVE_BACK = "give-back"


class ClaimEvent(StrEnum):
    CAPTURE = "capture"
    ACKNOWLEDGE = "acknowledge"
    RELEASE = "release"
    RETAKE = "retake"
    SHARE = "share"
    RESIZE = "resize"


class DeliveryEvent(StrEnum):
    LEASE = "lease"
    CONFIRM = "confirm"
    UNANSWERED = "unanswered"
    PARK = "park"
    WITHHOLD = "withhold"
    TAKE = "take"
    GIVE_UP = "give-up"
    RETRY = "retry"


class IntentEvent(StrEnum):
    DONE = "done"
    WISH = "wish"
    UNANSWERED = "unanswered"
    REFUSE = "refuse"


class ReversalEvent(StrEnum):
    DONE = "done"
    UNANSWERED = "unanswered"
    REFUSE = "refuse"
    RETRY = "retry"
    WENT_BACK = "went-back"


class RefundEvent(StrEnum):
    RELEASE = "release"
    OVERRIDE = "override"
    DONE = "done"
    UNANSWERED = "unanswered"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    RETRY = "retry"
    WENT_BACK = "went-back"
    ACKNOWLEDGE = "acknowledge"


class DecisionEvent(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"


S = TypeVar(
    "S",
    PaymentState,
    CaptureState,
    ClaimState,
    DeliveryState,
    IntentState,
    ReversalState,
    RefundState,
    DecisionState,
)
State = (
    PaymentState
    | CaptureState
    | ClaimState
    | DeliveryState
    | IntentState
    | ReversalState
    | RefundState
    | DecisionState
)
Event = (
    PaymentEvent
    | CaptureEvent
    | ClaimEvent
    | DeliveryEvent
    | IntentEvent
    | ReversalEvent
    | RefundEvent
    | DecisionEvent
)


@dataclass(frozen=True, slots=True)
class Edge:
    """One allowed change. `why` is for the drawing and for those who read the audit."""

    machine: str
    source: State
    event: Event
    target: State
    why: str = ""


_P, _PE = PaymentState, PaymentEvent
_C, _CE = CaptureState, CaptureEvent
_L, _LE = ClaimState, ClaimEvent
_D, _DE = DeliveryState, DeliveryEvent
_I, _IE = IntentState, IntentEvent
_R, _RE = ReversalState, ReversalEvent
_F, _FE = RefundState, RefundEvent
_O, _OE = DecisionState, DecisionEvent

EDGES: tuple[Edge, ...] = (
    Edge("payment", _P.CREATED, _PE.START, _P.STARTED, "a call to the provider may leave"),
    Edge("payment", _P.STARTED, _PE.START, _P.STARTED, "the start is repeated under the same reference"),
    Edge("payment", _P.STARTED, _PE.AUTHORISE, _P.AUTHORISED, "two-step: the provider holds the money"),
    Edge("payment", _P.AUTHORISED, _PE.AUTHORISE, _P.AUTHORISED, "told again"),
    Edge("payment", _P.DECLINED, _PE.AUTHORISE, _P.AUTHORISED, "a late hold: it is given up"),
    Edge("payment", _P.CANCELLED, _PE.AUTHORISE, _P.AUTHORISED, "a late hold: it is given up"),
    Edge("payment", _P.EXPIRED, _PE.AUTHORISE, _P.AUTHORISED, "a late hold: it is given up"),
    Edge("payment", _P.CREATED, _PE.CAPTURE, _P.CAPTURED, "inbound: money collected elsewhere"),
    Edge("payment", _P.STARTED, _PE.CAPTURE, _P.CAPTURED, "the provider took the money"),
    Edge("payment", _P.AUTHORISED, _PE.CAPTURE, _P.CAPTURED, "two-step: captured on our word"),
    Edge("payment", _P.CAPTURED, _PE.CAPTURE, _P.CAPTURED, "told again, or a second transaction"),
    Edge("payment", _P.DECLINED, _PE.CAPTURE, _P.CAPTURED, "the money turned up"),
    Edge("payment", _P.CANCELLED, _PE.CAPTURE, _P.CAPTURED, "the money turned up"),
    Edge("payment", _P.EXPIRED, _PE.CAPTURE, _P.CAPTURED, "the money turned up"),
    Edge("payment", _P.STARTED, _PE.DECLINE, _P.DECLINED, "the provider refused"),
    Edge("payment", _P.AUTHORISED, _PE.DECLINE, _P.DECLINED, "the provider gave the hold up"),
    Edge("payment", _P.DECLINED, _PE.DECLINE, _P.DECLINED, "told again"),
    Edge("payment", _P.STARTED, _PE.CANCEL, _P.CANCELLED, "the payer turned back"),
    Edge("payment", _P.CANCELLED, _PE.CANCEL, _P.CANCELLED, "told again"),
    Edge(
        "payment", _P.AUTHORISED, _PE.VOID, _P.CANCELLED, "two-step: the hold is given up, or people end it"
    ),
    Edge("payment", _P.CREATED, _PE.EXPIRE, _P.EXPIRED, "nothing was ever sent"),
    Edge("payment", _P.STARTED, _PE.EXPIRE, _P.EXPIRED, "the session is over and the provider says so"),
    Edge("payment", _P.EXPIRED, _PE.EXPIRE, _P.EXPIRED, "told again"),
    Edge("capture", _C.REVIEW, _CE.ACCEPT, _C.CLAIMED, "two operators accept another amount"),
    Edge("capture", _C.REVIEW, _CE.GIVE_BACK, _C.SURPLUS, "two operators give the money back"),
    Edge(
        "capture",
        _C.CLAIMED,
        _CE.RELEASE_TO_PAYER,
        _C.SURPLUS,
        "the service refused the confirmation, or two operators gave it up",
    ),
    Edge("claim", _L.HELD, _LE.CAPTURE, _L.CAPTURED, "the money is there"),
    Edge("claim", _L.HELD, _LE.RELEASE, _L.RELEASED, "declined, cancelled or expired"),
    Edge("claim", _L.CAPTURED, _LE.ACKNOWLEDGE, _L.ACKNOWLEDGED, "the service knows"),
    Edge("claim", _L.CAPTURED, _LE.RELEASE, _L.RELEASED, "reversed"),
    Edge("claim", _L.RELEASED, _LE.RETAKE, _L.CAPTURED, "late money, and the order is still payable"),
    Edge("claim", _L.RELEASED, _LE.SHARE, _L.RELEASED, "late money pays other lines than were claimed"),
    Edge("claim", _L.HELD, _LE.RESIZE, _L.HELD, "two operators accept another amount"),
    Edge("claim", _L.RELEASED, _LE.RESIZE, _L.RELEASED, "two operators accept another amount, late"),
    Edge("delivery", _D.DUE, _DE.LEASE, _D.LEASED, "a worker takes it"),
    Edge("delivery", _D.LEASED, _DE.LEASE, _D.LEASED, "another worker takes it over"),
    Edge("delivery", _D.LEASED, _DE.CONFIRM, _D.CONFIRMED, "the service's signed word"),
    Edge("delivery", _D.LEASED, _DE.UNANSWERED, _D.DUE, "no usable answer: again later"),
    Edge("delivery", _D.LEASED, _DE.PARK, _D.PARKED, "definitely refused: a person decides"),
    Edge("delivery", _D.DUE, _DE.WITHHOLD, _D.PARKED, "an operator stops the sending"),
    Edge("delivery", _D.LEASED, _DE.GIVE_UP, _D.GIVEN_UP, "definitely refused: the money goes back"),
    Edge("delivery", _D.PARKED, _DE.TAKE, _D.PARKED, "somebody looks after it"),
    Edge("delivery", _D.PARKED, _DE.GIVE_UP, _D.GIVEN_UP, "two operators: the money goes back"),
    Edge("delivery", _D.PARKED, _DE.RETRY, _D.DUE, "an operator sends it again"),
    Edge("delivery", _D.DUE, _DE.RETRY, _D.DUE, "an operator hurries it"),
    Edge("intent", _I.DUE, _IE.DONE, _I.DONE, "two-step: the provider took the money"),
    Edge("intent", _I.DUE, _IE.WISH, _I.DUE, "the order takes the money no more, or again; people end it"),
    Edge("intent", _I.DUE, _IE.UNANSWERED, _I.DUE, "no definite answer: again with the same key"),
    Edge("intent", _I.DUE, _IE.REFUSE, _I.REFUSED, "the provider takes nothing: the hold may be given up"),
    Edge("intent", _I.REFUSED, _IE.DONE, _I.DONE, "the money turned up"),
    Edge("reversal", _R.DUE, _RE.DONE, _R.DONE, "the provider gave it back"),
    Edge("reversal", _R.DUE, _RE.UNANSWERED, _R.DUE, "no usable answer: again with the same key"),
    Edge("reversal", _R.DUE, _RE.REFUSE, _R.REFUSED, "the provider refuses: a person decides"),
    Edge("reversal", _R.REFUSED, _RE.RETRY, _R.DUE, "an operator tries again; a void, when the hold is back"),
    Edge("reversal", _R.REFUSED, _RE.WENT_BACK, _R.DONE, "the provider or two operators say that it is back"),
    Edge("refund", _F.DUE, _FE.RELEASE, _F.DUE, "the service signed that it released the debt"),
    Edge("refund", _F.DUE, _FE.OVERRIDE, _F.DUE, "two operators do without the service's word"),
    Edge(
        "refund", _F.DUE, _FE.DONE, _F.DONE, "the provider gave it back, or two operators say that it is back"
    ),
    Edge("refund", _F.DUE, _FE.UNANSWERED, _F.DUE, "no usable answer: again with the same key"),
    Edge("refund", _F.DUE, _FE.REFUSE, _F.REFUSED, "the provider refuses: a person decides"),
    Edge("refund", _F.DUE, _FE.WITHDRAW, _F.REFUSED, "an operator takes it back before money may leave"),
    Edge("refund", _F.REFUSED, _FE.ACKNOWLEDGE, _F.REFUSED, "an operator has seen to it"),
    Edge("refund", _F.REFUSED, _FE.RETRY, _F.DUE, "an operator tries again"),
    Edge("refund", _F.REFUSED, _FE.WENT_BACK, _F.DONE, "the account's statement says that it is back"),
    Edge(
        "refund",
        _F.DONE,
        _FE.ACKNOWLEDGE,
        _F.DONE,
        "the service says refunded, or an operator has seen to it",
    ),
    Edge("decision", _O.PROPOSED, _OE.APPROVE, _O.APPROVED, "a second operator agrees, and it is done"),
    Edge("decision", _O.PROPOSED, _OE.REJECT, _O.REJECTED, "an operator does not agree, or takes it back"),
)

# StrEnum members of different machines may compare equal as text: the type is part of the key.
_BY_KEY = {(type(edge.source), edge.source, edge.event): edge for edge in EDGES}


@guards("transition")
def next_state(state: S, event: Event) -> S:
    """The state after `event`.

    Raises: InvalidTransition when the table has no such edge.
    """
    edge = _BY_KEY.get((type(state), state, event))
    if edge is None:
        raise InvalidTransition(f"{type(state).__name__} {state.value}: {event.value}")
    return cast("S", edge.target)


def allows(state: State, event: Event) -> bool:
    """Whether the table has the edge."""
    return (type(state), state, event) in _BY_KEY


_DRAWING = (
    "digraph states {",
    '  graph [rankdir=LR, nodesep=0.45, ranksep=0.9, fontname="sans-serif"];',
    '  node [shape=box, style=rounded, fontname="sans-serif"];',
    '  edge [fontname="sans-serif", fontsize=11];',
)
"""How the drawing looks: wide enough that labels of loops at one state stay apart."""


_SIDES = ("", ', headport="s", tailport="s"', ', headport="w", tailport="w"')
"""Where three loops at one state are drawn: above, below and before it, or each runs through another's label."""


def as_dot() -> str:
    """The whole table as a Graphviz drawing, one cluster per machine."""
    lines = list(_DRAWING)
    for machine in dict.fromkeys(edge.machine for edge in EDGES):
        edges = [edge for edge in EDGES if edge.machine == machine]
        sides = _sides(edges)
        margin = 96 if _SIDES[2] in sides.values() else 16
        lines += [f"  subgraph cluster_{machine} {{", f'    label="{machine}"; margin={margin};']
        states = dict.fromkeys(state for edge in edges for state in (edge.source, edge.target))
        lines += [f'    "{machine}_{state.value}" [label="{state.value}"];' for state in states]
        lines += [
            f'    "{machine}_{edge.source.value}" -> "{machine}_{edge.target.value}"'
            f' [label="{edge.event.value}"{sides.get(edge, "")}];'
            for edge in edges
        ]
        lines.append("  }")
    return "\n".join([*lines, "}"]) + "\n"


def _sides(edges: list[Edge]) -> dict[Edge, str]:
    """At which side each loop is drawn, where a state has three: the shortest word before it."""
    found: dict[Edge, str] = {}
    for state in dict.fromkeys(edge.source for edge in edges):
        loops = [edge for edge in edges if edge.source is edge.target is state]
        if len(loops) > 2:
            loops.sort(key=lambda edge: -len(edge.event.value))
            found |= zip(loops, _SIDES, strict=True)
    return found
