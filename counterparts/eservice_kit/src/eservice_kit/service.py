"""What a service implements: two methods."""

from collections.abc import Sequence
from typing import Protocol

from eservice_kit.messages import OrderDetails, OrderQuery, PaymentConfirmation


class EService(Protocol):
    """The business side of an IServiceProvider. Both methods may be called many times for one order."""

    def get_order_details(self, query: OrderQuery) -> Sequence[OrderDetails]:
        """The orders that are found under the key as they stand now; none when the key is unknown.

        Raises: Fault(InvalidParameter, UnknownService).
        """
        ...

    def confirm_order_payment(self, confirmation: PaymentConfirmation) -> None:
        """Take note of a payment. To return is to promise that it is stored.

        Raises: Fault(InvalidParameter, UnknownService, UnknownOrder). Such an answer is final to the gateway,
        which may give the money back: anything temporary must be raised as another exception.
        """
        ...
