"""Every place where the process can be made to die at once: before and after each commit and each outbound call.

One registry, so that a test can go through all of them and forget none. Nothing here has an effect unless the
environment arms a point: `MPAY_CRASHPOINT=settle:after-commit`, or `settle:after-commit:3` for the third pass.
"""

import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from mpay_gateway.domain.errors import ConfigurationError

VARIABLE = "MPAY_CRASHPOINT"

UNITS = frozenset(
    {
        # What the payer's pages and the providers' callbacks commit.
        "agree", "evidence-received", "evidence-sent", "keep-callback", "keep-fruitless-call", "keep-next-step",
        "note-change", "open-payment", "open-visit", "pass-factor", "show-invoice", "start-again", "wrong-factor",
        # What integrators ask for, and vendors of POS terminals.
        "issue-invoice", "register-terminal",
        # Money that starts elsewhere.
        "accept-payment", "claim-order", "expire-claim", "put-record", "refuse-payment", "release-claim", "show-due",
        # What becomes of a payment.
        "end-payment", "provider-not-heard", "settle",
        # Held money.
        "capture-not-done", "captured", "decide-to-give-up", "decide-two-step", "finish-later", "void-not-done",
        "voided",
        # The service is told.
        "delivery-confirmed", "delivery-idle", "delivery-postponed", "delivery-refused", "delivery-unanswered",
        # Who does not answer.
        "breaker-alive", "breaker-answered", "breaker-unanswered", "take-probe",
        # Money goes back.
        "refund-done", "refund-idle", "refund-not-done", "refund-waits", "refund-word", "reversal-done",
        "reversal-idle", "reversal-not-done",
        # The worker's own.
        "claim-tasks", "job-done", "job-gone", "put-back", "schedule-jobs",
        # Retention.
        "erase-bodies", "erase-filled", "erasing-done", "hold-erasing", "note-erasure", "tend-erasing",
        # What services' answers were like.
        "count-answers", "tend-answers",
        # Seals.
        "lease-seal", "seal", "tend-seals",
        # Books.
        "capture-stated", "hold-statement", "keep-probe", "lease-statement", "plan-next-statement", "plan-statements",
        "post-statement-lines", "settle-day", "statement-fetched", "statement-looked-at", "statement-not-read",
        "statement-read", "store-statement",
        "approve-dismissal", "propose-dismissal", "reject-dismissal",
        # A backup was restored.
        "begin-restoration", "compare-restoration", "finish-restoration",
        # What operators do.
        "acknowledge-refund", "add-operator", "apply-service", "approve", "disable-instrument", "disable-operator",
        "disable-service", "enable-instrument", "hurry-delivery", "park-delivery", "propose", "reject",
        "disable-terminal", "enable-terminal", "retry-refund", "retry-reversal", "take-parked", "withdraw-refund",
    }
)  # fmt: skip
"""Names of the units of work: each is one commit, between `NAME:before-commit` and `NAME:after-commit`."""

CALLS = frozenset(
    {
        "mpay_capture_payment", "mpay_deliver_confirmation", "mpay_fetch_confirmation", "mpay_lookup_orders",
        "mpay_payment_changed", "mpay_read_statement", "mpay_reverse_payment", "mpay_run_job", "mpay_start_payment",
    }
)  # fmt: skip
"""The hooks that do I/O. `call:HOOK:before` and `:after` stand around the whole of it, however it ends;
`call:HOOK:before-send` and `:after-answer` around each exchange that it makes over the network.
"""

ELSEWHERE = "elsewhere"
"""Stands for the hook where a plugin sends from elsewhere: from a view of its own, or at its start."""

MIGRATION = frozenset({"migrate:step", "migrate:before-commit", "migrate:after-commit"})
"""After each step of a migration, and around its one commit."""

FILES = frozenset({"whole-file:before-rename", "whole-file:after-rename"})
"""Around the moment at which a file of a settlement, or of a report, gets its name."""

POINTS = (
    frozenset(f"{unit}:{moment}" for unit in UNITS for moment in ("before-commit", "after-commit"))
    | frozenset(f"call:{call}:{moment}" for call in CALLS for moment in ("before", "after"))
    | frozenset(
        f"call:{call}:{moment}" for call in CALLS | {ELSEWHERE} for moment in ("before-send", "after-answer")
    )
    | MIGRATION
    | FILES
)
"""Every crash point there is."""

STOPS = "MPAY_CRASHPOINT_STOPS"
"""Set to anything, the armed point stops the process (SIGSTOP) instead, until somebody lets it go on."""

_call: ContextVar[str] = ContextVar("outbound_call", default=ELSEWHERE)
_armed = re.fullmatch(r"(.+?)(?::([0-9]+))?", os.environ.get(VARIABLE, ""))
_armed_point = _armed[1] if _armed else ""
_passes_left = int(_armed[2] or 1) if _armed else 0
_watcher: Callable[[str], object] | None = None


def watch_crash_points(watcher: Callable[[str], object] | None) -> None:
    """Let the simulator hear of every point of this process as it is passed; None: nobody listens any more."""
    global _watcher  # noqa: PLW0603  a seam of this process, like the variable that arms it
    _watcher = watcher


def crash_point(name: str) -> None:
    """A place where the process may die. What kills itself says so in one line on standard error."""
    global _passes_left  # noqa: PLW0603  a count of this process, like the variable that arms it
    if _watcher is not None:
        _watcher(name)
    if _armed_point and name == _armed_point:
        _passes_left -= 1
        if _passes_left == 0:
            if os.environ.get(STOPS):
                # To this very thread: told to the process, another thread may hear it, and this one run on.
                signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
                return
            os.write(2, f"crash point {name}: process {os.getpid()} kills itself\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def outbound_call(hook: str) -> Iterator[None]:
    """A call of a plugin that does I/O: the points around it, and the name of those within."""
    mark = _call.set(hook)
    crash_point(f"call:{hook}:before")
    try:
        yield
    finally:
        crash_point(f"call:{hook}:after")
        _call.reset(mark)


def wire_point(moment: str) -> None:
    """A place around one exchange over the network, within whatever call makes it."""
    crash_point(f"call:{_call.get()}:{moment}")


def refuse_unknown_point() -> None:
    """Called at the start of every command: a point that does not exist would never be reached.

    Raises: ConfigurationError.
    """
    if _armed_point and _armed_point not in POINTS:
        raise ConfigurationError((f"{VARIABLE}: no crash point is called {_armed_point!r}",))
