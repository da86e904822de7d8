"""Pages from Chameleon templates, which escape every value; `structure` is not used in them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from chameleon import PageTemplateLoader
from pyramid.csrf import get_csrf_token
from pyramid.request import Request

from mpay_gateway.domain.filling import Field
from mpay_gateway.domain.identifiers import grouped
from mpay_gateway.domain.language import Language, LocalText
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.service import Service, SupportContact
from mpay_gateway.texts import format_date, format_datetime, format_money, mask_code, mask_name
from mpay_gateway.texts.local_format import format_due, format_typed
from mpay_gateway.web.form import FormError
from mpay_gateway.web.language import path_to, switch_links
from mpay_gateway.web.plugin_routes import entrance_to
from mpay_gateway.web.static_files import content_digest

Values = Mapping[str, object]


@cache
def _load_templates() -> PageTemplateLoader:
    """One set for all applications of a process: compiling a page takes about a second."""
    folder = str(files(__package__).joinpath("templates"))
    return PageTemplateLoader(folder, boolean_attributes=set(), strict=True)


def compile_pages() -> None:
    """Compile every template now, so that no payer waits for it. Takes some seconds."""
    templates = _load_templates()
    for entry in files(__package__).joinpath("templates").iterdir():
        templates[entry.name].cook_check()


class PageRenderer:
    """The renderer of `.pt`: each template is compiled once, when its page is first shown."""

    def __init__(self) -> None:
        self._templates = _load_templates()

    def __call__(self, info: object) -> Callable[[Values, Mapping[str, object]], str]:
        """What Pyramid asks for: a function that fills the template which `info` names."""
        name = str(getattr(info, "name"))  # noqa: B009
        return lambda values, system: self.fill(name, values, system["request"])

    def fill(self, name: str, values: Values, request: Request) -> str:
        """The page as HTML. The template sees `values`, and `ui` for everything around them."""
        ui = Page(request)
        layout = self._templates["layout.pt"]
        shared = {"errors": (), "place": "", "layout": layout, "parts": self._templates["parts.pt"]}
        names: Any = {**shared, **values, "ui": ui, "t": ui.text}
        return str(self._templates[name].render(**names))


class Page:
    """What templates may ask for besides their own values: texts, formats, addresses."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self.language: Language = request.language

    def text(self, key: str, **values: object) -> str:
        """The text of a key in the payer's language."""
        return str(self._request.registry.texts.text(key, self.language, **values))

    def either(self, key: str, other: str) -> str:
        """The text of `key`, or of `other` when a plugin named a key that is not ours."""
        known = key in self._request.registry.text_keys
        return self.text(key if known else other)

    def local(self, text: LocalText) -> str:
        return text.in_language(self.language)

    def money(self, amount: Money) -> str:
        return format_money(amount, self.language)

    def typed(self, amount: Money) -> str:
        return format_typed(amount, self.language)

    def due(self, moment: datetime) -> str:
        return format_due(moment, self._request.parts.clock.now(), self.language)

    def date(self, moment: datetime) -> str:
        return format_date(moment, self.language)

    def moment(self, moment: datetime) -> str:
        return format_datetime(moment, self.language)

    def grouped(self, identifier: str) -> str:
        return grouped(identifier)

    def person(self, service: Service, name: str) -> str:
        """A payer's name as someone may see it who has only the order key."""
        return mask_name(name) if service.mask else name

    def label(self, field: Field) -> str:
        """What a field that the payer fills in is called: by the service, in the language that it gave."""
        if field.payers_code:
            return self.text("fill.customer")
        return field.wanted.display_name or field.wanted.name

    def code(self, service: Service, code: str) -> str:
        """A payer's personal code, likewise."""
        return mask_code(code) if service.mask else code

    def path(self, route: str, **elements: str) -> str:
        return path_to(self._request, route, **elements)

    def static(self, name: str) -> str:
        return str(self._request.registry.static_files.path(name))

    def logo(self, service: Service) -> str:
        """The address of a service's logo, empty when it has none."""
        if not service.logo_png:
            return ""
        return self.path("logo", service=service.id, digest=logo_digest(service.logo_png))

    def begins_here(self, service: Service) -> bool:
        """Whether an order of the service begins on a page of the gateway's, with a form to fill in."""
        return bool(entrance_to(self._request, service))

    def listed_problem(self, error: FormError) -> str:
        """The same away from its field, which is named where it has a label; plugins' own errors have none."""
        label = getattr(error, "label", "")
        return f"{label}: {self.problem(error)}" if label else self.problem(error)

    def problem(self, error: FormError) -> str:
        """What is wrong with a field, in the payer's language."""
        return error.words or self.either(f"form.{error.text}", "form.invalid")

    def languages(self, place: str) -> list[tuple[Language, str, str]]:
        return switch_links(self._request, place=place)

    @property
    def csrf(self) -> str:
        """The token that a form of ours carries; asking for it sets its cookie."""
        return str(get_csrf_token(self._request))

    @property
    def support(self) -> SupportContact:
        support: SupportContact = self._request.parts.settings.gateway.support
        return support


@lru_cache(maxsize=512)
def logo_digest(logo: bytes) -> str:
    """What the address of a logo says of its content."""
    return content_digest(logo)
