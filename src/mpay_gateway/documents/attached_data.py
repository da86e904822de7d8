"""The content of a paper as JSON, bound into the PDF for programs: fixed order of keys, minor units."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from mpay_gateway.domain.money import Money
from mpay_gateway.domain.order import PaymentAccount

Plain = None | bool | int | str | Sequence["Plain"] | Mapping[str, "Plain"]


def to_json(content: Mapping[str, Plain]) -> str:
    """Indented for people who open it, the same bytes for the same content."""
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def plain_money(money: Money | None) -> Plain:
    """Minor units and currency, null when the amount is not known."""
    return None if money is None else {"minor": money.minor, "currency": money.currency}


def plain_account(account: PaymentAccount) -> Plain:
    """What is known of an account."""
    known = {name: str(getattr(account, name)) for name in PaymentAccount.__dataclass_fields__}
    return {name: value for name, value in known.items() if value}


def plain_time(moment: datetime | None) -> Plain:
    """ISO 8601 with zone, null when there is none."""
    return None if moment is None else moment.isoformat()
