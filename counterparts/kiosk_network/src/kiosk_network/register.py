"""The register that the network hands out for a day: what the provider accepted, line by line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

from kiosk_network.client import written
from kiosk_network.journal import State, Transaction
from kiosk_network.settings import Settings

_LOCAL = ZoneInfo("Europe/Chisinau")


def register_of(day: date, transactions: Iterable[Transaction], settings: Settings) -> bytes:
    """CSV of the day (Chisinau's): names of the columns, a line for each payment, a trailer with the totals."""
    accepted = [
        (each, local)
        for each in transactions
        if each.state is State.ACCEPTED and (local := each.taken_at.astimezone(_LOCAL)).date() == day
    ]
    text = io.StringIO(newline="")
    lines = csv.writer(text, delimiter=";", lineterminator="\n")
    lines.writerow(["txn_id", "txn_date", "account", "sum", "fee"])
    for each, local in accepted:
        stamp, account = local.strftime("%Y%m%d%H%M%S"), f"{settings.prefix}{each.account}"
        lines.writerow([each.txn_id, stamp, account, written(each.sum_minor), written(settings.fee_minor)])
    taken = sum(each.sum_minor for each, _ in accepted)
    lines.writerow(["TOTAL", len(accepted), written(taken), written(settings.fee_minor * len(accepted))])
    return text.getvalue().encode()
