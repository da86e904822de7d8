"""Amounts and times as each language writes them. Babel's `ro_MD` prints "L" for MDL: money is ours."""

from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime as babel_datetime

from mpay_gateway.domain.language import Language
from mpay_gateway.domain.money import Money

LOCAL_ZONE = ZoneInfo("Europe/Chisinau")
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
_LOCALES = {Language.RO: "ro_MD", Language.RU: "ru_MD", Language.EN: "en_GB"}
_DATE = "d MMMM y"
_MOMENT = "d MMMM y, HH:mm"
# Group separator and decimal sign.
_SIGNS = {Language.RO: (".", ","), Language.RU: (NO_BREAK_SPACE, ","), Language.EN: (",", ".")}


def format_money(money: Money, language: Language) -> str:
    """An amount with its currency's code, e.g. `1.234,56 MDL`; every space in it is a no-break space."""
    group, point = _SIGNS[language]
    whole, _, fraction = f"{money.amount:,f}".partition(".")
    digits = whole.replace(",", group) + (point + fraction if fraction else "")
    return f"{digits}{NO_BREAK_SPACE}{money.currency}"


def format_typed(money: Money, language: Language) -> str:
    """The amount as somebody would type it, e.g. `1234,56`: without currency, nothing between the thousands."""
    _, point = _SIGNS[language]
    return f"{money.amount:f}".replace(".", point)


def format_date(moment: datetime, language: Language) -> str:
    """The day of `moment` (with zone) in Chisinau, e.g. `5 octombrie 2026`.

    Raises: ValueError when the time has no zone.
    """
    return _format(moment, language, _DATE)


def format_datetime(moment: datetime, language: Language) -> str:
    """Day, hour and minute of `moment` (with zone) in Chisinau, e.g. `5 octombrie 2026, 18:04`.

    Raises: ValueError when the time has no zone.
    """
    return _format(moment, language, _MOMENT)


def format_due(moment: datetime, now: datetime, language: Language) -> str:
    """The day by which something is due; with the hour when that is today, or was today."""
    today = moment.astimezone(LOCAL_ZONE).date() == now.astimezone(LOCAL_ZONE).date()
    return format_datetime(moment, language) if today else format_date(moment, language)


def _format(moment: datetime, language: Language, pattern: str) -> str:
    if moment.tzinfo is None:
        raise ValueError("a time without a zone is no moment")
    return babel_datetime(moment, pattern, tzinfo=LOCAL_ZONE, locale=_LOCALES[language])
