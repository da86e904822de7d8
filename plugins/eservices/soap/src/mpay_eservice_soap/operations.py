"""The two operations of IServiceProvider and the names that go with them (contract section 1)."""

from enum import StrEnum

NAMESPACE = "https://mpay.gov.md"


class Operation(StrEnum):
    GET_ORDER_DETAILS = "GetOrderDetails"
    CONFIRM_ORDER_PAYMENT = "ConfirmOrderPayment"

    @property
    def action(self) -> str:
        """The SOAPAction."""
        return f"{NAMESPACE}/IServiceProvider/{self.value}"

    @property
    def reply(self) -> str:
        """The qualified name of the element that a reply holds."""
        return f"{{{NAMESPACE}}}{self.value}Response"
