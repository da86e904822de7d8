"""The table of state changes, edge by edge: what it has is allowed, and nothing else is."""

from itertools import product

import pytest

from mpay_gateway.domain import transitions
from mpay_gateway.domain.decision import DecisionState
from mpay_gateway.domain.errors import InvalidTransition
from mpay_gateway.domain.payment import (
    CaptureState,
    ClaimState,
    DeliveryState,
    IntentState,
    PaymentState,
    ReversalState,
)
from mpay_gateway.domain.refund import RefundState
from mpay_gateway.domain.transitions import (
    EDGES,
    CaptureEvent,
    ClaimEvent,
    DecisionEvent,
    DeliveryEvent,
    IntentEvent,
    PaymentEvent,
    RefundEvent,
    ReversalEvent,
    allows,
    as_dot,
    next_state,
)

MACHINES = {
    "payment": (PaymentState, PaymentEvent),
    "capture": (CaptureState, CaptureEvent),
    "claim": (ClaimState, ClaimEvent),
    "delivery": (DeliveryState, DeliveryEvent),
    "intent": (IntentState, IntentEvent),
    "reversal": (ReversalState, ReversalEvent),
    "refund": (RefundState, RefundEvent),
    "decision": (DecisionState, DecisionEvent),
}
TARGETS = {(edge.machine, edge.source, edge.event): edge.target for edge in EDGES}
PAIRS = [
    (machine, state, event)
    for machine, (states, events) in MACHINES.items()
    for state, event in product(states, events)
]


@pytest.mark.parametrize(
    ("machine", "state", "event"),
    PAIRS,
    ids=[f"{machine}-{state}-{event}" for machine, state, event in PAIRS],
)
def test_each_pair_of_state_and_event_is_an_edge_or_refused(machine, state, event):
    target = TARGETS.get((machine, state, event))
    assert allows(state, event) is (target is not None)
    if target is None:
        with pytest.raises(InvalidTransition, match=event.value):
            next_state(state, event)
    else:
        assert next_state(state, event) is target


def test_no_edge_is_written_twice():
    keys = [(edge.machine, edge.source, edge.event) for edge in EDGES]
    assert len(keys) == len(set(keys))


def test_each_edge_stays_in_its_machine():
    for edge in EDGES:
        states, events = MACHINES[edge.machine]
        assert isinstance(edge.source, states)
        assert isinstance(edge.target, states)
        assert isinstance(edge.event, events)


@pytest.mark.parametrize("state", [state for state in PaymentState if state is not PaymentState.CREATED])
def test_captured_money_overrides_every_other_end(state):
    assert next_state(state, PaymentEvent.CAPTURE) is PaymentState.CAPTURED


@pytest.mark.parametrize("event", [event for event in PaymentEvent if event is not PaymentEvent.CAPTURE])
def test_nothing_takes_captured_money_away(event):
    assert not allows(PaymentState.CAPTURED, event)


def test_every_state_can_be_reached():
    births = (
        PaymentState.CREATED,
        ClaimState.HELD,
        DeliveryState.DUE,
        IntentState.DUE,
        ReversalState.DUE,
        RefundState.DUE,
        DecisionState.PROPOSED,
        *CaptureState,
    )
    reached = {(type(state), state) for state in births}
    while True:
        further = {
            (type(edge.target), edge.target) for edge in EDGES if (type(edge.source), edge.source) in reached
        } - reached
        if not further:
            break
        reached |= further
    assert reached == {(states, state) for states, _ in MACHINES.values() for state in states}


def test_events_of_other_machines_with_the_same_name_are_refused():
    assert transitions.ReversalEvent.UNANSWERED == DeliveryEvent.UNANSWERED
    assert not allows(PaymentState.STARTED, DeliveryEvent.LEASE)


def test_the_drawing_shows_each_edge_once():
    drawing = as_dot()
    for edge in EDGES:
        ends = f'"{edge.machine}_{edge.source.value}" -> "{edge.machine}_{edge.target.value}"'
        assert drawing.count(f'{ends} [label="{edge.event.value}"') == 1


@pytest.mark.parametrize("state", [PaymentState.DECLINED, PaymentState.CANCELLED, PaymentState.EXPIRED])
def test_a_late_hold_reopens_an_ended_payment_so_that_it_can_be_given_up(state):
    assert next_state(state, PaymentEvent.AUTHORISE) is PaymentState.AUTHORISED
    assert next_state(PaymentState.AUTHORISED, PaymentEvent.VOID) is PaymentState.CANCELLED


def test_a_reversal_that_is_done_stays_done():
    assert not any(allows(ReversalState.DONE, event) for event in ReversalEvent)


def test_money_that_was_refunded_stays_refunded():
    left = {event for event in RefundEvent if allows(RefundState.DONE, event)}
    assert left == {RefundEvent.ACKNOWLEDGE}
    assert next_state(RefundState.DONE, RefundEvent.ACKNOWLEDGE) is RefundState.DONE
