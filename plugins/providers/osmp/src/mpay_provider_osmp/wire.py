"""The protocol's requests and replies, to and from values. Nothing here knows HTTP."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from xml.sax.saxutils import escape, quoteattr
from zoneinfo import ZoneInfo

from mpay_gateway.api import Money, OrderName
from mpay_provider_osmp.results import Result
from mpay_provider_osmp.settings import CURRENCY, OsmpSettings

LOCAL = ZoneInfo("Europe/Chisinau")
_TXN_ID = re.compile(r"[0-9]{1,20}\Z", re.ASCII)
_SUM = re.compile(r"[0-9]{1,9}\.[0-9]{2}\Z", re.ASCII)
_DATE = re.compile(r"[0-9]{14}\Z", re.ASCII)
_YEARS = range(2000, 2200)
_DEVICE = re.compile(r"[!-~]{0,64}\Z", re.ASCII)
_LONGEST_ACCOUNT = 200
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Command(StrEnum):
    CHECK = "check"
    PAY = "pay"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. `amount` may be zero in a check. `taken_at`: when the payer paid (UTC), of a pay alone."""

    command: Command
    txn_id: str
    order: OrderName
    amount: Money
    taken_at: datetime | None
    device: str = ""
    factor: str = ""


class Unreadable(Exception):
    """The request is not of the protocol's form. `txn_id`: empty when not even that could be read."""

    def __init__(self, txn_id: str, result: Result) -> None:
        super().__init__(f"{txn_id or 'no txn_id'}: {result.name}")
        self.txn_id = txn_id
        self.result = result


@dataclass(frozen=True, slots=True)
class Reply:
    """What the network is told. `fields`: name and text of what the kiosk shows."""

    txn_id: str
    result: Result
    comment: str = ""
    prv_txn: str = ""
    amount: Money | None = None
    fields: tuple[tuple[str, str], ...] = ()


def read(pairs: Iterable[tuple[str, str]], settings: OsmpSettings) -> Asked:
    """A request by its parameters; those that the protocol does not know are left alone. Raises: Unreadable."""
    listed = tuple(pairs)
    values = dict(listed)
    txn_id = values.get("txn_id", "")
    if not _TXN_ID.match(txn_id):
        raise Unreadable("", Result.OTHER)
    if any(count > 1 for count in Counter(name for name, _ in listed).values()):
        raise Unreadable(txn_id, Result.OTHER)
    try:
        command = Command(values.get("command", ""))
    except ValueError:
        raise Unreadable(txn_id, Result.OTHER) from None
    device = values.get(settings.device_parameter, "") if settings.device_parameter else ""
    return Asked(
        command=command,
        txn_id=txn_id,
        order=_order(values, txn_id, settings),
        amount=_amount(values.get("sum", ""), command, txn_id, settings),
        taken_at=_taken_at(values.get("txn_date", ""), txn_id) if command is Command.PAY else None,
        device=device if _DEVICE.match(device) else "",
        factor=values.get(settings.factor_parameter, "") if settings.factor_parameter else "",
    )


def write(reply: Reply) -> bytes:
    """The reply as XML, its members in the documented order; those without a value are left out."""
    members = [("osmp_txn_id", reply.txn_id)]
    members += [("prv_txn", reply.prv_txn)] if reply.prv_txn else []
    members += [("sum", str(reply.amount.amount))] if reply.amount is not None else []
    members += [("result", str(reply.result.value)), ("comment", reply.comment)]
    text = "".join(f"<{name}>{_plain(value)}</{name}>" for name, value in members)
    if reply.fields:
        shown = (
            f"<field{place} name={quoteattr(name)} type={quoteattr('disp')}>{_plain(value)}</field{place}>"
            for place, (name, value) in enumerate(reply.fields, 1)
        )
        text += f"<fields>{''.join(shown)}</fields>"
    return f'<?xml version="1.0" encoding="UTF-8"?><response>{text}</response>'.encode()


def local_to_utc(stamp: str) -> datetime:
    """A time of Chisinau as the protocol writes it (YYYYMMDDHHMMSS). Raises: ValueError.

    The hour that the clock runs through twice is taken as the first of the two.
    """
    if not _DATE.match(stamp):
        raise ValueError(f"not a time of the protocol: {stamp!r}")
    at = datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=LOCAL)
    if at.year not in _YEARS:  # at the ends of the calendar there is no time in UTC
        raise ValueError(f"not a time of these years: {stamp!r}")
    return at.astimezone(UTC)


def parse_sum(text: str) -> Money:
    """An amount with exactly two decimals after a point. Raises: ValueError."""
    if not _SUM.match(text):
        raise ValueError(f"not a sum of the protocol: {text!r}")
    return Money(Decimal(text), CURRENCY)


def _order(values: dict[str, str], txn_id: str, settings: OsmpSettings) -> OrderName:
    account = values.get("account", "").strip()
    if not account or len(account) > _LONGEST_ACCOUNT:
        raise Unreadable(txn_id, Result.ACCOUNT_FORM)
    if settings.service:
        return OrderName(settings.service, account)
    if settings.service_parameter:
        service = values.get(settings.service_parameter, "").strip()
        if not service:
            raise Unreadable(txn_id, Result.ACCOUNT_FORM)
        return OrderName(service, account)
    service, found, key = account.partition(settings.separator)
    if not found or not service.strip() or not key.strip():
        raise Unreadable(txn_id, Result.ACCOUNT_FORM)
    return OrderName(service.strip(), key.strip())


def _amount(text: str, command: Command, txn_id: str, settings: OsmpSettings) -> Money:
    """A check may come without a sum, or with none that means anything yet."""
    if command is Command.CHECK and not text:
        return Money.zero(CURRENCY)
    try:
        amount = parse_sum(text)
    except ValueError:
        raise Unreadable(txn_id, Result.OTHER) from None
    if settings.most < amount:
        raise Unreadable(txn_id, Result.SUM_TOO_BIG)
    if command is Command.PAY and not amount:
        raise Unreadable(txn_id, Result.SUM_TOO_SMALL)
    return amount


def _taken_at(stamp: str, txn_id: str) -> datetime:
    try:
        return local_to_utc(stamp)
    except ValueError:
        raise Unreadable(txn_id, Result.OTHER) from None


def _plain(text: str) -> str:
    """Text that stands in XML 1.0, whatever a service has put into it."""
    return escape(_NOT_IN_XML.sub("", text))
