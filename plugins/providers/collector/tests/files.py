"""Files as banks and partners write them, and the settings of the account that they are about."""

from dataclasses import dataclass, field
from pathlib import Path

from mpay_provider_collector.settings import CollectorSettings, CsvForm, Way

DAY = "2026-11-23"
REFERENCE = "700000000000001"
FOLDER = Path("/no/such/folder")


def settings(folder: Path = FOLDER, *, csv: CsvForm | None = None, **changes: object) -> CollectorSettings:
    usual = {"confirms": Way.STATEMENT, "statements": folder, "csv": csv or CsvForm()}
    return CollectorSettings(**usual | changes)


@dataclass(frozen=True)
class Camt:
    """A camt.053 file; each part may be replaced by what a test wants to see refused."""

    version: str = "08"
    entries: tuple[str, ...] = ()
    opening: str = "1000.00"
    closing: str = "1000.00"
    statement_id: str = "STMT-1"
    before: str = '<?xml version="1.0" encoding="UTF-8"?>'
    more: str = ""
    account: str = "<Acct><Id><IBAN>MD24AG000225100013104168</IBAN></Id><Ccy>MDL</Ccy></Acct>"
    period: str = f"<FrToDt><FrDtTm>{DAY}T00:00:00</FrDtTm><ToDtTm>{DAY}T23:59:59</ToDtTm></FrToDt>"
    balances: str = field(default="")

    @property
    def text(self) -> str:
        space = f"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{self.version}"
        balances = self.balances or balance("OPBD", self.opening) + balance("CLBD", self.closing)
        return (
            f'{self.before}<Document xmlns="{space}"><BkToCstmrStmt><GrpHdr><MsgId>M-1</MsgId></GrpHdr>'
            f"<Stmt><Id>{self.statement_id}</Id>{self.period}{self.account}{balances}{self.more}"
            f"{''.join(self.entries)}</Stmt></BkToCstmrStmt></Document>\n"
        )

    @property
    def body(self) -> bytes:
        return self.text.encode()


def balance(code: str, amount: str, *, indicator: str = "CRDT", currency: str = "MDL") -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='{currency}'>{amount}</Amt>"
        f"<CdtDbtInd>{indicator}</CdtDbtInd><Dt><Dt>{DAY}</Dt></Dt></Bal>"
    )


def entry(
    amount: str = "150.00", *, indicator: str = "CRDT", status: str = "<Sts><Cd>BOOK</Cd></Sts>",
    currency: str = "MDL", servicer: str = "BANK-1", booked: str = f"<Dt>{DAY}</Dt>", reversal: str = "",
    more: str = "", details: str | None = None,
) -> str:  # fmt: skip
    """An Ntry of version 08; `details`: everything in NtryDtls, usually one transaction with our reference."""
    if details is None:
        details = detail(f"<EndToEndId>{REFERENCE}</EndToEndId>")
    return (
        f"<Ntry><NtryRef>1</NtryRef><Amt Ccy='{currency}'>{amount}</Amt><CdtDbtInd>{indicator}</CdtDbtInd>"
        f"{f'<RvslInd>{reversal}</RvslInd>' if reversal else ''}{status}<BookgDt>{booked}</BookgDt>"
        f"{f'<AcctSvcrRef>{servicer}</AcctSvcrRef>' if servicer else ''}{more}"
        f"<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def detail(references: str = "", more: str = "") -> str:
    return f"<TxDtls><Refs>{references}</Refs>{more}</TxDtls>"
