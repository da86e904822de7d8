"""Fields that came in an address or a form, matched as the guide does: without regard to case, each once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pyramid.httpexceptions import HTTPBadRequest
from pyramid.request import Request


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one request; names in lower case."""

    values: Mapping[str, str]

    def get(self, name: str) -> str:
        """The field's text without outer white space, empty when it did not come."""
        return self.values.get(name.lower(), "").strip()


@dataclass(frozen=True, slots=True)
class FormError:
    """One thing that the payer has to mend. `field`: id of the input; `text`: key of the explanation.

    `words`: the explanation itself, where a plugin brings its own in the payer's language.
    `label`: what the field is called, where several fields may be explained alike.
    """

    field: str
    text: str
    words: str = ""
    label: str = ""


def read_form(request: Request) -> Fields:
    """The posted fields. Raises: HTTPBadRequest when one came twice."""
    return _once(request.POST.items())


def read_query(request: Request) -> Fields:
    """The fields of the address. Raises: HTTPBadRequest when one came twice."""
    return _once(request.GET.items())


def read_fields(request: Request) -> Fields:
    """Fields of the address and of the body together. Raises: HTTPBadRequest when one came twice, wherever."""
    return _once([*request.GET.items(), *request.POST.items()])


def _once(pairs: Iterable[tuple[str, str]]) -> Fields:
    values: dict[str, str] = {}
    for name, value in pairs:
        if name.lower() in values:
            raise HTTPBadRequest("a field came twice")
        values[name.lower()] = value
    return Fields(values)
