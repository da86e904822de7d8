"""The page with a service's form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlencode

from pyramid.httpexceptions import HTTPBadRequest, HTTPMethodNotAllowed, HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response

from mpay_eservice_form import texts
from mpay_eservice_form.filling import FieldError, fill_in, input_of_field, input_of_line
from mpay_eservice_form.order_book import OrderBook
from mpay_eservice_form.settings import LONGEST_VALUE, Field, FieldType, Line, PayerPart, ServiceForm
from mpay_eservice_form.stored_order import make_order
from mpay_gateway.api import Language, LocalText, PluginContext, Service, sum_money

TEMPLATE = "mpay_eservice_form:templates/form.pt"
Page: TypeAlias = Mapping[str, object] | Response
_ROOM = 60
"""Characters that an input takes beyond what is used: blanks in a code, so that it is never cut silently."""


@dataclass(frozen=True, slots=True)
class Input:
    """One input of the page. `options`: value and label of each, of a choice alone. `hint`: empty for none."""

    id: str
    label: str
    value: str
    hint: str
    required: bool
    longest: int
    mode: str = "text"
    autocomplete: str = "off"
    options: tuple[tuple[str, str], ...] = ()


class FormPage:
    """The views; one page for all services of the connector."""

    def __init__(self, context: PluginContext, book: OrderBook) -> None:
        self._context = context
        self._book = book

    def show(self, request: Request) -> Page:
        """GET /x/form/{service}."""
        service, form = self._form(request)
        return _page(request, service, form, {}, ())

    def take(self, request: Request) -> Page:
        """POST /x/form/{service}: the order is stored, then it is paid like any other. Form errors are 422."""
        service, form = self._form(request)
        typed = _typed(request)
        filled = fill_in(form, typed, request.language)
        if filled.errors:
            request.response.status_int = 422
            return _page(request, service, form, typed, filled.errors)
        request.count_form()
        order = self._book.add(make_order(service, form, filled, self._context.clock.now()))
        return HTTPSeeOther(f"/service/pay?{urlencode({'ServiceID': service.id, 'OrderKey': order.key})}")

    def refuse(self, _request: Request) -> Response:
        """The methods that the page does not have."""
        raise HTTPMethodNotAllowed(headers=[("Allow", "GET, HEAD, POST")])

    def _form(self, request: Request) -> tuple[Service, ServiceForm]:
        """Raises: UnknownService."""
        service = self._context.gateway.service(request.matchdict["service"])
        if not isinstance(service.settings, ServiceForm):
            raise TypeError(f"service {service.id} carries settings of another connector")
        return service, service.settings


def _typed(request: Request) -> dict[str, str]:
    """The posted fields. Raises: HTTPBadRequest when one came twice."""
    typed: dict[str, str] = {}
    for name, value in request.POST.items():
        if name in typed:
            raise HTTPBadRequest("a field came twice")
        typed[name] = value
    return typed


def _page(
    request: Request,
    service: Service,
    form: ServiceForm,
    typed: Mapping[str, str],
    errors: tuple[FieldError, ...],
) -> Page:
    language: Language = request.language
    fixed = [(line, form.money(line.amount)) for line in form.lines if line.amount is not None]
    return {
        "service": service,
        "form": form,
        "texts": texts,
        "action": request.path,
        "inputs": [_input(field, typed, language) for field in form.fields],
        "amounts": [_amount_input(form, line, typed, language) for line in form.lines if not line.fixed],
        "fixed": fixed,
        "total": sum_money((amount for _, amount in fixed), form.currency)
        if len(fixed) == len(form.lines)
        else None,
        "errors": errors,
    }


def _input(field: Field, typed: Mapping[str, str], language: Language) -> Input:
    place = input_of_field(field)
    hint = field.hint.in_language(language) or _DEFAULT_HINTS.get(field.type, LocalText("")).in_language(
        language
    )
    return Input(
        id=place,
        label=field.label.in_language(language),
        value=typed.get(place, "")[: LONGEST_VALUE + _ROOM],
        hint=hint,
        required=field.required,
        longest=field.longest + _ROOM,
        mode=_MODES.get(field.type, "text"),
        autocomplete="name" if field.payer is PayerPart.NAME else "off",
        options=tuple((choice.value, choice.label.in_language(language)) for choice in field.choices),
    )


def _amount_input(form: ServiceForm, line: Line, typed: Mapping[str, str], language: Language) -> Input:
    assert line.least is not None and line.most is not None, "the definition was checked"  # noqa: PT018
    place, what = input_of_line(line), line.reason.in_language(language)
    bounds = {
        name: texts.money_words(form.money(amount), language)
        for name, amount in (("least", line.least), ("most", line.most))
    }
    return Input(
        id=place,
        label=texts.AMOUNT_OF.in_language(language).format(what=what, currency=form.currency),
        value=typed.get(place, "")[:_ROOM],
        hint=texts.RANGE.in_language(language).format(**bounds),
        required=True,
        longest=_ROOM,
        mode="decimal",
        autocomplete="transaction-amount",
    )


_DEFAULT_HINTS = {FieldType.IDN: texts.IDN_HINT, FieldType.DATE: texts.DATE_HINT}
_MODES = {FieldType.IDN: "numeric", FieldType.NUMBER: "decimal"}
