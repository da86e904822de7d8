"""What each hook promises beyond its signature: who answers it, with what, and which errors it may raise."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from mpay_gateway.api import (
    CallbackReading,
    Capability,
    Confirms,
    Conflict,
    DeliveryReceipt,
    Document,
    InstrumentOffer,
    InstrumentPlan,
    InvalidAnswer,
    InvalidCallback,
    InvalidChoice,
    Need,
    NextStep,
    OrderLookup,
    OutcomeUnknown,
    ProviderConfirmation,
    ProviderPlugin,
    RemoteError,
    RemoteUnavailable,
    ReversalAnswer,
    StatementLine,
    StatementReading,
    UnknownService,
)
from mpay_gateway.crash_points import CALLS
from mpay_gateway.domain.errors import DocumentFailed
from mpay_gateway.plugin_host.registry import Kind

Errors = tuple[type[Exception], ...]


@dataclass(frozen=True, slots=True)
class HookContract:
    """`owner`: the kind that implements it, None for any. `answers`: types of a good answer.

    `io`: called in the instance's pool, under a deadline. `errors`: what may pass to the core. `misfit`: the one
    of them that an answer out of bounds means, None when it is the plugin's bug.
    """

    name: str
    owner: Kind | None
    answers: tuple[type, ...]
    io: bool = False
    errors: Errors = ()
    misfit: type[Exception] | None = None

    def __post_init__(self) -> None:
        """Raises: ValueError for a hook with I/O that has no crash points, or the other way round."""
        if self.io != (self.name in CALLS):
            raise ValueError(f"{self.name}: a hook does I/O if and only if `crash_points.CALLS` names it")

    def accepts(self, answer: object) -> bool:
        """Whether an answer has the declared type (every line, for the lines of a statement)."""
        if isinstance(answer, tuple) and StatementLine in self.answers:
            return all(isinstance(line, StatementLine) for line in answer)
        if isinstance(answer, StatementLine):  # a line by itself is no statement
            return False
        return isinstance(answer, self.answers)


_REMOTE: Errors = (RemoteError,)
# Evidence refuses to keep a message when the lease is lost: that reaches the core through the plugin.
_SENDING: Errors = (RemoteError, Conflict)
_ASKING: Errors = (RemoteUnavailable, OutcomeUnknown, InvalidAnswer, Conflict)

CONTRACTS: Mapping[str, HookContract] = {
    contract.name: contract
    for contract in (
        HookContract("mpay_includeme", None, (type(None),)),
        HookContract(
            "mpay_lookup_orders", Kind.ESERVICE, (OrderLookup,), io=True, errors=(*_SENDING, UnknownService)
        ),
        HookContract("mpay_render_invoice", None, (Document,), errors=(DocumentFailed,)),
        HookContract("mpay_offer_instruments", Kind.INSTRUMENT, (InstrumentOffer,)),
        HookContract("mpay_select_instrument", Kind.INSTRUMENT, (InstrumentPlan,), errors=(InvalidChoice,)),
        HookContract("mpay_start_payment", Kind.PROVIDER, get_args(NextStep), io=True, errors=_SENDING),
        # Whoever calls writes what is read: a payer's return is not authentic.
        HookContract(
            "mpay_read_callback",
            Kind.PROVIDER,
            (CallbackReading,),
            errors=(InvalidCallback,),
            misfit=InvalidCallback,
        ),
        HookContract(
            "mpay_fetch_confirmation", Kind.PROVIDER, (ProviderConfirmation,), io=True, errors=_ASKING
        ),
        HookContract(
            "mpay_capture_payment", Kind.PROVIDER, (ProviderConfirmation,), io=True, errors=_SENDING
        ),
        HookContract(
            "mpay_deliver_confirmation", Kind.ESERVICE, (DeliveryReceipt,), io=True, errors=_SENDING
        ),
        HookContract("mpay_render_receipt", None, (Document,), errors=(DocumentFailed,)),
        HookContract("mpay_reverse_payment", Kind.PROVIDER, (ReversalAnswer,), io=True, errors=_SENDING),
        HookContract(
            "mpay_read_statement", Kind.PROVIDER, (StatementLine, StatementReading), io=True, errors=_SENDING
        ),
        HookContract("mpay_run_job", None, (type(None),), io=True, errors=_SENDING),
        HookContract("mpay_payment_changed", None, (type(None),), io=True),
    )
}

_JOB_HOOK = frozenset({"mpay_run_job"})
_CAPABILITY_HOOKS = {
    Capability.TWO_STEP: "mpay_capture_payment",
    Capability.REVERSE: "mpay_reverse_payment",
    Capability.STATEMENT: "mpay_read_statement",
}
_ASKED_FROM_HERE = frozenset({"mpay_start_payment", "mpay_read_callback", "mpay_fetch_confirmation"})


def required_hooks(kind: Kind, plugin: type, confirms: Confirms | None = None) -> frozenset[str]:
    """The routed hooks that a plugin of this kind must implement, by what it declares.

    `confirms`: how one account of a provider does, None for as its class says.
    """
    own = _provider_requires(plugin, confirms) if kind is Kind.PROVIDER else _REQUIRED[kind]
    return own | (_JOB_HOOK if plugin.jobs else frozenset())  # type: ignore[attr-defined]


def excluded_hooks(kind: Kind, plugin: type, confirms: Confirms | None = None) -> frozenset[str]:
    """The routed hooks that it must not implement: other kinds' own, and what its declarations rule out."""
    foreign = {name for name, contract in CONTRACTS.items() if contract.owner not in {None, kind}}
    ruled_out = _ruled_out(plugin, confirms) if kind is Kind.PROVIDER else frozenset()
    return frozenset(foreign) | ruled_out | (frozenset() if plugin.jobs else _JOB_HOOK)  # type: ignore[attr-defined]


def _provider_requires(plugin: type, confirms: Confirms | None) -> frozenset[str]:
    assert issubclass(plugin, ProviderPlugin)
    hooks = {_CAPABILITY_HOOKS[capability] for capability in plugin.capabilities}
    match confirms or plugin.confirms:
        case Confirms.PULL:
            hooks |= {"mpay_read_callback", "mpay_fetch_confirmation"}
            if plugin.gives & {Need.REDIRECT, Need.QR}:
                hooks.add("mpay_start_payment")
        case Confirms.STATEMENT:
            hooks.add("mpay_read_statement")
        case Confirms.PUSH:
            pass
    return frozenset(hooks)


def _ruled_out(plugin: type, confirms: Confirms | None) -> frozenset[str]:
    assert issubclass(plugin, ProviderPlugin)
    hooks = {hook for capability, hook in _CAPABILITY_HOOKS.items() if capability not in plugin.capabilities}
    if (confirms or plugin.confirms) is not Confirms.PULL:  # it starts elsewhere, and nobody is asked
        hooks |= _ASKED_FROM_HERE
    return frozenset(hooks) - _provider_requires(plugin, confirms)


_REQUIRED: Mapping[Kind, frozenset[str]] = {
    Kind.ESERVICE: frozenset({"mpay_lookup_orders", "mpay_deliver_confirmation"}),
    Kind.INSTRUMENT: frozenset({"mpay_offer_instruments", "mpay_select_instrument"}),
}
