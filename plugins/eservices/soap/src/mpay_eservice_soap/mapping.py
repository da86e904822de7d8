"""From the domain to the members of a message: what is sent, by contract version (sections 2, 3)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias, Union

from mpay_eservice_soap.settings import ContractVersion
from mpay_eservice_soap.texts import cut
from mpay_eservice_soap.times import local_time
from mpay_gateway.api import Confirmation, ConfirmationLine, OrderQuery, PaymentAccount

Value: TypeAlias = Union[str, Decimal, datetime, "Members", Sequence["Members"], None]
Members: TypeAlias = Mapping[str, Value]
"""Members of an element by name; None leaves one out. Their order is the schema's."""


def lookup_members(query: OrderQuery, contract: ContractVersion) -> Members:
    """The call of GetOrderDetails. Services of 2016 know no language."""
    language = query.language.value.upper() if contract is ContractVersion.GUIDE_1_3 else None
    return {
        "query": {"Language": language, "OrderKey": query.order_key, "ServiceID": query.service_id},
    }


def confirmation_members(confirmation: Confirmation, contract: ContractVersion) -> Members:
    """The call of ConfirmOrderPayment. Identifiers are sent whole, whatever their length; texts are cut."""
    return {
        "confirmation": {
            "Currency": confirmation.total.currency,
            "InvoiceID": confirmation.invoice_id,
            "Lines": {"PaymentConfirmationLine": [_line(each, contract) for each in confirmation.lines]},
            "OrderKey": confirmation.order_key,
            "PaidAt": local_time(confirmation.paid_at),
            "PaymentID": confirmation.payment_id,
            "Properties": _properties(confirmation.properties),
            "ServiceID": confirmation.service_id,
            "TotalAmount": confirmation.total.amount,
        },
    }


def _line(line: ConfirmationLine, contract: ContractVersion) -> Members:
    return {
        "Amount": line.amount.amount,
        "DestinationAccount": _account(line.account, contract),
        "LineID": line.line_id,
        "Properties": _properties(line.properties),
    }


def _account(account: PaymentAccount, contract: ContractVersion) -> Members:
    """The element is always there: empty when nothing is known, as in the guide's own sample."""
    match contract:
        case ContractVersion.GUIDE_1_3 if account == PaymentAccount():
            return {}
        case ContractVersion.GUIDE_1_3:
            return {
                "BankAccount": account.iban,
                "BankCode": account.bank_code,
                "BankFiscalCode": account.fiscal_code,
                "BeneficiaryName": cut(account.beneficiary, "BeneficiaryName"),
                "ConfigurationCode": account.configuration_code or None,
            }
        case ContractVersion.WSDL_2016:
            return {
                "BankAccount": account.iban,
                "BankCode": account.bank_code,
                "BeneficiaryName": cut(account.beneficiary, "BeneficiaryName") or None,
                "TreasuryAccount": account.treasury_account or None,
            }


def _properties(properties: tuple[tuple[str, str], ...]) -> Members | None:
    if not properties:
        return None
    return {
        "PaymentProperty": [
            {"Name": cut(name, "Name"), "Value": cut(value, "Value")} for name, value in properties
        ]
    }
