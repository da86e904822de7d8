"""Counterparts that do not answer are left alone, but for a probe: what calls ask before, and write down after.

A breaker lives in the database, so that all processes heed it and one probes for all (ADR 18). A call that goes well
beside a breaker without trouble writes nothing.
"""

from dataclasses import replace

import structlog

from mpay_gateway.domain.breaker import Admission, Breaker, Calls, CallsTo
from mpay_gateway.domain.errors import (
    MpayError,
    OutcomeUnknown,
    PluginBusy,
    RemoteRefused,
    RemoteUnavailable,
)
from mpay_gateway.domain.remarks import remark
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage import Work

_log = structlog.get_logger("breakers")


def deliveries_to(service_id: str) -> CallsTo:
    return CallsTo(Calls.DELIVERIES, service_id)


def lookups_at(service_id: str) -> CallsTo:
    return CallsTo(Calls.LOOKUPS, service_id)


def starts_at(account_id: str) -> CallsTo:
    return CallsTo(Calls.STARTS, account_id)


def look(parts: Parts, calls: CallsTo) -> Breaker:
    """The breaker as it was a second ago at most. Not inside a unit of work."""
    return parts.breakers.look(parts.units, parts.clock, calls)


def all_breakers(parts: Parts) -> tuple[Breaker, ...]:
    """Those whose last call went unanswered, the open ones among them, as they are now."""
    return parts.units.read(lambda work: work.breakers.troubled())


def probe_now(parts: Parts, work: Work, calls: CallsTo) -> Breaker:
    """Let the next probe of an open breaker leave at once: an operator has a reason to try. Returns what it was."""
    breaker = work.breakers.lock(calls)
    if breaker.is_open:
        work.breakers.save(replace(breaker, probe_at=None))
        work.after_commit(parts.breakers.forget)
    return breaker


def may_call(parts: Parts, calls: CallsTo) -> bool:
    """Whether a call may leave now: while the breaker is open, one in a while, as the probe of all processes.

    What comes of it is told to `answered` or `unanswered`.
    """
    match look(parts, calls).admits(parts.clock.now()):
        case Admission.FREE:
            return True
        case Admission.HELD_BACK:
            return False
        case Admission.PROBE:
            return parts.units.run("take-probe", lambda work: _take_probe(parts, work, calls))


def _take_probe(parts: Parts, work: Work, calls: CallsTo) -> bool:
    breaker, now = work.breakers.lock(calls), parts.clock.now()
    admission = breaker.admits(now)
    if admission is Admission.PROBE:
        work.breakers.save(breaker.probing(parts.breakers.rule, now))
    work.after_commit(parts.breakers.forget)
    return admission is not Admission.HELD_BACK


def answered(parts: Parts, calls: CallsTo) -> None:
    """A call got an answer."""
    if look(parts, calls).troubled:
        parts.units.run("breaker-answered", lambda work: note_answer(parts, work, calls))


def unanswered(parts: Parts, calls: CallsTo, error: MpayError, *, about: str = "") -> None:
    """A call got no usable answer. `about`: what it was about, where that may be the reason.

    That all our own threads were busy says nothing of the counterpart: it was not asked.
    """
    if isinstance(error, PluginBusy):
        return
    parts.units.run("breaker-unanswered", lambda work: note_failure(parts, work, calls, error, about=about))


def heard_elsewhere(parts: Parts, calls: CallsTo, error: MpayError) -> None:
    """What the failure of another kind of call says of these: a refusal is a sign of life, only silence is silence."""
    if isinstance(error, RemoteRefused):
        sign_of_life(parts, calls)
    elif isinstance(error, RemoteUnavailable | OutcomeUnknown) and not isinstance(error, PluginBusy):
        _still_silent(parts, calls)


def sign_of_life(parts: Parts, calls: CallsTo) -> None:
    """The counterpart answered another kind of call: these may leave again, on trial."""
    if look(parts, calls).is_open:
        parts.units.run("breaker-alive", lambda work: _note_life(parts, work, calls))


def _still_silent(parts: Parts, calls: CallsTo) -> None:
    """Another kind of call went unanswered: that was the probe, and no payer need be one for a while."""
    breaker, now = look(parts, calls), parts.clock.now()
    if (
        breaker.is_open
        and breaker.probe_at is not None
        and breaker.probe_at <= now + parts.breakers.rule.pause(calls.kind) / 2
    ):
        parts.units.run("take-probe", lambda work: _put_off(parts, work, calls))


def _note_life(parts: Parts, work: Work, calls: CallsTo) -> None:
    breaker = work.breakers.lock(calls)
    if breaker.is_open:
        work.breakers.save(breaker.alive(parts.breakers.rule))
        work.after_commit(lambda: _log.warning("breaker_closed", **_facts(breaker)))
    work.after_commit(parts.breakers.forget)


def _put_off(parts: Parts, work: Work, calls: CallsTo) -> None:
    breaker = work.breakers.lock(calls)
    if breaker.is_open:
        work.breakers.save(breaker.probing(parts.breakers.rule, parts.clock.now()))
    work.after_commit(parts.breakers.forget)


def note_answer(parts: Parts, work: Work, calls: CallsTo) -> None:
    """Write an answer down. If it closes the breaker of a service, all that the service waits for is due now."""
    breaker, now = work.breakers.lock(calls), parts.clock.now()
    if not breaker.troubled:
        return
    work.breakers.save(breaker.answered())
    work.after_commit(parts.breakers.forget)
    if not breaker.is_open:
        return
    if calls.kind is Calls.DELIVERIES:
        work.tasks.hurry_service(calls.subject, now)
    work.after_commit(lambda: _log.warning("breaker_closed", **_facts(breaker)))


def note_failure(parts: Parts, work: Work, calls: CallsTo, error: MpayError, *, about: str = "") -> None:
    """Write down that a call got no usable answer; too many of them open the breaker."""
    breaker = work.breakers.lock(calls)
    after = breaker.unanswered(parts.breakers.rule, about=about, error=remark(error), at=parts.clock.now())
    work.breakers.save(after)
    work.after_commit(parts.breakers.forget)
    if after.is_open and not breaker.is_open:
        work.after_commit(lambda: _log.warning("breaker_opened", **_facts(after)))


def _facts(breaker: Breaker) -> dict[str, str]:
    """What the log says of it: not the error, in which a service may repeat people's values."""
    since = breaker.opened_at.isoformat() if breaker.opened_at else ""
    return {"calls": breaker.calls.kind.value, "to": breaker.calls.subject, "since": since}
