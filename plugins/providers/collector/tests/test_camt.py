"""camt.053: what is booked becomes lines, and what does not add up or is not plain becomes nothing."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from mpay_gateway.api import Money
from mpay_provider_collector.camt import read
from mpay_provider_collector.statement_file import Unreadable
from plugins.providers.collector.tests.files import DAY, REFERENCE, Camt, balance, detail, entry, settings

THE_DAY = date.fromisoformat(DAY)
NOON = datetime(2026, 11, 23, 10, tzinfo=UTC)
UETR = "eb6305c9-1f7f-49de-aed0-16487c27b42d"


def lei(text: str) -> Money:
    return Money(Decimal(text), "MDL")


def lines(camt: Camt, **account: object):
    return [each.line for each in read("a.xml", camt.body, settings(**account)).lines]


def one(*entries: str, closing: str = "1150.00", **parts: object):
    (line,) = lines(Camt(entries=entries, closing=closing, **parts))
    return line


def refusal(camt: Camt | bytes, **account: object) -> str:
    body = camt.body if isinstance(camt, Camt) else camt
    with pytest.raises(Unreadable) as refused:
        read("a.xml", body, settings(**account))
    return str(refused.value)


def test_a_credit_is_a_line_with_the_banks_id_and_our_reference():
    line = one(entry())
    assert (line.transaction_id, line.reference, line.kind) == ("BANK-1", REFERENCE, "credit")
    assert (line.gross, line.fee, line.net, line.at) == (lei("150.00"), lei("0"), lei("150.00"), NOON)


def test_version_02_writes_the_status_and_a_transactions_amount_otherwise():
    amounts = "<AmtDtls><TxAmt><Amt Ccy='MDL'>{}</Amt></TxAmt></AmtDtls>"
    details = detail("<TxId>T1</TxId>", amounts.format("100.00")) + detail(
        f"<TxId>T2</TxId><EndToEndId>{REFERENCE}</EndToEndId>", amounts.format("50.00")
    )
    batch = entry(status="<Sts>BOOK</Sts>", details=details)
    found = lines(Camt("02", (batch,), closing="1150.00"))
    assert [(each.transaction_id, each.reference, each.net) for each in found] == [
        ("T1", "", lei("100.00")),
        ("T2", REFERENCE, lei("50.00")),
    ]


def test_a_debit_is_negative_and_a_reversal_is_called_one():
    back = entry("50.00", indicator="DBIT", reversal="true")
    line = one(back, closing="950.00")
    assert (line.gross, line.kind, line.reference) == (lei("-50.00"), "debit, reversal", REFERENCE)


def test_a_debit_that_came_back_is_no_payers_money():
    line = one(entry(reversal="true"))
    assert (line.gross, line.kind, line.reference) == (lei("150.00"), "credit, reversal", "")


def test_charges_in_the_amount_come_on_top_of_the_net():
    charges = (
        "<Chrgs><Rcrd><Amt Ccy='MDL'>1.50</Amt><CdtDbtInd>DBIT</CdtDbtInd><ChrgInclInd>true</ChrgInclInd></Rcrd>"
        "<Rcrd><Amt Ccy='MDL'>9.99</Amt><ChrgInclInd>false</ChrgInclInd></Rcrd></Chrgs>"
    )
    line = one(entry("148.50", more=charges), closing="1148.50")
    assert (line.gross, line.fee, line.net) == (lei("150.00"), lei("1.50"), lei("148.50"))


def test_transactions_of_one_entry_may_state_their_amounts_before_charges():
    part = "<Amt Ccy='MDL'>{}</Amt><Chrgs><Rcrd><Amt Ccy='MDL'>{}</Amt></Rcrd></Chrgs>"
    details = "".join(
        detail(f"<AcctSvcrRef>{name}</AcctSvcrRef>", part.format(amount, fee))
        for name, amount, fee in (("A", "100.00", "1.00"), ("B", "50.00", "0.50"))
    )
    found = lines(Camt(entries=(entry("148.50", details=details),), closing="1148.50"))
    assert [(each.gross, each.fee, each.net) for each in found] == [
        (lei("100.00"), lei("1.00"), lei("99.00")),
        (lei("50.00"), lei("0.50"), lei("49.50")),
    ]


@pytest.mark.parametrize(
    ("references", "servicer", "expected"),
    [
        ("<AcctSvcrRef>OWN</AcctSvcrRef><TxId>T</TxId>", "ENTRY", "OWN"),
        ("<TxId>T</TxId>", "ENTRY", "ENTRY"),
        (f"<UETR>{UETR}</UETR><TxId>T</TxId>", "", UETR),
        ("<TxId>T</TxId>", "", "T"),
        ("", "", "STMT-1/1"),
    ],
)
def test_what_the_bank_calls_a_transaction_comes_before_what_others_do(references, servicer, expected):
    assert one(entry(servicer=servicer, details=detail(references))).transaction_id == expected


def test_what_a_payer_may_choose_is_no_id():
    nothing = entry(servicer="", details=detail("<EndToEndId>CHOSEN</EndToEndId>")).replace(
        "<NtryRef>1</NtryRef>", ""
    )
    problem = refusal(Camt(entries=(nothing,), closing="1150.00"))
    assert "entry 1" in problem
    assert "tells it from others" in problem


def test_transactions_that_share_the_entrys_id_are_told_apart():
    part = "<Amt Ccy='MDL'>75.00</Amt>"
    found = lines(
        Camt(entries=(entry(details=detail("", part) + detail("", part)),), closing="1150.00"),
    )
    assert [each.transaction_id for each in found] == ["BANK-1/1", "BANK-1/2"]


@pytest.mark.parametrize(
    ("first", "second", "third"),
    [
        ("<AcctSvcrRef>BANK-1</AcctSvcrRef>",) * 3,
        ("<AcctSvcrRef>BANK-1</AcctSvcrRef>", "", "<AcctSvcrRef>BANK-1</AcctSvcrRef>"),
        ("<TxId>T1</TxId>",) * 3,
    ],
)
def test_ids_that_tell_the_transactions_of_an_entry_from_nothing_get_their_place(first, second, third):
    part = "<Amt Ccy='MDL'>50.00</Amt>"
    details = "".join(detail(each, part) for each in (first, second, third))
    found = [
        each.transaction_id for each in lines(Camt(entries=(entry(details=details),), closing="1150.00"))
    ]
    assert [each.partition("/")[2] for each in found] == ["1", "2", "3"]
    assert len({each.partition("/")[0] for each in found}) == 1


def test_a_transaction_with_an_id_of_its_own_keeps_it_beside_others_that_share_one():
    part = "<Amt Ccy='MDL'>50.00</Amt>"
    names = ("BANK-1", "OWN", "BANK-1")
    details = "".join(detail(f"<AcctSvcrRef>{each}</AcctSvcrRef>", part) for each in names)
    found = lines(Camt(entries=(entry(details=details),), closing="1150.00"))
    assert [each.transaction_id for each in found] == ["BANK-1/1", "OWN", "BANK-1/3"]


@pytest.mark.parametrize(
    "amount", ["<Amt Ccy='MDL'>{}</Amt>", "<AmtDtls><TxAmt><Amt Ccy='MDL'>{}</Amt></TxAmt></AmtDtls>"]
)
def test_a_single_transaction_may_state_its_amount_before_or_after_charges(amount):
    charges = "<Chrgs><Rcrd><Amt Ccy='MDL'>1.50</Amt></Rcrd></Chrgs>"
    for stated in ("150.00", "148.50"):
        details = detail("", amount.format(stated) + charges)
        line = one(entry("148.50", details=details), closing="1148.50")
        assert (line.gross, line.fee, line.net) == (lei("150.00"), lei("1.50"), lei("148.50"))


@pytest.mark.parametrize(
    "words",
    [
        "<Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs><RmtInf><Ustrd>Plata {} Ion</Ustrd></RmtInf>",
        "<RmtInf><Strd><CdtrRefInf><Ref>{}</Ref></CdtrRefInf></Strd></RmtInf>",
        "<Refs><EndToEndId>{}</EndToEndId></Refs><RmtInf><Ustrd>nota/{}/</Ustrd><Ustrd/></RmtInf>",
    ],
)
def test_our_reference_is_found_in_the_words_of_the_transfer(words):
    details = f"<TxDtls>{words.replace('{}', REFERENCE)}</TxDtls>"
    assert one(entry(details=details)).reference == REFERENCE


@pytest.mark.parametrize(
    "words", [f"{REFERENCE} and 700000000000002", f"1{REFERENCE}", f"X{REFERENCE}", "7000000000000 01", ""]
)
def test_words_that_name_several_or_none_name_none(words):
    details = f"<TxDtls><RmtInf><Ustrd>{words}</Ustrd></RmtInf></TxDtls>"
    assert one(entry(details=details)).reference == ""


def test_only_what_is_booked_counts():
    pending = entry("70.00", status="<Sts><Cd>PDNG</Cd></Sts>", servicer="BANK-2")
    assert one(entry(), pending).transaction_id == "BANK-1"


def test_several_statements_of_one_file_are_read():
    first = Camt(entries=(entry(),), closing="1150.00").text
    second = Camt(statement_id="STMT-2", entries=(entry(servicer="BANK-2"),), closing="1150.00").text
    inner = second[second.index("<Stmt>") : second.index("</BkToCstmrStmt>")]
    file = read("a.xml", first.replace("</BkToCstmrStmt>", inner + "</BkToCstmrStmt>").encode(), settings())
    assert file.ids == ("STMT-1", "STMT-2")
    assert [each.line.transaction_id for each in file.lines] == ["BANK-1", "BANK-2"]
    twice = first.replace("</BkToCstmrStmt>", inner.replace("STMT-2", "STMT-1") + "</BkToCstmrStmt>")
    assert "one Id" in refusal(twice.encode())


@pytest.mark.parametrize(
    ("booked", "day", "at"),
    [
        ("<Dt>2026-11-23</Dt>", THE_DAY, NOON),
        ("<DtTm>2026-11-23T21:59:59Z</DtTm>", THE_DAY, datetime(2026, 11, 23, 21, 59, 59, tzinfo=UTC)),
        ("<DtTm>2026-11-23T23:30:00</DtTm>", THE_DAY, datetime(2026, 11, 23, 21, 30, tzinfo=UTC)),
        ("<DtTm>2026-11-23T22:30:00Z</DtTm>", THE_DAY, datetime(2026, 11, 23, 22, 30, tzinfo=UTC)),
        ("<DtTm>2026-11-23T00:30:00+02:00</DtTm>", THE_DAY, datetime(2026, 11, 22, 22, 30, tzinfo=UTC)),
        ("<Dt>2028-02-29</Dt>", date(2028, 2, 29), datetime(2028, 2, 29, 10, tzinfo=UTC)),
        ("<Dt>2026-12-31</Dt>", date(2026, 12, 31), datetime(2026, 12, 31, 10, tzinfo=UTC)),
        ("<Dt>2027-03-28</Dt>", date(2027, 3, 28), datetime(2027, 3, 28, 9, tzinfo=UTC)),
    ],
)
def test_a_day_is_the_one_that_is_written_and_a_time_without_zone_is_chisinaus(booked, day, at):
    """F81, F83."""
    file = read("a.xml", Camt(entries=(entry(booked=booked),), closing="1150.00").body, settings())
    (dated,) = file.lines
    assert (dated.day, dated.line.at, day in file.days) == (day, at, True)


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2026-11-23T00:00:00", "2026-11-23T23:59:59"),
        ("2026-11-23T00:00:00", "2026-11-24T00:00:00"),
        ("2026-11-23T00:00:00", "2026-11-23T00:00:00"),
        ("2026-11-23T00:00:00Z", "2026-11-23T23:59:59Z"),
        ("2026-11-23T00:00:00+02:00", "2026-11-24T00:00:00+02:00"),
    ],
)
def test_a_period_of_one_day_is_no_other_day(since, until):
    """A day that is taken for told before its own statement is there would be looked at too early."""
    period = f"<FrToDt><FrDtTm>{since}</FrDtTm><ToDtTm>{until}</ToDtTm></FrToDt>"
    assert read("a.xml", Camt(period=period).body, settings()).days == {THE_DAY}


def test_a_statement_without_a_period_tells_of_the_days_up_to_its_closing_balance():
    early = entry(booked="<Dt>2026-11-21</Dt>")
    file = read("a.xml", Camt(entries=(early,), closing="1150.00", period="").body, settings())
    assert file.days == {THE_DAY - timedelta(days=back) for back in range(3)}
    empty = read("a.xml", Camt(period="").body, settings())
    assert (empty.days, empty.lines) == ({THE_DAY}, ())


def test_debits_that_are_our_own_affair_are_left_out():
    paid_out = entry("50.00", indicator="DBIT", servicer="B-2",
                     details="<TxDtls><RmtInf><Ustrd>Decontare 2026-11-22</Ustrd></RmtInf></TxDtls>")  # fmt: skip
    monthly = entry("5.00", indicator="DBIT", servicer="B-3", details=detail()).replace(
        "</Ntry>", "<AddtlNtryInf>Comision lunar</AddtlNtryInf></Ntry>"
    )
    given_back = entry("20.00", indicator="DBIT", servicer="B-4",
                       details=detail(f"<EndToEndId>Decontare {REFERENCE}</EndToEndId>"))  # fmt: skip
    camt = Camt(entries=(entry(), paid_out, monthly, given_back), closing="1075.00")
    everything = [each.transaction_id for each in lines(camt)]
    assert everything == ["BANK-1", "B-2", "B-3", "B-4"]
    left = lines(camt, own_debits="^Decontare 20|^Comision")
    assert [each.transaction_id for each in left] == ["BANK-1", "B-4"]
    came_in = Camt(
        entries=(entry(details="<TxDtls><RmtInf><Ustrd>Comision</Ustrd></RmtInf></TxDtls>"),), closing="1150"
    )
    assert len(lines(came_in, own_debits="Comision")) == 1


def test_an_account_in_debt_adds_up_too():
    below = balance("OPBD", "100.00", indicator="DBIT") + balance("CLBD", "50.00")
    assert one(entry(), balances=below, closing="").net == lei("150.00")


CHARGED = "<Chrgs><Rcrd><Amt Ccy='MDL'>200.00</Amt><CdtDbtInd>{}</CdtDbtInd></Rcrd></Chrgs>"
FAULTS = {
    "the balances do not agree": (Camt(entries=(entry(),)), "closes with 1000.00 MDL"),
    "there is no opening balance": (Camt(balances=balance("CLBD", "1000.00")), "OPBD or PRCD"),
    "there are two closing balances": (
        Camt(balances=balance("OPBD", "1") + 2 * balance("CLBD", "1")), "2 of the kind CLBD",
    ),
    "the count is another": (
        Camt(more="<TxsSummry><TtlNtries><NbOfNtries>2</NbOfNtries></TtlNtries></TxsSummry>",
             entries=(entry(),), closing="1150.00"), "says '2' entries",
    ),
    "an amount has three decimals": (Camt(entries=(entry("150.001"),)), "entry 1"),
    "an amount is negative": (Camt(entries=(entry("-150.00"),)), "'-150.00' is no amount"),
    "an amount is Arabic": (Camt(entries=(entry("١٥٠"),)), "is no amount"),
    "an amount is no number": (Camt(entries=(entry("NaN"),)), "is no amount"),
    "an amount is enormous": (Camt(entries=(entry("9" * 40),)), "is no amount"),
    "another currency": (Camt(entries=(entry(currency="EUR"),)), "in 'EUR'"),
    "an account in another currency": (Camt(account="<Acct><Ccy>EUR</Ccy></Acct>"), "Acct"),
    "no direction": (Camt(entries=(entry(indicator="BOTH"),)), "neither CRDT nor DBIT"),
    "an unknown status": (Camt(entries=(entry(status="<Sts>DONE</Sts>"),)), "status 'DONE'"),
    "an amount stands twice": (
        Camt(entries=(entry().replace("<CdtDbtInd>", "<Amt Ccy='MDL'>1.00</Amt><CdtDbtInd>"),)), "Amt stands 2 times",
    ),
    "an amount hides elements": (Camt(entries=(entry("1<b/>50.00"),)), "no plain value"),
    "the parts are not the whole": (
        Camt(entries=(entry(details=2 * detail("", "<Amt Ccy='MDL'>100.00</Amt>")),)), "come to 200.00 MDL",
    ),
    "the only part is another amount": (
        Camt(entries=(entry(details=detail("", "<Amt Ccy='MDL'>99.00</Amt>")),)), "come to 99.00 MDL",
    ),
    "the only part is in another currency": (
        Camt(entries=(entry(details=detail("", "<Amt Ccy='EUR'>150.00</Amt>")),)), "in 'EUR'",
    ),
    "the only part goes the other way": (
        Camt(entries=(entry(details=detail("", "<CdtDbtInd>DBIT</CdtDbtInd>")),)), "come to -150.00 MDL",
    ),
    "charges of the only part are not the entry's": (
        Camt(entries=(entry(more=CHARGED.format("DBIT"), details=detail("", CHARGED.format("CRDT"))),)),
        "charges of 200.00 MDL, and -200.00 MDL at its",
    ),
    "charges that are given make a debit of a credit": (
        Camt(entries=(entry(more=CHARGED.format("CRDT")),), closing="1150.00"), "a fee of -200.00 MDL makes -50.00",
    ),
    "no booking date": (Camt(entries=(entry(booked=""),), closing="1150.00"), "DtTm is missing"),
    "a day that is none": (Camt(entries=(entry(booked="<Dt>2027-02-29</Dt>"),)), "'2027-02-29' is no day"),
    "a year of long ago": (Camt(entries=(entry(booked="<DtTm>0001-01-01T00:00:00</DtTm>"),)), "these years"),
    "a period of centuries": (Camt(period=Camt().period.replace("2026", "2001", 1)), "400 days at most"),
    "an id that is too long": (Camt(entries=(entry(servicer="x" * 129),)), "no id of a transaction"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_that_is_wrong_somewhere_is_refused_whole_and_says_where(fault):
    """C49."""
    camt, words = FAULTS[fault]
    problem = refusal(camt)
    assert words in problem
    assert problem.startswith("statement 1, ")


def test_a_statement_of_another_account_is_refused():
    iban = "MD87TRPBAA142310A1500001"
    assert iban in refusal(Camt(), iban=iban)
    assert read("a.xml", Camt().body, settings(iban="MD24AG000225100013104168")).lines == ()


XXE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)
PLAIN = Camt(entries=(entry(),), closing="1150.00")


@pytest.mark.parametrize(
    "body",
    [
        Camt(before=XXE, statement_id="&e;").body,
        Camt(before=LAUGHS, statement_id="&c;").body,
        Camt(before='<?xml version="1.0"?><?xml-stylesheet href="x"?><!DOCTYPE x>').body,
        PLAIN.text.encode("utf-16"),
        PLAIN.text.replace("UTF-8", "windows-1251").encode("cp1251"),
        PLAIN.text.replace("STMT-1", "Лист").encode("cp1251"),
        PLAIN.body.replace(b"STMT-1", b"S\x00T"),
        PLAIN.body[:-20],
        PLAIN.body[: len(PLAIN.body) // 2],
        PLAIN.body + PLAIN.body,
        PLAIN.body.replace(b"150.00</Amt>", b"150<!-- -->.00</Amt>"),
        PLAIN.body.replace(b"<Stmt>", b"<Stmt>" + b"<a>" * 100 + b"</a>" * 100),
        PLAIN.body.replace(b"camt.053.001.08", b"camt.053.001.99"),
        PLAIN.body.replace(b"camt.053.001.08", b"camt.054.001.08"),
        PLAIN.body.replace(b"urn:iso", b"urn:evil"),
        PLAIN.body.replace(b"<Document xmlns=", b"<Document xmlns:y="),
        b"<Document/>",
        b"",
        b"\xff\xfe\x00",
        b"PK\x03\x04",
    ],
)
def test_what_is_no_plain_xml_of_a_known_version_is_refused(body):
    assert "root:" not in refusal(body)


def test_elements_of_other_namespaces_say_nothing():
    smuggled = PLAIN.text.replace(
        "<Ntry>", '<x:Ntry xmlns:x="urn:x"><x:Amt Ccy="MDL">9.00</x:Amt></x:Ntry><Ntry>'
    ).replace("<Sts>", '<x:Sts xmlns:x="urn:x"><x:Cd>PDNG</x:Cd></x:Sts><Sts>')
    (dated,) = read("a.xml", smuggled.encode(), settings()).lines
    assert dated.line.net == lei("150.00")
    renamed = PLAIN.text.replace(
        "<Amt Ccy='MDL'>150.00</Amt>", "<x:Amt xmlns:x='urn:x' Ccy='MDL'>1.00</x:Amt>"
    )
    assert "Amt is missing" in refusal(renamed.encode())
