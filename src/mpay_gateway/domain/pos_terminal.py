"""POS terminals at counters: what is registered of one (contract, section 7, `/PosTerminal/Configure`)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mpay_gateway.domain.callers import plain_address
from mpay_gateway.domain.errors import InvalidForm
from mpay_gateway.domain.filling import is_idn
from mpay_gateway.domain.remarks import is_fit


@dataclass(frozen=True, slots=True)
class TerminalData:
    """A terminal as its vendor describes it. `vendor_name`: the bank that owns it; with its `terminal_id` it is one.

    `organization_idno`: of the organization at whose counter it stands. `intended_ip`: the only address that it calls
    from, in the one form of `plain_address`.
    """

    organization_name: str
    organization_idno: str
    office_address: str
    organization_service: str
    counter: str
    terminal_id: str
    vendor_name: str
    intended_ip: str


@dataclass(frozen=True, slots=True)
class PosTerminal:
    """A registered terminal. `caller`: who registered it, as the settings name him. `disabled_at`: None while it may
    be used; `disabled_why` is for operators.
    """

    id: str
    caller: str
    data: TerminalData
    registered_at: datetime
    changed_at: datetime
    disabled_at: datetime | None = None
    disabled_why: str = ""


@dataclass(frozen=True, slots=True)
class TerminalField:
    """One parameter. `name`: as the guide writes it. `longest`: characters; our own bound, the guide has none."""

    name: str
    attribute: str
    longest: int
    required: bool = True


FIELDS = (
    TerminalField("OrganizationName", "organization_name", 120),
    TerminalField("OrganizationIdno", "organization_idno", 13),
    TerminalField("OfficeAddress", "office_address", 255),
    TerminalField("OrganizationService", "organization_service", 120, required=False),
    TerminalField("Counter", "counter", 60, required=False),
    TerminalField("TerminalId", "terminal_id", 36),
    TerminalField("VendorName", "vendor_name", 60),
    TerminalField("IntendedIp", "intended_ip", 45),
)


def read_terminal(given: Callable[[str], str]) -> TerminalData:
    """A terminal from its parameters. `given`: the text of a parameter, empty when it did not come.

    Raises: InvalidForm with everything that is wrong.
    """
    values = {field.attribute: " ".join(given(field.name).split()) for field in FIELDS}
    problems = tuple(
        (field.name, problem) for field in FIELDS if (problem := _problem(field, values[field.attribute]))
    )
    if problems:
        raise InvalidForm(problems)
    return TerminalData(**values | {"intended_ip": plain_address(values["intended_ip"])})


def _problem(field: TerminalField, text: str) -> str:
    """Key of the text that says what is wrong, empty when nothing is."""
    if not text:
        return "pos.missing" if field.required else ""
    if len(text) > field.longest:
        return "pos.too-long"
    if not is_fit(text):
        return "pos.unfit"
    match field.name:
        case "OrganizationIdno":
            return "" if is_idn(text) else "pos.idno"
        case "IntendedIp":
            return "" if _is_address(text) else "pos.ip"
        case _:
            return ""


def _is_address(text: str) -> bool:
    try:
        plain_address(text)
    except ValueError:
        return False
    return "%" not in text
