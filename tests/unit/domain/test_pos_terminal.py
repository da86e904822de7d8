"""What is registered of a POS terminal: everything that is wrong is said at once, and nothing is guessed."""

import pytest

from mpay_gateway.domain.errors import InvalidForm
from mpay_gateway.domain.pos_terminal import FIELDS, read_terminal

GOOD = {
    "OrganizationName": "Permits  Office ", "OrganizationIdno": "1006601000255", "OfficeAddress": "str. Mare 1",
    "TerminalId": "T-100", "VendorName": "Bank", "IntendedIp": "198.51.100.7",
}  # fmt: skip


def problems(**changes):
    with pytest.raises(InvalidForm) as refused:
        read_terminal(lambda name: (GOOD | changes).get(name, ""))
    return dict(refused.value.problems)


def test_a_terminal_is_read_with_its_white_space_squeezed():
    read = read_terminal(lambda name: GOOD.get(name, ""))
    assert (read.organization_name, read.counter, read.organization_service) == ("Permits Office", "", "")


@pytest.mark.parametrize(
    ("given", "kept"),
    [("198.51.100.7", "198.51.100.7"), ("::ffff:198.51.100.7", "198.51.100.7"),
     ("2001:DB8:0:0::1", "2001:db8::1")],
)  # fmt: skip
def test_an_address_is_kept_in_one_form(given, kept):
    assert read_terminal(lambda name: (GOOD | {"IntendedIp": given}).get(name, "")).intended_ip == kept


@pytest.mark.parametrize(
    "given", ["198.51.100.0/24", "198.51.100", "terminal.example", "fe80::1%eth0", "0x7f.1"]
)
def test_what_is_no_single_address_is_refused(given):
    assert problems(IntendedIp=given) == {"IntendedIp": "pos.ip"}


@pytest.mark.parametrize("given", ["1006601000256", "100660100025", "10066010002550", "IDNO"])
def test_an_idno_is_checked(given):
    assert problems(OrganizationIdno=given)["OrganizationIdno"] in {"pos.idno", "pos.too-long"}


def test_everything_that_is_wrong_is_said_at_once():
    found = problems(**dict.fromkeys(GOOD, ""))
    assert found == {field.name: "pos.missing" for field in FIELDS if field.required}


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_each_text_has_its_bound_and_takes_no_control_characters(field):
    assert problems(**{field.name: "9" * (field.longest + 1)})[field.name] == "pos.too-long"
    assert problems(**{field.name: "a\x00"})[field.name] == "pos.unfit"
