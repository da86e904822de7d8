"""The two commands, through the gateway's port: check shows what is due and holds it, pay tells of money.

Every command may come again under its txn_id. Money is refused for good or accepted for good; while neither can be
said the network is told to try later, which it does with the same txn_id.
"""

from dataclasses import dataclass
from datetime import timedelta

from mpay_gateway.api import (
    Accepted,
    AlreadyAccepted,
    Clock,
    CollectedPayment,
    Conflict,
    DueOrder,
    Gateway,
    InboundQuery,
    IntakeState,
    Language,
    MessageMeta,
    Money,
    MpayError,
    RefusalReason,
    Refused,
    UnknownOrder,
    UnknownService,
)
from mpay_provider_osmp.results import OF_REASON, Result, comment
from mpay_provider_osmp.settings import OsmpSettings
from mpay_provider_osmp.wire import Asked, Command, Reply, Unreadable

_METHODS = {
    Language.RO: "Numerar la terminal",
    Language.RU: "Наличные в терминале",
    Language.EN: "Cash at a kiosk",
}


@dataclass(frozen=True, slots=True)
class Protocol:
    """The account's side of the protocol."""

    gateway: Gateway
    clock: Clock
    settings: OsmpSettings

    def answer(self, asked: Asked, message: bytes, meta: MessageMeta) -> Reply:
        """The reply to one request; `message` is the request as it came. Never raises what the gateway declares."""
        try:
            match asked.command:
                case Command.CHECK:
                    return self._check(asked)
                case Command.PAY:
                    return self._pay(asked, message, meta)
        except (UnknownOrder, UnknownService):
            return self._refusal(asked, RefusalReason.UNKNOWN_ORDER)
        except Conflict:
            return self._reply(asked, Result.OTHER)
        except MpayError:
            return self._reply(asked, Result.TRY_LATER)

    def unreadable(self, problem: Unreadable) -> Reply:
        """The reply to what is no request of the protocol's form."""
        return Reply(problem.txn_id, problem.result, comment(problem.result, None, self.settings.language))

    def _check(self, asked: Asked) -> Reply:
        language = self.settings.language
        due = self._port(asked).look_up(InboundQuery(asked.order, language, asked.factor))
        if due.refusal is not None:
            return self._refusal(asked, due.refusal)
        if (refused := self._hold(asked, due)) is not None:
            return self._refusal(asked, refused.reason)
        shown = _fields(due, language)
        return Reply(asked.txn_id, Result.OK, comment(Result.OK, None, language), fields=shown)

    def _hold(self, asked: Asked, due: DueOrder) -> Refused | None:
        """Hold the order for the txn_id, when the sum is one that can be paid: a check may bring none, or the least."""
        most = due.invoice.payable
        if not self.settings.claim_minutes or most is None or most.currency != asked.amount.currency:
            return None
        if not asked.amount or not due.smallest <= asked.amount <= most:
            return None
        until = self.clock.now() + timedelta(minutes=self.settings.claim_minutes)
        port = self._port(asked)
        try:
            held = port.claim(asked.order, asked.txn_id, asked.amount, until)
        except Conflict:
            if not self._let_go_of_other(asked):
                raise
            held = port.claim(asked.order, asked.txn_id, asked.amount, until)
        return held if isinstance(held, Refused) else None

    def _pay(self, asked: Asked, message: bytes, meta: MessageMeta) -> Reply:
        assert asked.taken_at is not None, "a pay has its time"
        port = self._port(asked)
        collected = CollectedPayment(
            asked.order,
            asked.txn_id,
            asked.amount,
            asked.taken_at,
            _METHODS[self.settings.language],
            message,
            meta,
        )
        try:
            answer = port.accept(collected)
        except Conflict:
            if not self._let_go_of_other(asked):
                raise
            answer = port.accept(collected)
        match answer:
            case Accepted(reference=reference) | AlreadyAccepted(reference=reference):
                said = comment(Result.OK, None, self.settings.language)
                return Reply(asked.txn_id, Result.OK, said, prv_txn=reference, amount=asked.amount)
            case Refused(reason=reason):
                return self._refusal(asked, reason)

    def _let_go_of_other(self, asked: Asked) -> bool:
        """Let go of what a check held under this txn_id for another sum; False when money was told under it."""
        port = self._port(asked)
        if port.status(asked.txn_id).state is not IntakeState.CLAIMED:
            return False
        port.release(asked.txn_id)
        return True

    def _port(self, asked: Asked) -> Gateway:
        return self.gateway.at_device(asked.device)

    def _refusal(self, asked: Asked, reason: RefusalReason) -> Reply:
        result = OF_REASON[reason]
        amount = asked.amount if asked.command is Command.PAY else None
        return Reply(asked.txn_id, result, comment(result, reason, self.settings.language), amount=amount)

    def _reply(self, asked: Asked, result: Result) -> Reply:
        return Reply(asked.txn_id, result, comment(result, None, self.settings.language))


def _fields(due: DueOrder, language: Language) -> tuple[tuple[str, str], ...]:
    """What the kiosk shows to the payer before he pays; the gateway has masked it."""
    order, service = due.invoice.order, due.invoice.service
    shown = (
        ("payee", service.name.in_language(language)),
        ("reason", order.reason),
        ("payer", order.customer_name),
        ("amount", _written(due.invoice.payable)),
        ("least", _written(due.smallest) if due.smallest != due.invoice.payable else ""),
    )
    return tuple((name, value) for name, value in shown if value)


def _written(amount: Money | None) -> str:
    return "" if amount is None else str(amount)
