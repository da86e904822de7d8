"""What is read of an order, what is noted, and what is refused (contract sections 3, 4, 6, 9; fault D65)."""

from datetime import UTC, datetime

import pytest

from mpay_gateway.api import (
    CustomerType,
    InvalidAnswer,
    Money,
    OrderProperty,
    OrderStatus,
    PaymentAccount,
)

MDL = "MDL"


def properties(*items: str) -> str:
    return "".join(f"<OrderProperty>{item}</OrderProperty>" for item in items)


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("AllowPartialPayments", "allow_partial"),
        ("AllowPartialPayment", "allow_partial"),
        ("AllowAdvancePayments", "allow_advance"),
        ("AllowAdvancePayment", "allow_advance"),
        ("AllowAdvancedPayment", "allow_advance"),
    ],
)
def test_singular_and_plural_flags_of_order_and_line(look_up_order, wire, name, read):
    order, found = look_up_order(wire.order(**{name: "true", "Lines": wire.line(**{name: "1"})}))
    assert getattr(order, read) is True
    assert getattr(order.lines[0], read) is True
    assert bool(found) == (not name.endswith("Payments"))


def test_a_flag_in_both_spellings_is_given_twice(look_up_order, wire):
    with pytest.raises(InvalidAnswer, match="AllowPartialPayments: given twice"):
        look_up_order(wire.order(AllowPartialPayments="true", AllowPartialPayment="false"))


def test_a_lines_flags_are_unknown_when_absent_or_nil(look_up_order, wire):
    line = wire.line(AllowPartialPayments=None).replace(
        "<LineID>", '<AllowPartialPayments i:nil="true"/><LineID>'
    )
    order, _ = look_up_order(wire.order(Lines=line))
    assert order.lines[0].allow_partial is None


@pytest.mark.parametrize(
    ("text", "status"),
    [("Canceled", OrderStatus.CANCELLED), *((each.value, each) for each in OrderStatus)],
)
def test_every_status_and_canceled(look_up_order, wire, text, status):
    order, found = look_up_order(wire.order(Status=text))
    assert order.status is status
    assert found == ({("spelling", "Status")} if text == "Canceled" else set())


def test_organisation_in_both_spellings(look_up_order, wire):
    british, found = look_up_order(wire.order(CustomerType="Organisation"))
    american, _ = look_up_order(wire.order(CustomerType="Organization"))
    assert british.customer_type is american.customer_type is CustomerType.ORGANIZATION
    assert found == {("spelling", "CustomerType")}


def test_an_absent_customer_is_unspecified(look_up_order, wire):
    order, found = look_up_order(wire.order())
    assert (order.customer_id, order.customer_name) == ("", "")
    assert order.customer_type is CustomerType.UNSPECIFIED
    assert found == set()


@pytest.mark.parametrize(
    ("sent", "asked"), [("", True), ("  ", True), (None, False), ("2002004005676", False)]
)
def test_only_an_empty_customer_id_has_the_payer_asked(look_up_order, wire, sent, asked):
    order, found = look_up_order(wire.order(CustomerID=sent))
    assert order.customer_id_asked is asked
    assert found == set()


def test_a_nil_customer_id_is_an_absent_one(look_up_order, wire):
    sent = wire.order(CustomerID="").replace("<CustomerID></CustomerID>", '<CustomerID i:nil="true"/>')
    order, _ = look_up_order(sent)
    assert not order.customer_id_asked


@pytest.mark.parametrize(
    ("flags", "noted"),
    [
        ("<Required>true</Required>", True),
        ("<IsVisible>false</IsVisible><Modifiable>true</Modifiable><Required>true</Required>", True),
        ("<Modifiable>true</Modifiable><Required>true</Required>", False),
        ("<Required>true</Required><Value>x</Value>", False),
    ],
)
def test_a_required_property_that_nobody_can_give_a_value_is_noted(look_up_order, wire, flags, noted):
    head, _, tail = flags.partition("<Required>")
    item = f"{head}<Name>P</Name><Required>{tail}"
    _, found = look_up_order(wire.order(Properties=properties(item)))
    assert (("required-and-closed", "Required") in found) is noted


@pytest.mark.parametrize(("of_order", "of_line", "read"), [(100, 100, True), (100, 101, False)])
def test_an_order_with_more_properties_than_a_page_can_show_is_refused(
    look_up_order, wire, of_order, of_line, *, read
):
    own, line = (
        properties(*(f"<Name>{name}{place}</Name>" for place in range(count)))
        for name, count in (("P", of_order), ("L", of_line))
    )
    answer = wire.order(Properties=own, Lines=wire.line(Properties=line))
    if read:
        look_up_order(answer)
        return
    with pytest.raises(InvalidAnswer, match="Properties: 201 of the order and its lines"):
        look_up_order(answer)


DEFAULT = PaymentAccount("MD24AG000225100013104168", "TREZMD2X", "1006601000255", "Moldsilva")


OTHER = "MD21AG000000000000000001"
ACCOUNTS = {
    "absent": (None, DEFAULT),
    "empty": ("", DEFAULT),
    "default's number": (f"<BankAccount>{DEFAULT.iban}</BankAccount>", DEFAULT),
    "configuration code alone": (
        "<ConfigurationCode>C7</ConfigurationCode>",
        PaymentAccount(DEFAULT.iban, DEFAULT.bank_code, DEFAULT.fiscal_code, DEFAULT.beneficiary, "C7"),
    ),
    "guide 1.3, BankFiscalCode": (
        (
            f"<BankAccount>{OTHER}</BankAccount><BankCode>AGRNMD2X</BankCode>"
            "<BankFiscalCode>1003600000001</BankFiscalCode><BeneficiaryName>CNAS</BeneficiaryName>"
            "<ConfigurationCode>C7</ConfigurationCode>"
        ),
        PaymentAccount(OTHER, "AGRNMD2X", "1003600000001", "CNAS", "C7"),
    ),
    "2016": (
        (
            f"<BankAccount>{OTHER}</BankAccount><BankCode/><BankName>T</BankName>"
            "<TreasuryAccount>226614</TreasuryAccount>"
        ),
        PaymentAccount(OTHER, treasury_account="226614"),
    ),
}


@pytest.fixture
def read_account(make_bench, wire):
    """Read the account of a line, with the deviations, of a service that has a default account."""

    def read(account: str | None, **settings):
        bench = make_bench(account=DEFAULT, **settings)
        bench.remote.says(wire.reply(wire.order(Lines=wire.line(DestinationAccount=account))))
        lookup = bench.look_up()
        return lookup.orders[0].lines[0].account, [each.code for each in lookup.deviations]

    return read


@pytest.mark.parametrize("case", ACCOUNTS)
def test_destination_account_absent_empty_and_structured(read_account, case):
    written, account = ACCOUNTS[case]
    assert read_account(written) == (account, [])


@pytest.mark.parametrize(
    ("written", "account"),
    [("MD21 AG00 0000 0000 0000 0001", PaymentAccount(OTHER)), (DEFAULT.iban, DEFAULT)],
)
def test_destination_account_as_text(read_account, written, account):
    assert read_account(written) == (account, ["account-as-text"])
    assert read_account(written, contract="2016") == (account, [])


def test_undocumented_id_isvisible_and_types_of_properties(look_up_order, wire):
    order, found = look_up_order(
        wire.order(
            Properties=properties(
                "<DisplayName>Telefon</DisplayName><Id>7</Id><IsVisible>false</IsVisible><Modifiable>true</Modifiable>"
                "<Name>Telephone</Name><Required>1</Required><Type>LineDescription</Type><Value>069</Value>",
                "<Name>Plain</Name>",
            )
        )
    )
    assert order.properties == (
        OrderProperty("Telephone", "069", "Telefon", "LineDescription", "7", False, True, True),
        OrderProperty("Plain"),
    )
    assert found == set()


def test_a_property_without_name_is_left_out_and_noted(look_up_order, wire):
    order, found = look_up_order(wire.order(Properties=properties("<Name/><Value>x</Value>")))
    assert order.properties == ()
    assert ("nameless-property", "Name") in found


def test_over_long_texts_are_kept_and_noted(look_up_order, wire):
    order, found = look_up_order(wire.order(Reason="R" * 57, Lines=wire.line(LineID="L" * 40)))
    assert order.reason == "R" * 57
    assert order.lines[0].line_id == "L" * 40
    assert found == {("too-long", "Reason"), ("too-long", "LineID")}


def test_attack_22_directional_and_control_characters_leave_texts(look_up_order, wire):
    order, found = look_up_order(wire.order(Reason="Tax\u202ea &#x9;s\u0327i", CustomerName="Ion\u200bescu"))
    assert order.reason == "Taxa  \u015fi"
    assert order.customer_name == "Ionescu"
    assert found == {("unclean-text", "Reason"), ("unclean-text", "CustomerName")}


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2025-07-10T09:26:29.463", datetime(2025, 7, 10, 6, 26, 29, 463000, tzinfo=UTC)),
        ("2025-01-10T09:26:29", datetime(2025, 1, 10, 7, 26, 29, tzinfo=UTC)),
        ("2025-07-10T09:26:29Z", datetime(2025, 7, 10, 9, 26, 29, tzinfo=UTC)),
        ("2025-07-10T09:26:29.1234567+03:00", datetime(2025, 7, 10, 6, 26, 29, 123456, tzinfo=UTC)),
    ],
)
def test_zoneless_local_times_and_others(look_up_order, wire, text, read):
    order, found = look_up_order(wire.order(IssuedAt=text, DueDate=text))
    assert (order.issued_at, order.due_at) == (read, read)
    assert found == set()


def test_e81_in_the_hour_that_occurs_twice_a_due_date_is_the_later_one(look_up_order, wire):
    order, found = look_up_order(wire.order(IssuedAt="2026-10-25T02:30:00", DueDate="2026-10-25T02:30:00"))
    assert order.issued_at == datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    assert order.due_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert found == {("time-occurs-twice", "IssuedAt"), ("time-occurs-twice", "DueDate")}


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00", "9999-12-31T23:59:59.9999999"])
def test_a_platforms_unset_date_is_no_date(look_up_order, wire, text):
    order, found = look_up_order(wire.order(DueDate=text))
    assert order.due_at is None
    assert found == {("unset-date", "DueDate")}


def test_unknown_and_misplaced_members_are_noted_and_nothing_after_them_is_lost(look_up_order, wire):
    shuffled = (
        "<OrderDetails><TotalAmountDue>150.00</TotalAmountDue><Novelty><Deep>1</Deep></Novelty>"
        f"<ServiceID>SRV01</ServiceID><Lines>{wire.line()}</Lines><Status>Active</Status>"
        '<Extra xmlns="urn:other">1</Extra><OrderKey>K-1</OrderKey><Currency>MDL</Currency>'
        "<Reason>R</Reason></OrderDetails>"
    )
    order, found = look_up_order(shuffled)
    assert order.total_due == Money.from_minor(15000, MDL)
    assert len(order.lines) == 1
    assert ("unknown-member", "OrderDetails") in found
    assert ("misplaced-member", "Lines") in found


def test_deviations_are_bounded(bench, wire):
    lines = "".join(wire.line(LineID=str(n), AmountDue="0.75", **{f"X{n}": "1"}) for n in range(200))
    bench.remote.says(wire.reply(wire.order(Lines=lines)))
    assert len(bench.look_up().deviations) == 1


REFUSED = {
    "duplicate member": ({"Currency": "MDL</Currency><Currency>MDL"}, "Currency: given twice"),
    "number with a comma": ({"TotalAmountDue": "150,00"}, "not a number"),
    "number in exponent form": ({"TotalAmountDue": "1.5E2"}, "not a number"),
    "not a number": ({"TotalAmountDue": "NaN"}, "not a number"),
    "arabic digits": ({"TotalAmountDue": "١٥٠"}, "not a number"),
    "empty number": ({"TotalAmountDue": ""}, "not a number"),
    "huge number": ({"TotalAmountDue": "9" * 20}, "out of range"),
    "three decimals": ({"TotalAmountDue": "150.005"}, "more digits"),
    "negative total": ({"TotalAmountDue": "-150.00"}, "negative"),
    "elements in a number": ({"TotalAmountDue": "<a>150.00</a>"}, "elements where a value"),
    "unreadable flag": ({"AllowPartialPayments": "yes"}, "neither true nor false"),
    "unreadable date": ({"DueDate": "2026-12-03"}, "not a date and time"),
    "impossible date": ({"DueDate": "2026-02-30T00:00:00"}, "not a date and time"),
    "unknown status": ({"Status": "Frozen"}, "unknown value"),
    "missing status": ({"Status": None}, "Status: missing"),
    "unknown customer type": ({"CustomerType": "Robot"}, "unknown value"),
    "currency XXX": ({"Currency": "XXX"}, "not a currency"),
    "invented currency": ({"Currency": "LEI"}, "not a currency"),
    "missing currency": ({"Currency": None}, "Currency: missing"),
    "another service": ({"ServiceID": "SRV02"}, "another service"),
    "no service": ({"ServiceID": None}, "ServiceID: missing"),
    "another key": ({"OrderKey": "K-2"}, "another key"),
    "no key": ({"OrderKey": ""}, "OrderKey: missing"),
    "no lines": ({"Lines": None}, "at least one line"),
    "empty lines": ({"Lines": ""}, "at least one line"),
    "text in lines": ({"Lines": "150.00"}, "text where items"),
    "sum of lines": ({"TotalAmountDue": "150.01"}, "not the sum"),
    "lines beyond all money": (
        {"Lines": "".join(
            f"<OrderLine><AmountDue>9999999999999.00</AmountDue><LineID>{n}</LineID><Reason>r</Reason></OrderLine>"
            for n in (1, 2)
        )},
        "add up to more than can be paid",
    ),
    "no amount and no flag": (
        {"TotalAmountDue": None, "Lines": "<OrderLine><LineID>1</LineID><Reason>r</Reason></OrderLine>"},
        "neither partial nor advance",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_without_a_guess_is_refused(bench, wire, case):
    members, why = REFUSED[case]
    bench.remote.says(wire.reply(wire.order(**members)))
    with pytest.raises(InvalidAnswer, match=why):
        bench.look_up()


LINES_REFUSED = {
    "duplicate line id": (("1", "75.00"), ("1", "75.00"), "two lines with the LineID"),
    "negative line": (("1", "200.00"), ("2", "-50.00"), "negative"),
    "line without id": (("", "75.00"), ("2", "75.00"), "LineID: missing"),
    "line without amount": (("1", "150.00"), ("2", None), "without AmountDue"),
}


@pytest.mark.parametrize("case", LINES_REFUSED)
def test_d65_lines_that_contradict_are_refused(bench, wire, case):
    *lines, why = LINES_REFUSED[case]
    bench.remote.says(
        wire.reply(wire.order(Lines="".join(wire.line(LineID=key, AmountDue=due) for key, due in lines)))
    )
    with pytest.raises(InvalidAnswer, match=why):
        bench.look_up()


def test_d65_five_thousand_lines_are_refused(bench, wire):
    lines = "".join(wire.line(LineID=str(n), AmountDue="0.03") for n in range(5000))
    bench.remote.says(wire.reply(wire.order(Lines=lines)))
    with pytest.raises(InvalidAnswer, match="5000 items"):
        bench.look_up()


def test_text_between_members_is_refused(bench, wire):
    bench.remote.says(wire.reply(wire.order().replace("<Reason>", "150.00<Reason>", 1)))
    with pytest.raises(InvalidAnswer, match="text where members are expected"):
        bench.look_up()


def test_nil_with_content_is_refused(bench, wire):
    bench.remote.says(wire.reply(wire.order().replace("<TotalAmountDue>", '<TotalAmountDue i:nil="true">')))
    with pytest.raises(InvalidAnswer, match="nil, with content"):
        bench.look_up()


def test_d65_a_paid_order_with_an_amount_is_read_as_paid(look_up_order, wire):
    order, found = look_up_order(wire.order(Status="Paid"))
    assert order.status.settled
    assert order.total_due == Money.from_minor(15000, MDL)
    assert found == set()


def test_a_closed_order_may_contradict_itself(look_up_order, wire):
    order, found = look_up_order(wire.order(Status="Refunded", TotalAmountDue="0"))
    assert order.status is OrderStatus.REFUNDED
    assert found == {("sum-of-lines", "TotalAmountDue")}


@pytest.mark.parametrize("text", ["150", "150.0000", "+150.00", " 150.00 "])
def test_amounts_as_databases_write_them(look_up_order, wire, text):
    order, found = look_up_order(wire.order(TotalAmountDue=text))
    assert order.total_due == Money.from_minor(15000, MDL)
    assert found == set()


def test_an_amount_is_not_rounded_to_what_the_machine_reckons_with(bench, wire):
    """Twenty-nine digits: rounded to twenty-eight they are a thousand million to the ban."""
    amount = "999999999.99999999999999999999"
    lines = wire.line(AmountDue=amount)
    bench.remote.says(wire.reply(wire.order(TotalAmountDue=amount, Lines=lines)))
    with pytest.raises(InvalidAnswer, match="more digits than MDL has"):
        bench.look_up()


@pytest.mark.parametrize("total", [None, "nil"])
@pytest.mark.parametrize("flag", ["AllowPartialPayments", "AllowAdvancePayments"])
def test_an_unknown_amount_is_the_payers_to_type(look_up_order, wire, total, flag):
    order_xml = wire.order(**{flag: "true", "TotalAmountDue": None, "Lines": wire.line(AmountDue=None)})
    if total == "nil":
        order_xml = order_xml.replace("</OrderDetails>", '<TotalAmountDue i:nil="true"/></OrderDetails>')
    order, _ = look_up_order(order_xml)
    assert order.total_due is None
    assert order.lines[0].amount_due is None


def test_zero_under_an_unknown_total_is_an_unknown_amount(look_up_order, wire):
    order, found = look_up_order(
        wire.order(AllowPartialPayments="true", TotalAmountDue=None, Lines=wire.line(AmountDue="0"))
    )
    assert order.total_due is None
    assert order.lines[0].amount_due is None
    assert found == {("zero-for-unknown", "Lines")}


def test_without_a_total_known_lines_are_the_total(look_up_order, wire):
    order, found = look_up_order(wire.order(TotalAmountDue=None))
    assert order.total_due == Money.from_minor(15000, MDL)
    assert found == {("total-from-lines", "TotalAmountDue")}


def test_an_array_with_more_than_one_order(bench, wire):
    bench.remote.says(wire.reply(wire.order(OrderKey="A"), wire.order(OrderKey="B")))
    assert [order.order_key for order in bench.look_up("PERSON-1").orders] == ["A", "B"]


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        (("A", "A"), "same key"),
        (("A", ""), "missing"),
        (("A", "B" * 37), "1 to 36"),
        (("A", "B\u202e"), "control"),
    ],
)
def test_an_array_whose_orders_cannot_be_told_apart_or_asked_for_is_refused(bench, wire, keys, why):
    bench.remote.says(wire.reply(*(wire.order(OrderKey=key) for key in keys)))
    with pytest.raises(InvalidAnswer, match=why):
        bench.look_up()


def test_keys_are_compared_in_nfc_without_outer_white_space(bench, wire):
    bench.remote.says(wire.reply(wire.order(OrderKey=" K-s\u0327 ")))
    assert bench.look_up("K-\u015f").orders[0].order_key == "K-\u015f"


def test_a_yen_has_no_minor_unit(look_up_order, wire):
    order, _ = look_up_order(wire.order(Currency="JPY", TotalAmountDue="150.00"))
    assert order.total_due == Money.from_minor(150, "JPY")


def test_an_order_whose_amount_changed_is_told_at_each_look(bench, wire):
    bench.remote.says(wire.reply(wire.order()))
    before = bench.look_up().orders[0]
    bench.remote.says(wire.reply(wire.order(TotalAmountDue="160.00", Lines=wire.line(AmountDue="160.00"))))
    after = bench.look_up().orders[0]
    assert before.version != after.version
    assert after.total_due == Money.from_minor(16000, MDL)
