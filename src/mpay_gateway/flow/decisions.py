"""Money that no rule decides on: one operator proposes, another agrees, and then it is done in the same commit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from mpay_gateway.domain.decision import Act, Decision, DecisionState, Proposal
from mpay_gateway.domain.errors import Conflict, InvalidTransition, NotAuthorised, NotFound
from mpay_gateway.domain.guards import guards
from mpay_gateway.domain.payment import Capture, CaptureState, DeliveryState, Payment
from mpay_gateway.domain.remarks import clean_reason
from mpay_gateway.domain.transitions import DecisionEvent
from mpay_gateway.flow.delivery_release import give_up_delivery, refuse_unanswered
from mpay_gateway.flow.foreign_returns import dismiss, to_dismiss
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.refunds.opening import GROUNDS, open_refund, override
from mpay_gateway.flow.refunds.unanswered import write_down_return
from mpay_gateway.flow.reversal_acts import acknowledge_reversal
from mpay_gateway.flow.review import accept_capture, give_capture_back, room_for
from mpay_gateway.flow.reviewed_returns import refuse_known_returns, refuse_what_went_back
from mpay_gateway.flow.settling import ask_first
from mpay_gateway.flow.unknown_payments import end_unknown, to_end
from mpay_gateway.storage import Work

_ASKED_FIRST = {Act.ACCEPT, Act.GIVE_BACK, Act.END, Act.ACKNOWLEDGE, Act.WENT_BACK, Act.DISMISS, *GROUNDS}
_OF_PAYMENTS = {Act.END: to_end, Act.DISMISS: to_dismiss}
_RELEASES = {Act.RELEASE, Act.RELEASE_ALTHOUGH}


@dataclass(frozen=True, slots=True)
class _Asked:
    """That the provider was asked, where it can be: since when an answer counts, and whether there was none."""

    since: datetime
    unheard: bool = False


def propose(parts: Parts, payment_id: str, act: Act, reason: str, *, actor: str) -> Decision:
    """Propose an act about the payment's money. Nothing happens before a second operator approves.

    Raises: UnknownPayment; NotFound when the payment has nothing of the kind; NotPayable when its order cannot take the
    money; InvalidTransition while tries are unanswered; Conflict when a proposal is open; InvalidInput for a reason
    that is missing, too long, or not fit to be stored.
    """
    return propose_about(
        parts, payment_id, lambda work, payment: _proposal(work, payment, act), reason, actor=actor
    )


def propose_about(
    parts: Parts, payment_id: str, about: Callable[[Work, Payment], Proposal], reason: str, *, actor: str
) -> Decision:
    """The same for what `about` finds to be decided on, given the locked payment.

    Raises: UnknownPayment; Conflict; InvalidInput; what `about` raises.
    """
    words = clean_reason(reason)

    def store(work: Work) -> Decision:
        payment = work.payments.lock(payment_id)
        proposed = about(work, payment)
        decision = Decision(
            id=parts.ids.token(), payment_id=payment.id, act=proposed.act, subject=proposed.subject,
            amount=proposed.amount, reason=words, state=DecisionState.PROPOSED, opened_by=actor,
            opened_at=parts.clock.now(),
        )  # fmt: skip
        work.decisions.add(decision)
        return decision

    return parts.units.run("propose", store)


@guards("decision.two-people")
def approve(parts: Parts, decision_id: str, *, actor: str) -> Decision:
    """Agree to a proposal of another operator, and do it. Raises: NotFound; NotAuthorised; InvalidTransition;
    NotPayable when the order cannot take the money any more, or the money is not known to be there still; Conflict.

    The provider is asked first, unless a confirmation is given up or a refund overridden: what it gave back meanwhile
    by itself is not there any more, and what it never told may be known by now.
    """
    asked = _ask_first(parts, decision_id)

    def act(work: Work) -> Decision:
        decision = _held(work, decision_id)
        if decision.opened_by == actor:
            raise NotAuthorised("two people decide: another operator has to approve this")
        if decision.act is Act.ACCEPT:
            refuse_what_went_back(parts, work, _review(work, decision), asked_since=asked.since)
        if decision.act in GROUNDS and asked.unheard:
            _refuse_what_may_have_gone(work, decision)
        approved = work.decisions.decide(decision, DecisionEvent.APPROVE, actor=actor, at=parts.clock.now())
        _DO[decision.act](parts, work, approved)
        return approved

    return parts.units.run("approve", act)


def reject(parts: Parts, decision_id: str, *, actor: str) -> Decision:
    """Refuse a proposal, or take one's own back. Raises: NotFound; InvalidTransition."""

    def act(work: Work) -> Decision:
        decision = _held(work, decision_id)
        return work.decisions.decide(decision, DecisionEvent.REJECT, actor=actor, at=parts.clock.now())

    return parts.units.run("reject", act)


def _ask_first(parts: Parts, decision_id: str) -> _Asked:
    """Ask what became of the payment by now, where its account can be asked. Raises: NotFound."""

    def read(work: Work) -> Payment | None:
        decision = work.decisions.get(decision_id)
        if decision.act not in _ASKED_FIRST or decision.state is not DecisionState.PROPOSED:
            return None
        return work.payments.get(decision.payment_id)

    since, payment = parts.clock.now(), parts.units.read(read)
    return _Asked(since, unheard=payment is not None and ask_first(parts, payment))


def _refuse_what_may_have_gone(work: Work, decision: Decision) -> None:
    """To be called before a refund that its provider, which can be asked, says nothing of. Raises: Conflict when it may
    have left in a time that a restored backup lost.
    """
    if work.restorations.may_have_lost(work.payments.get(decision.payment_id).created_at):
        raise Conflict("the provider does not say now whether the money went back already: try again later")


def _held(work: Work, decision_id: str) -> Decision:
    """The open decision, locked after its payment and order. Raises: NotFound; InvalidTransition."""
    work.lock_with_order(work.decisions.get(decision_id).payment_id)
    decision = work.decisions.lock(decision_id)
    if decision.state is not DecisionState.PROPOSED:
        raise InvalidTransition(
            f"decision {decision.id} is {decision.state.value} already, by {decision.decided_by}"
        )
    return decision


def _proposal(work: Work, payment: Payment, act: Act) -> Proposal:
    """What the act is about, and the money of it. Raises: NotFound; NotPayable; InvalidTransition.

    What can only be refused when the second operator agrees is not proposed: he would agree to nothing.
    """
    if act in _OF_PAYMENTS:
        return _OF_PAYMENTS[act](work, payment)
    if act in _RELEASES:
        delivery = work.deliveries.of_payment(payment.id)
        if delivery is None or delivery.state is not DeliveryState.PARKED:
            raise NotFound(f"payment {payment.id} has no parked confirmation whose money is still here")
        if act is Act.RELEASE:
            refuse_unanswered(work, payment, delivery)
        return Proposal(act, delivery.id, _capture(work, payment, CaptureState.CLAIMED).amount)
    capture = _capture(work, payment, CaptureState.REVIEW)
    if act is Act.ACCEPT:
        refuse_known_returns(work, payment)
        room_for(work, payment, capture)
    return Proposal(act, capture.id, capture.amount)


def _capture(work: Work, payment: Payment, state: CaptureState) -> Capture:
    for capture in work.payments.captures_of(payment.id):
        if capture.state is state:
            return capture
    raise NotFound(f"payment {payment.id} has no money that is {state.value}")


def _review(work: Work, decision: Decision) -> Capture:
    captures = work.payments.captures_of(decision.payment_id)
    capture = next(each for each in captures if each.id == decision.subject)
    if capture.state is not CaptureState.REVIEW:
        raise InvalidTransition(f"capture {capture.id} is {capture.state.value} by now")
    return capture


def _accept(parts: Parts, work: Work, decision: Decision) -> None:
    payment = work.payments.get(decision.payment_id)
    accept_capture(parts, work, payment, _review(work, decision), actor=decision.decided_by)


def _give_back(parts: Parts, work: Work, decision: Decision) -> None:
    payment = work.payments.get(decision.payment_id)
    give_capture_back(parts, work, payment, _review(work, decision), actor=decision.decided_by)


def _release(parts: Parts, work: Work, decision: Decision) -> None:
    if decision.act is Act.RELEASE:
        payment = work.payments.get(decision.payment_id)
        refuse_unanswered(work, payment, work.deliveries.lock(decision.subject))
    give_up_delivery(parts, work, decision.subject, actor=decision.decided_by)


_DO: Mapping[Act, Callable[[Parts, Work, Decision], None]] = {
    Act.ACCEPT: _accept,
    Act.GIVE_BACK: _give_back,
    Act.RELEASE: _release,
    Act.RELEASE_ALTHOUGH: _release,
    Act.REFUND: open_refund,
    Act.SERVICE_REFUND: open_refund,
    Act.OVERRIDE: override,
    Act.END: end_unknown,
    Act.ACKNOWLEDGE: acknowledge_reversal,
    Act.WENT_BACK: write_down_return,
    Act.DISMISS: dismiss,
}
