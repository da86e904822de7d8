"""Every error that the gateway knows, by whose turn it is to act.

Names match the fault codes of the integration guide (version 1.3) where one exists. Messages are for logs and
operators; what a payer reads is chosen by the web layer from the type of the error.
"""

from mpay_gateway.domain.deviation import Deviation
from mpay_gateway.domain.proof import Proof


class MpayError(Exception):
    """Root of all errors that the gateway raises on purpose."""


class ConfigurationError(MpayError):
    """The gateway cannot start; carries every problem that was found, not only the first.

    `problems`: one sentence each, in the order of the file.
    """

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class InvalidInput(MpayError):
    """What came in cannot be used as it is; the sender can mend it."""


class InvalidChoice(InvalidInput):
    """A choice or an amount that the invoice does not allow.

    `field`: name of the form field. `reason`: key of the payer's text that explains it.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class InvalidForm(InvalidInput):
    """What the payer filled in beside an order cannot be accepted. Carries everything that is wrong, and no values.

    `problems`: name of the field and key of the payer's text that explains it, in the order of the page.
    """

    def __init__(self, problems: tuple[tuple[str, str], ...]) -> None:
        super().__init__(", ".join(f"{field}: {reason}" for field, reason in problems))
        self.problems = problems


class InvalidReturnUrl(InvalidInput):
    """A ReturnUrl that the service has not registered."""


class InvalidCallback(InvalidInput):
    """A provider's callback that is not authentic, too old, or not of the provider's form."""


class NotAuthorised(InvalidInput):
    """Whoever asks has not shown that he may. Says the same for a wrong name and a wrong token."""


class NotFound(MpayError):
    """Nothing is here, or nothing that the asker may see: the two look alike on purpose."""


class UnknownService(NotFound):
    """No service of this id takes payments."""


class ServiceClosed(UnknownService):
    """The service is registered, and takes no payments now."""


class UnknownOrder(NotFound):
    """The service knows no order of this key, in any of the forms in which services say so."""


class OrderNotNamed(UnknownOrder):
    """The service named no order, in words that it may also use for a passing fault of its own.

    Enough to show "not found", and for nothing else: no money moves on it.
    `fault`: the code of the fault by which it said so, empty where it sent none.
    """

    def __init__(self, service_id: str, *, fault: str = "") -> None:
        super().__init__(service_id)
        self.fault = fault


class UnknownInvoice(NotFound):
    """No invoice of this number."""


class UnknownPayment(NotFound):
    """No payment of this reference."""


class NotPayable(MpayError):
    """The order exists and cannot be paid now."""


class NotAtCounters(NotPayable):
    """The service takes no payments at counters."""


class InvoiceExpired(NotPayable):
    """The order has expired or was cancelled."""


class InvoiceAlreadyPaid(NotPayable):
    """The order is paid."""


class PaymentInProgress(NotPayable):
    """Another payment of the same order is under way. `payment_id` names it."""

    def __init__(self, payment_id: str) -> None:
        super().__init__(payment_id)
        self.payment_id = payment_id


class PaymentsSuspended(MpayError):
    """Nothing new may begin now, for a reason of ours. What is under way goes on."""


class TooManyRequests(MpayError):
    """A limit on look-ups was reached. `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after


class RemoteError(MpayError):
    """A counterpart did not do what was asked."""


class RemoteRefused(RemoteError):
    """A definite, authenticated no.

    `code`: the counterpart's own code. `permanent`: asking again cannot help. `proof`: the signature by which the no
    is believed. `deviations`: what was off the contract in saying it.
    """

    def __init__(
        self, code: str, detail: str = "", *, permanent: bool = True, proof: Proof | None = None,
        deviations: tuple[Deviation, ...] = (),
    ) -> None:  # fmt: skip
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.permanent = permanent
        self.proof = proof
        self.deviations = deviations


class ProviderRefused(RemoteRefused):
    """A provider's no. Its codes are its own: one that a service may also use says nothing of the service."""


class RemoteUnavailable(RemoteError):
    """Nothing was sent: the counterpart has certainly not acted."""


class PluginBusy(RemoteUnavailable):
    """All calls that a plugin may have in flight are; nobody was asked."""


class OutcomeUnknown(RemoteError):
    """Something was sent and no usable answer came: the counterpart may have acted. Never a failure."""


class InvalidAnswer(RemoteError):
    """An answer came that cannot be believed or read. `detail` says what is wrong with it."""


class InvalidTransition(MpayError):
    """An edge that the transition table does not have."""


class NoPluginAnswered(MpayError):
    """A hook that needs an answer got none."""


class PluginBug(MpayError):
    """A plugin raised what its hook does not declare, or answered with the wrong type.

    `plugin`: id of the registered instance. `hook`: name of the hook.
    """

    def __init__(self, plugin: str, hook: str, detail: str) -> None:
        super().__init__(f"{plugin}: {hook}: {detail}")
        self.plugin = plugin
        self.hook = hook


class OutboundCallRefused(MpayError):
    """An outbound call was tried while a unit of work is open: a fault of the program, never of a counterpart."""


class DocumentFailed(MpayError):
    """A paper could not be rendered, or not in time. Nothing else is affected; asking again may help."""


class Conflict(MpayError):
    """A row changed under us (compare-and-set failed): another process was first."""
