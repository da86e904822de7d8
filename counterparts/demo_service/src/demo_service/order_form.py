"""What a payer filled in on the order form."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from demo_service.kinds import Kind
from demo_service.offers import TERMS, Offer
from demo_service.orders import NewOrder

_PERSONAL_CODE = re.compile(r"\d{13}")
_LONGEST_NAME = 60
_LONGEST_DETAIL = 40


class Field(StrEnum):
    """The form's fields, by the name in the page."""

    NAME = "name"
    PERSONAL_CODE = "personal_code"
    DETAIL = "detail"
    KIND = "kind"


@dataclass(frozen=True, slots=True)
class OrderForm:
    """The fields as they were sent, trimmed."""

    offer: Offer
    values: Mapping[Field, str]

    def errors(self) -> tuple[Field, ...]:
        """The fields that can't be accepted, in the order of the page."""
        checks = {
            Field.NAME: 2 <= len(self.values[Field.NAME]) <= _LONGEST_NAME,
            Field.PERSONAL_CODE: _is_personal_code(self.values[Field.PERSONAL_CODE]),
            Field.DETAIL: self._is_detail(self.values[Field.DETAIL]),
            Field.KIND: self.values[Field.KIND] in set(Kind),
        }
        return tuple(field for field, accepted in checks.items() if not accepted)

    def new_order(self) -> NewOrder:
        """The order of a form without errors."""
        return NewOrder(
            offer=self.offer,
            kind=Kind(self.values[Field.KIND]),
            customer_name=self.values[Field.NAME],
            customer_id=self.values[Field.PERSONAL_CODE] or None,
            detail=self.values[Field.DETAIL],
        )

    def _is_detail(self, text: str) -> bool:
        return len(text) <= _LONGEST_DETAIL and bool(TERMS[self.offer].detail_pattern.fullmatch(text))


def sample_form(offer: Offer) -> OrderForm:
    """The form as it is first shown: with data made up for the demonstration."""
    values = {
        Field.NAME: "Ion Codreanu",
        Field.PERSONAL_CODE: "2002004005676",
        Field.DETAIL: TERMS[offer].detail_sample,
        Field.KIND: Kind.ONE_LINE.value,
    }
    return OrderForm(offer, values)


def read_form(offer: Offer, posted: Mapping[str, object]) -> OrderForm:
    """The form as it was sent; a field that is missing is empty, letters of numbers are made capital."""
    values = {field: " ".join(str(posted.get(field.value, "")).split()) for field in Field}
    values[Field.DETAIL] = values[Field.DETAIL].upper()
    return OrderForm(offer, values)


def _is_personal_code(text: str) -> bool:
    return not text or bool(_PERSONAL_CODE.fullmatch(text))
