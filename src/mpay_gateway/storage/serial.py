"""Domain values as canonical JSON for the columns that keep them whole, and back."""

import json
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from cattrs import Converter
from cattrs.strategies import configure_tagged_union

from mpay_gateway.domain.deviation import Deviation
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.order import Order
from mpay_gateway.domain.provider_answer import NextStep
from mpay_gateway.storage.chain import canonical

T = TypeVar("T")


def _converter() -> Converter:
    converter = Converter(omit_if_default=True)
    converter.register_unstructure_hook(datetime, lambda value: value.isoformat())
    converter.register_structure_hook(datetime, lambda value, _: datetime.fromisoformat(value))
    converter.register_unstructure_hook(Money, lambda money: [str(money.amount), money.currency])
    converter.register_structure_hook(Money, lambda pair, _: Money(Decimal(pair[0]), pair[1]))
    configure_tagged_union(NextStep, converter)
    return converter


_CONVERTER = _converter()


def order_to_text(order: Order) -> str:
    return canonical(_CONVERTER.unstructure(order, Order))


def order_from_text(text: str) -> Order:
    return _read(text, Order)


def deviations_to_text(deviations: tuple[Deviation, ...]) -> str:
    return canonical(_CONVERTER.unstructure(deviations, tuple[Deviation, ...]))


def deviations_from_text(text: str) -> tuple[Deviation, ...]:
    return _read(text, tuple[Deviation, ...])


def next_step_to_text(step: NextStep) -> str:
    return canonical(_CONVERTER.unstructure(step, NextStep))


def next_step_from_text(text: str) -> NextStep:
    step: NextStep = _CONVERTER.structure(json.loads(text), NextStep)  # type: ignore[arg-type]
    return step


def _read(text: str, kind: type[T]) -> T:
    data: Any = json.loads(text)
    return _CONVERTER.structure(data, kind)
