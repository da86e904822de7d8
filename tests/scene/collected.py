"""Money that others collect: accounts at a treasury and at a partner, what their files say, what a payer is told."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from mpay_gateway.domain.identifiers import AccountId
from mpay_gateway.texts.local_days import local_day
from tests.scene.gateway import Gateway
from tests.scene.payer import Payer
from tests.scene.shop import ShopOrder

TREASURY, PARTNER = AccountId("treasury"), AccountId("partner")
IBAN = "MD24AG000225100013104168"
COLLECTED = """
[provider.treasury]
plugin = "collector"
confirms = "statement"
statements = "treasury"
iban = "{iban}"

[provider.partner]
plugin = "collector"
confirms = "push"
statements = "partner"

[provider.partner.csv]
delimiter = ";"
decimal = ","
day_format = "%d.%m.%Y"
fee = "fee"
total = "TOTAL"

[instrument.transfer]
plugin = "cash_terminal"
providers = ["treasury"]
channels = ["portal"]
what_happens_next = {{ ro = "Transferați pe contul {iban}." }}
duration = {{ ro = "Într-o zi lucrătoare" }}

[instrument.terminal]
plugin = "cash_terminal"
providers = ["partner"]
channels = ["kiosk"]
"""


def yesterday() -> date:
    """The last day that is over: it can be settled."""
    return local_day(datetime.now(UTC)) - timedelta(days=1)


def folder_of(gateway: Gateway, account: AccountId) -> Path:
    """Where the account's files lie."""
    return gateway.ini.parent / account


def number_for(payer: Payer, order: ShopOrder) -> str:
    """The payer goes as far as the number that he is to pay under."""
    page = payer.start(order, instrument="transfer")
    found = re.search(r"(?<![0-9])[0-9]{15}(?![0-9])", page.text)
    assert found, page.text
    return found[0]


def camt(reference: str, amount: str, *, day: date, words: str = "Plata, nota {}", number: int = 1) -> str:
    """One transfer on an account that had nothing."""

    def balance(code: str, stated: str) -> str:
        return (
            f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='MDL'>{stated}</Amt>"
            f"<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
        )

    return (
        "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.08'><BkToCstmrStmt>"
        f"<GrpHdr><MsgId>M{number}</MsgId></GrpHdr><Stmt><Id>S{number}</Id><Acct><Id><IBAN>{IBAN}</IBAN></Id></Acct>"
        f"{balance('OPBD', '0.00')}{balance('CLBD', amount)}"
        f"<Ntry><Amt Ccy='MDL'>{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{day}</Dt></BookgDt><AcctSvcrRef>TREZ-{number}</AcctSvcrRef><NtryDtls><TxDtls><RmtInf>"
        f"<Ustrd>{words.format(reference)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry></Stmt></BkToCstmrStmt></Document>"
    )
