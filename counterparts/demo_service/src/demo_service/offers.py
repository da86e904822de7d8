"""The public services that the shop sells, and the accounts that their money goes to."""

import re
from dataclasses import dataclass
from enum import StrEnum

from eservice_kit import PaymentAccount

ORDERS = "DEMO01"
FINES = "DEMO02"
SERVICE_IDS = (ORDERS, FINES)


class Offer(StrEnum):
    """A public service, by the name in its page's address."""

    LAND_EXTRACT = "land-register-extract"
    FINE = "traffic-fine"
    SCHOOL_FEE = "art-school-fee"
    FOREST_PERMIT = "forest-permit"


@dataclass(frozen=True, slots=True)
class Terms:
    """What an offer costs, in bani, and how its own field must look."""

    service_id: str
    price: int
    detail_property: str
    detail_pattern: re.Pattern[str]
    detail_sample: str


_PLATE = re.compile(r"[A-Z]{1,4} ?\d{1,4}|\d{1,4} ?[A-Z]{1,4}")

TERMS = {
    Offer.LAND_EXTRACT: Terms(
        ORDERS, 150_00, "CadastralNumber", re.compile(r"\d{7,10}(\.\d{1,3})*"), "0100519.123.01"
    ),
    Offer.FINE: Terms(FINES, 750_00, "PlateNumber", _PLATE, "CDR 482"),
    Offer.SCHOOL_FEE: Terms(ORDERS, 420_00, "ContractNumber", re.compile(r"[A-Z]{2}-\d{4,8}"), "SA-20417"),
    Offer.FOREST_PERMIT: Terms(ORDERS, 85_50, "ForestPlot", re.compile(r"\d{1,3}[A-Z]?"), "37B"),
}

STATE = PaymentAccount("MD87TRPBAA142310A1500001", "TREZMD2X", "1006601000255", "MF - Trezoreria de Stat")
DISTRICT = PaymentAccount("MD17TRPCDU142320A0900042", "TREZMD2X", "1007606001232", "Consiliul raional Codru")
OFFICE = PaymentAccount("MD22AG000000022512345678", "AGRNMD2X", "1007606001232", "IP Oficiul Servicii Codru")
ACCOUNTS = (STATE, DISTRICT, OFFICE)
