"""Ways to break the gateway's guards, one at least for each: what the simulator must find out.

A mutant changes the text of shipped functions, each change in a place that occurs once; when the text is another
by now, the mutant says so instead of doing nothing. Code that others hold already is changed with them.
"""

import ast
import importlib
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType


@dataclass(frozen=True, slots=True)
class Patch:
    """`old` becomes `new` in a function. `where`: `module:qualified.name`, below `mpay_gateway`."""

    where: str
    old: str
    new: str

    @property
    def function(self) -> FunctionType:
        module, _, name = self.where.partition(":")
        found: object = importlib.import_module(f"mpay_gateway.{module}")
        for part in name.split("."):
            found = inspect.getattr_static(found, part)
        function = getattr(found, "fget", found)
        assert isinstance(function, FunctionType)
        return function


@dataclass(frozen=True, slots=True)
class Mutant:
    """`guard`: what it breaks, empty for those that break a rule which no single function holds.

    `near`: edges, and faults if it takes one, towards which a world is best bent that shall find it out.
    """

    name: str
    guard: str
    patches: tuple[Patch, ...]
    near: tuple[str, ...] = ()

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Live in the code for a while. Raises: ValueError when the code is another by now."""
        before: list[tuple[FunctionType, object]] = []
        try:
            for patch in self.patches:
                function = patch.function
                before.append((function, function.__code__))
                function.__code__ = _changed(function, patch)
            yield
        finally:
            for function, code in reversed(before):
                function.__code__ = code  # type: ignore[assignment]


def _changed(function: FunctionType, patch: Patch) -> object:
    source = textwrap.dedent(inspect.getsource(function))
    if source.count(patch.old) != 1:
        raise ValueError(f"{patch.where} has {source.count(patch.old)} times {patch.old!r}")
    tree = ast.parse(source.replace(patch.old, patch.new))
    (definition,) = tree.body
    assert isinstance(definition, ast.FunctionDef)
    definition.decorator_list = []
    made: dict[str, Callable[..., object]] = {}
    exec(compile(tree, f"<mutant of {patch.where}>", "exec"), function.__globals__, made)
    return made[definition.name].__code__  # type: ignore[attr-defined]


def _one(name: str, guard: str, where: str, old: str, new: str) -> Mutant:
    return Mutant(name, guard, (Patch(where, old, new),), NEAR.get(name, ()))


_STATED = ("statement-late",)
"""Worlds with a treasury."""
NEAR: Mapping[str, tuple[str, ...]] = {
    "a refund waits for nobody's word": ("refund:due:withdraw", "refund:due:override", "refund:due:done"),
    "any word releases a refund": ("refund:due:withdraw", "refund:due:override", "refund:due:done"),
    "a refund under a new key each time": ("refund:due:done", "refund:due:unanswered"),
    "any amount is the whole refund": ("refund:due:refuse", "refund:refused:retry"),
    "more is refunded than is left": ("refund:refused:retry", "refund:due:done", "refund:done:acknowledge"),
    "earlier refunds do not count": ("refund:refused:retry", "refund:due:done", "refund:done:acknowledge"),
    "money is refunded of which no service knows": ("refund:due:done", "refund:due:withdraw"),
    "a refund is taken back that has left": ("refund:due:withdraw", "refund:due:unanswered"),
    "a refund is tried again though less is left": ("refund:refused:retry",),
    "our own refund is called the provider's": ("refund:due:done", "callback-duplicate", "callback-late"),
    "a refund waits for money that is gone": ("refund:due:withdraw", "refund:due:release", "taken-back"),
    "any state may follow any": ("delivery:due:retry", "delivery:due:withhold"),
    "no fence": ("delivery:leased:lease", "stale"),
    "no lease": ("delivery:leased:unanswered", "intent:due:unanswered"),
    "sent whoever holds the task": ("delivery:leased:lease", "stale", "answer-late"),
    "timeout means failed": ("payment:started:start",),
    "no compare-and-set": ("payment:started:cancel", "second-press", "unreachable"),
    "a second call without a trace": ("payment:started:start", "second-press", "unreachable"),
    "each press a payment": ("second-press",),
    "amount that nobody agreed to": ("order-changed", "payment:created:start"),
    "late money needs no room": ("claim:released:retake", "second-payer"),
    "held money needs no room": ("payment:authorised:void", "order-changed"),
    "accepted money needs no room": ("capture:review:accept",),
    "cash needs no room": ("payment:created:capture", "second-payer"),
    "cash is held without room": ("payment:created:expire", "second-payer"),
    "closed orders are payable": ("payment:authorised:void", "order-changed"),
    "cap by our running total": ("delivery:leased:confirm",),
    "a claim is kept when its money goes back": ("taken-back",),
    "a lost claim counts as held": ("claim:released:retake", "second-payer"),
    "known transactions again": ("callback-duplicate",),
    "a second capture pays too": ("payment:captured:capture",),
    "a second capture is kept": ("payment:captured:capture",),
    "any amount pays": ("wrong-amount",),
    "money that the provider took back pays": (
        "taken-back",
        "payment:started:capture",
        "payment:expired:capture",
    ),
    "money of a hold that was given up pays": ("intent:due:unanswered", "order-changed"),
    "outbox after commit": ("crash", "crash-all"),
    "expire blindly": ("payment:started:expire", "payment:expired:capture"),
    "not found is final": ("payment:started:start", "request-late", "request-lost"),
    "unheard and never asked again": ("payment:started:expire",),
    "reverse on timeout": ("delivery:leased:unanswered", "capture:claimed:release-to-payer"),
    "reverse beside an unanswered try": (
        "capture:claimed:release-to-payer",
        "request-late",
        "delivery:leased:park",
    ),
    "an unanswered try is forgotten": (
        "capture:claimed:release-to-payer",
        "delivery:leased:park",
        "request-late",
    ),
    "a try is not counted as it leaves": (
        "capture:claimed:release-to-payer",
        "delivery:leased:park",
        "crash",
    ),
    "amount from a fresh lookup": ("order-changed",),
    "a void beside an intent": ("intent:due:unanswered", "order-changed", "payment:authorised:void"),
    "an intent beside a void": ("payment:authorised:void", "reversal:refused:retry"),
    "given up without asking": ("payment:authorised:decline", "order-changed"),
    "taken without reading the order": ("payment:started:authorise", "outage", "answer-lost", "unreachable"),
    "a surplus under another key than its void": ("payment:authorised:void",),
    "an unanswered capture counts as refused": ("intent:due:unanswered",),
    "a void's answer is the whole truth": ("payment:authorised:void",),
    "refund without key": ("reversal:due:unanswered",),
    "one key for all": ("payment:captured:capture",),
    "a reversal beside its void": ("payment:authorised:void",),
    "any amount is the whole": ("second-capture", "reversal:due:done"),
    "a timeout ends a reversal": ("reversal:due:unanswered",),
    "one person decides": ("decision:proposed:approve",),
    "given back beside a void": ("capture:review:give-back",),
    "each call a payment": ("payment:created:capture", "answer-lost"),
    "what leaves is a capture": _STATED,
    "a statement under a lost lease": _STATED,
    "money that was sent by hand is still owed": ("refund:refused:went-back",),
    "a day is read once": _STATED,
    "a statement that is late is given up": _STATED,
    "a number holds the order": _STATED,
    "any claim is good": ("payment:created:capture", "order-changed", "late-money"),
}
"""Edges and faults, by the mutant's name. Where there are both, a world is bent on a pair of one and the other."""


TASKS = "storage.tasks:Tasks."
FENCE = (
    Patch(f"{TASKS}check", "row.fence != lease.fence", "False"),
    Patch(f"{TASKS}renew", "!= 1", "< 0"),
    Patch(f"{TASKS}finish", "!= 1", "< 0"),
)

MUTANTS: tuple[Mutant, ...] = (
    _one("any state may follow any", "transition", "domain.transitions:next_state",
         "raise InvalidTransition(f\"{type(state).__name__} {state.value}: {event.value}\")",
         "edge = next(each for each in EDGES if type(each.source) is type(state) and each.event is event)"),
    # Leases and fences.
    Mutant("no fence", "lease.fence", (
        *FENCE,
        Patch("flow.confirmation_delivery:_leased", "work.tasks.check(tried.lease)", "pass"),
        Patch("flow.reversal:_leased", "work.tasks.check(lease)", "pass"),
        Patch("flow.hold_calls:_locked", "work.tasks.check(lease)", "pass"),
    ), NEAR["no fence"]),
    _one("a lease ends at once", "lease.span", f"{TASKS}_until", "now + span", "now"),
    Mutant("no lease", "lease.free", (
        Patch(f"{TASKS}lease", "self._clock(now, until - now)",
              "self._clock(now, until - now) | {'free_at': now + timedelta(days=999)}"),
        Patch(f"{TASKS}claim_due", "self._clock(now, until - now)",
              "self._clock(now, until - now) | {'free_at': now + timedelta(days=999)}"),
    ), NEAR["no lease"]),
    _one("sent whoever holds the task", "lease.before-send", "flow.evidence_sinks:DurableSink.sent",
         "if self._lease is not None:", "if False:"),
    # Starts.
    _one("timeout means failed", "start.unknown", "flow.payment_start:_publish",
         "        return payment\n",
         "        end_unchanged(parts, payment, PaymentEvent.CANCEL, actor='machine')\n        return payment\n"),
    _one("no compare-and-set", "start.unchanged", "flow.payment_ending:end_unchanged",
         "current.version == payment.version", "current.state.open"),
    _one("a second call without a trace", "start.again", "flow.payment_start:publish_again",
         "return work.payments.change(current, PaymentEvent.START, actor=\"machine\", at=parts.clock.now())",
         "return current"),
    _one("each press a payment", "start.form", "flow.payment_start:_Opening.store",
         "if again is not None:", "if False:"),
    _one("amount that nobody agreed to", "start.agreed", "flow.payment_start:start_payment",
         "answer.order.version != visit.accepted_version", "False"),
    # Claims.
    _one("no claim", "claim.room", "flow.payment_start:_Opening.store",
         "if not fits(self.answer.order, payable, self.amount):", "if False:"),
    _one("late money needs no room", "claim.room", "flow.captures:_Recording._retake",
         "if not fits(self._snapshot.order, now_payable, self._payment.amount):", "if False:"),
    _one("held money needs no room", "claim.room", "flow.two_step:_wanted",
         "return fits(reading.order, payable_now(work, reading.snapshot, besides=payment.id), payment.amount)",
         "return True"),
    _one("accepted money needs no room", "claim.room", "flow.review:room_for",
         "if not fits(snapshot.order, room, capture.amount):", "if False:"),
    _one("cash needs no room", "claim.room", "flow.inbound.acceptance:_Acceptance._on_new_claim",
         "reason = why_not(snapshot.order, payable, self.told.amount)", "reason = None"),
    _one("cash is held without room", "claim.room", "flow.inbound.payment_intake:_hold",
         "(reason := why_not(snapshot.order, payable, wish.amount)) is not None", "False"),
    _one("closed orders are payable", "claim.closed", "flow.claiming:payable_now",
         "(closed := closed_by_service(order)) is not None", "False"),
    _one("others' claims do not count", "claim.outstanding", "flow.claiming:payable_now",
         "others = work.claims.outstanding(snapshot, besides=besides)", "others = ()"),
    _one("parts of what takes no parts", "claim.whole", "flow.claiming:fits",
         "amount == payable.most", "amount <= payable.most"),
    _one("cap by our running total", "claim.acknowledged", "storage.claims:Claims.outstanding",
         "_counted(snapshot, besides)",
         "_counted(snapshot, besides) | {'known': -1}"),
    _one("a claim that is never released", "claim.release", "flow.payment_ending:end_in",
         "if claim.state is ClaimState.HELD:", "if False:"),
    _one("a claim is kept when its money goes back", "claim.release", "flow.captures:_Recording._give_back",
         "if claim.state is ClaimState.HELD and ground in _CLAIMS_NOTHING:", "if False:"),
    _one("a lost claim counts as held", "claim.held", "flow.captures:_Recording._decide",
         "self._claim.state is ClaimState.HELD or self._retake()", "True"),
    # Captures.
    _one("known transactions again", "capture.once", "flow.captures:record_captures",
         "tuple(each for each in answer.captures if each.transaction_id not in known)",
         "tuple(__import__('dataclasses').replace(each, transaction_id=f'{each.transaction_id}/{len(known)}') "
         "for each in answer.captures)"),
    _one("a second capture pays too", "capture.second", "flow.captures:_Recording._decide",
         "return CaptureState.SURPLUS, ReversalGround.SECOND_CAPTURE", "return CaptureState.CLAIMED, None"),
    _one("a second capture is kept", "capture.second", "flow.captures:_Recording._decide",
         "if not first:", "if False:"),
    _one("any amount pays", "capture.amount", "flow.captures:_Recording._decide",
         "if taken.amount != self._payment.amount:", "if False:"),
    _one("money that the provider took back pays", "capture.taken-back", "flow.captures:_taken_back",
         "if answer.reversed is None:", "if True:"),
    _one("money of a hold that was given up pays", "capture.unwanted", "flow.captures:_Recording._decide",
         "if self._hold.unwanted:", "if False:"),
    _one("outbox after commit", "capture.told", "flow.captures:_Recording.record",
         "open_delivery(self._parts, self._work, self._payment, self._snapshot.order, allocations)",
         "payment, snapshot = self._payment, self._snapshot; self._work.after_commit(lambda: self._parts.units.run("
         "'later', lambda work: open_delivery(self._parts, work, payment, snapshot.order, allocations)))"),
    # What became of it.
    _one("trust callback", "settle.asks", "flow.settling:settle",
         "answer = parts.calls.fetch_confirmation(payment.account_id, to_check, reading)",
         "from mpay_gateway.domain.provider_answer import ProviderCapture as C; "
         "answer = ProviderConfirmation(ProviderStatus.CONFIRMED, (C(reading.event_id, payment.amount, asked.at),)) "
         "if reading.event_id else parts.calls.fetch_confirmation(payment.account_id, to_check, reading)"),
    _one("expire blindly", "settle.asks", "flow.settling:settle",
         "answer = parts.calls.fetch_confirmation(payment.account_id, to_check, reading)",
         "answer = ProviderConfirmation(ProviderStatus.NOT_FOUND) if session_over(payment, asked.at) "
         "else parts.calls.fetch_confirmation(payment.account_id, to_check, reading)"),
    _one("not found is final", "settle.late", "flow.settling:_never_came",
         "payment.state is PaymentState.STARTED and session_over(payment, asked_at)", "True"),
    _one("unheard and never asked again", "settle.again", "flow.settling:_ask_later",
         "work.tasks.schedule(TaskKind.RECHECK, payment.id, due)",
         "work.tasks.schedule(TaskKind.RECHECK, payment.id, None)"),
    _one("no janitor", "settle.janitor", "flow.rechecking:recheck",
         "settle(parts, lease.subject)",
         "parts.units.run('idle', lambda work: work.tasks.finish(lease, due=None))"),
    _one("one person dismisses a line", "dismissal.two-people", "flow.bookkeeping.dismissing:approve_dismissal",
         "if dismissal.opened_by == actor:", "if False:"),
    # Deliveries.
    _one("reverse on timeout", "delivery.definite", "flow.confirmation_delivery:_not_confirmed",
         "if isinstance(error, RemoteRefused) and error.permanent:",
         "error = error if isinstance(error, RemoteRefused) else RemoteRefused('timeout')\n    if True:"),
    _one("reverse beside an unanswered try", "delivery.others", "flow.confirmation_delivery:_refused",
         "is OnRefusal.REVERSE and not may_know", "is OnRefusal.REVERSE"),
    _one("an unanswered try is forgotten", "delivery.unanswered", "flow.confirmation_delivery:_not_answered",
         "may_know = 0 if isinstance(error, _NOTHING_SENT) else 1", "may_know = 0"),
    _one("a try is not counted as it leaves", "delivery.may-know", "flow.evidence_sinks:DurableSink.sent",
         "self._first_sent(work)",
         "(setattr(work.deliveries, 'note_sent', lambda _: None), self._first_sent(work))"),
    _one("new PaymentID per try", "", "flow.confirmation_delivery:_send",
         "Confirmation.from_json(delivery.content), attempt=tried.number",
         "__import__('dataclasses').replace(Confirmation.from_json(delivery.content), "
         "payment_id=f'{delivery.payment_id[:-1]}{tried.number % 10}'), attempt=tried.number"),
    _one("amount from a fresh lookup", "", "flow.captures:_Recording._claim_order",
         "return shared(self._snapshot.order, claim.shares)",
         "newest = self._work.snapshots.newest(self._payment.service_id, self._payment.order_key, "
         "not_after=self._now).order; "
         "return shared(newest, tuple((each.line_id, each.amount_due) for each in newest.lines))"),
    _one("mark done before call", "", "flow.confirmation_delivery:_send",
         "receipt = parts.calls.deliver_confirmation(service, confirmation)",
         "receipt = DeliveryReceipt(); parts.units.run('delivery-confirmed', lambda work: _confirmed("
         "parts, work, tried, receipt)); parts.calls.deliver_confirmation(service, confirmation); return"),
    # Held money.
    _one("a void beside an intent", "hold.intent-first", "flow.two_step:_decide",
         "if hold.intent is not None and hold.intent.state is IntentState.DUE:",
         "if hold.intent is not None and hold.intent.state is IntentState.DUE and _wanted(work, payment, reading):"),
    _one("an intent beside a void", "hold.void-first", "flow.two_step:_decide",
         "if hold.void is not None:", "if False:"),
    _one("given up without asking", "hold.asks-first", "flow.two_step:_give_up",
         "asked.answer.status is ProviderStatus.AUTHORISED", "True"),
    _one("taken without reading the order", "hold.reads", "flow.two_step:_order_now",
         "    except UnknownOrder:\n        return Reading.GONE\n    except MpayError:\n"
         "        if hold.intent is None:\n            raise\n",
         "    except UnknownOrder:\n        return Reading.GONE\n    except MpayError:\n        return Reading.GONE\n"),
    _one("a surplus under another key than its void", "hold.void-key", "flow.holds:Hold.gives_back",
         "return self.void", "return None"),
    _one("an unanswered capture counts as refused", "hold.definite", "flow.hold_calls:_not_taken",
         "not is_final(error) or ", ""),
    _one("a void's answer is the whole truth", "hold.asks-again", "flow.hold_calls:_given_up",
         "parts.clock.now(), heard.since", "parts.clock.now(), ProviderConfirmation(ProviderStatus.CANCELLED)"),
    # Money back.
    _one("refund without key", "reversal.key", "flow.reversal:reverse",
         "key=reversal.key", "key=parts.ids.token()"),
    _one("one key for all", "reversal.key", "flow.reversal:open_reversal",
         "_key(capture)", "f\"rev-{capture.payment_id}\""),
    _one("a reversal beside its void", "reversal.alone", "flow.reversal:_alone",
         "if key != void_key(payment_id):", "if True:"),
    _one("any amount is the whole", "reversal.whole", "flow.reversal:_answered",
         "answer.amount == reversal.amount", "True"),
    _one("a timeout ends a reversal", "reversal.final", "flow.reversal:is_final",
         "isinstance(error, NoPluginAnswered) or (isinstance(error, RemoteRefused) and error.permanent)", "True"),
    # Refunds.
    _one("a refund waits for nobody's word", "refund.word", "flow.refunds.refunding:refund",
         "if not found.waits or _hear_word(parts, lease, found, payment):", "if True:"),
    _one("any word releases a refund", "refund.word", "flow.refunds.refunding:_hear_word",
         "if said in awaited:", "if True:"),
    _one("a refund under a new key each time", "refund.key", "flow.refunds.refunding:_give_back",
         "key=found.key", "key=parts.ids.token()"),
    _one("any amount is the whole refund", "refund.whole", "flow.refunds.refunding:_answered",
         "answer.amount == found.amount", "True"),
    _one("more is refunded than is left", "refund.left", "flow.refunds.opening:check_amount",
         " or wanted > left", ""),
    _one("earlier refunds do not count", "refund.left", "flow.refunds.opening:refundable",
         "left_to_refund(capture, work.refunds.of_payment(payment.id))", "capture.amount"),
    _one("money is refunded of which no service knows", "refund.confirmed", "flow.refunds.opening:confirmed_capture",
         " or delivery.state is not DeliveryState.CONFIRMED", ""),
    _one("a refund is taken back that has left", "refund.waits", "flow.refunds.opening:waiting",
         "if not refund.waits:", "if False:"),
    _one("a refund is tried again though less is left", "refund.retry", "flow.refunds.acts:retry_refund",
         "check_amount(refund.amount, refundable(work, payment)[1])", "pass"),
    _one("our own refund is called the provider's", "refund.by-provider",
         "flow.refunds.provider_refunds:hear_taken_back",
         "answer.reversed - given_back(work, payment.id, currency)", "answer.reversed"),
    _one("a refund waits for money that is gone", "refund.gone", "flow.refunds.provider_refunds:_withdraw_what_is_gone",
         "gone = left < Money.zero(left.currency)", "gone = False"),
    # Statements.
    _one("what leaves is a capture", "stated.in", "flow.bookkeeping.statement_captures:_telling",
         "stored.line.gross <= Money.zero(stored.line.gross.currency) or ", ""),
    Mutant("a statement under a lost lease", "stated.lease", (
        Patch("flow.bookkeeping.statement_captures:_capture",
              "work.tasks.renew(lease, now=parts.clock.now())", "pass"),
        Patch("flow.bookkeeping.statement_intake:_store", "work.tasks.renew(lease, now=parts.clock.now())", "pass"),
        Patch("flow.bookkeeping.statement_intake:_post_some",
              "work.tasks.renew(lease, now=parts.clock.now())", "pass"),
    ), NEAR["a statement under a lost lease"]),
    _one("money that was sent by hand is still owed", "stated.returned",
         "flow.bookkeeping.statement_intake:_note_returned",
         "if line.refund_id is not None and by_hand:", "if False:"),
    _one("a day is read once", "stated.again", "flow.bookkeeping.statement_days:look_again",
         "return next((each for each in looks if each > parts.clock.now()), None)", "return None"),
    _one("a statement that is late is given up", "stated.again", "flow.bookkeeping.statement_days:try_again",
         "return at", "return None"),
    _one("a number holds the order", "claim.number", "flow.paid_elsewhere:give_number",
         "work.claims.change(claim, ClaimEvent.RELEASE, actor=\"machine\", at=parts.clock.now())", "pass"),
    # People.
    _one("one person decides", "decision.two-people", "flow.decisions:approve",
         "if decision.opened_by == actor:", "if False:"),
    _one("given back beside a void", "review.void-key", "flow.review:give_capture_back",
         "hold.void is not None and hold.may_have_left", "False"),
    # Cash.
    _one("each call a payment", "intake.key", "flow.inbound.acceptance:decided",
         "case IntakeState.ACCEPTED:", "case IntakeState.ACCEPTED if False:"),
    _one("any claim is good", "intake.claim", "flow.inbound.acceptance:_Acceptance._still_good",
         "if self.work.claims.of_payment(own.id).state is ClaimState.HELD:", "if True:"),
)  # fmt: skip
