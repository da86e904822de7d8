"""Where the money of a line goes: three forms on the wire, completed from the service's default account."""

from dataclasses import fields, replace

from mpay_eservice_soap.members import Members
from mpay_eservice_soap.settings import ContractVersion
from mpay_gateway.api import PaymentAccount

_MEMBER = "DestinationAccount"
_NAMES = (
    "BankAccount", "BankCode", "BankFiscalCode", "BankName", "BeneficiaryName", "ConfigurationCode",
    "TreasuryAccount",
)  # fmt: skip


def read_account(line: Members, *, default: PaymentAccount, contract: ContractVersion) -> PaymentAccount:
    """The account of a line: a PaymentAccount (guide 1.3), a plain text (2016), empty or absent.

    Missing values are the default account's, unless the line names another account: beneficiary and number of
    two accounts are never mixed.
    """
    return _completed(_given(line, contract), default)


def _given(line: Members, contract: ContractVersion) -> PaymentAccount:
    element = line.element(_MEMBER)
    if element is None:
        return PaymentAccount()
    if len(element):
        return _structured(Members(element, _NAMES, path=f"{line.path}/{_MEMBER}", findings=line.findings))
    written = _number(line.raw(_MEMBER) or "")
    if written and contract is not ContractVersion.WSDL_2016:
        line.note("account-as-text", _MEMBER)
    return PaymentAccount(iban=written)


def _structured(members: Members) -> PaymentAccount:
    return PaymentAccount(
        iban=_number(members.text("BankAccount")),
        bank_code=members.text("BankCode"),
        fiscal_code=members.text("BankFiscalCode"),
        beneficiary=members.text("BeneficiaryName"),
        configuration_code=members.text("ConfigurationCode"),
        treasury_account=_number(members.text("TreasuryAccount")),
    )


def _completed(given: PaymentAccount, default: PaymentAccount) -> PaymentAccount:
    names_another = (given.iban and given.iban != default.iban) or (
        given.treasury_account and given.treasury_account != default.treasury_account
    )
    if names_another:
        return given
    stated = {each.name: getattr(given, each.name) for each in fields(given) if getattr(given, each.name)}
    return replace(default, **stated)


def _number(text: str) -> str:
    """An account number without the spaces of its printed form."""
    return "".join(text.split())
