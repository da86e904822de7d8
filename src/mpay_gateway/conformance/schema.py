"""The contract's types as the guide 1.3 has them: names and order of members, closed lists, lengths."""

from typing import Final

ORDER: Final = (
    "AllowAdvancePayments", "AllowPartialPayments", "Currency", "CustomerID", "CustomerName", "CustomerType", "DueDate",
    "IssuedAt", "Lines", "OrderKey", "Properties", "Reason", "ServiceID", "Status", "TotalAmountDue",
)  # fmt: skip
LINE: Final = (
    "AllowAdvancePayments", "AllowPartialPayments", "AmountDue", "DestinationAccount", "LineID", "Properties", "Reason",
)  # fmt: skip
PROPERTY: Final = ("DisplayName", "Id", "IsVisible", "Modifiable", "Name", "Required", "Type", "Value")
"""With Id and IsVisible, which only the guide's samples have."""
ACCOUNT: Final = (
    "BankAccount", "BankCode", "BankFiscalCode", "BankName", "BeneficiaryName", "ConfigurationCode", "TreasuryAccount",
)  # fmt: skip
"""The union of the schema of 2016 and the guide."""

SPELLINGS: Final = {
    "AllowPartialPayment": "AllowPartialPayments",
    "AllowAdvancePayment": "AllowAdvancePayments",
    "AllowAdvancedPayment": "AllowAdvancePayments",
    "AllowAdvancedPayments": "AllowAdvancePayments",
}
"""Names in the field, and the contract's."""

REQUIRED: Final = ("Currency", "Lines", "OrderKey", "ServiceID", "Status")
"""Without one of these nothing can be paid. Reason is required too; without one payers read nothing."""
MEMBERS: Final = frozenset(
    (*ORDER, *LINE, *PROPERTY, *ACCOUNT, *SPELLINGS, "OrderDetails", "OrderLine", "OrderProperty")
)
"""The names that the contract knows. What else an order holds is unknown in every namespace."""
STATUSES: Final = (
    "Active", "PartiallyPaid", "Paid", "Completed", "Expired", "Cancelled", "Refunding", "Refunded",
)  # fmt: skip
PAYABLE: Final = ("Active", "PartiallyPaid")
CUSTOMER_TYPES: Final = ("Unspecified", "Person", "Organization")
FAULT_CODES: Final = (
    "InternalError", "AuthenticationFailed", "AuthorizationFailed", "InvalidParameter", "UnknownService",
    "UnknownOrder", "UnknownInvoice", "UnknownPayment", "UknownPayment", "InvoiceAlreadyPaid", "InvoiceExpired",
)  # fmt: skip
FINAL_FAULTS: Final = (
    "InvalidParameter", "UnknownService", "UnknownOrder", "UnknownInvoice", "UnknownPayment", "UknownPayment",
    "InvoiceAlreadyPaid", "InvoiceExpired",
)  # fmt: skip

ORDER_LENGTHS: Final = {
    "ServiceID": 36, "OrderKey": 36, "Reason": 50, "CustomerID": 13, "CustomerName": 60,
}  # fmt: skip
LINE_LENGTHS: Final = {"LineID": 36, "Reason": 50}
PROPERTY_LENGTHS: Final = {"Name": 36, "DisplayName": 36, "Value": 255, "Type": 36}
ACCOUNT_LENGTHS: Final = {
    "BankAccount": 24, "BankCode": 20, "BankFiscalCode": 20, "BeneficiaryName": 60, "ConfigurationCode": 36,
}  # fmt: skip
