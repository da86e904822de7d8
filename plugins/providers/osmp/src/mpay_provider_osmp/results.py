"""What a result says to the network. Only 1 and 90 are not final: the network repeats under the same txn_id.

Source: the classic provider protocol of kiosk networks. 0, 4 and 5 stand in public code; check the others with the
network before the first real payment.
"""

from collections.abc import Mapping
from enum import IntEnum

from mpay_gateway.api import Language, LocalText, RefusalReason


class Result(IntEnum):
    OK = 0
    TRY_LATER = 1
    ACCOUNT_FORM = 4
    ACCOUNT_UNKNOWN = 5
    NOT_ALLOWED = 7
    TECHNICAL = 8
    ACCOUNT_NOT_ACTIVE = 79
    SUM_TOO_SMALL = 241
    SUM_TOO_BIG = 242
    OTHER = 300


OF_REASON: Mapping[RefusalReason, Result] = {
    RefusalReason.UNKNOWN_SERVICE: Result.ACCOUNT_UNKNOWN,
    RefusalReason.UNKNOWN_ORDER: Result.ACCOUNT_UNKNOWN,
    RefusalReason.PAID: Result.NOT_ALLOWED,
    RefusalReason.GONE: Result.ACCOUNT_NOT_ACTIVE,
    RefusalReason.IN_PROGRESS: Result.NOT_ALLOWED,
    RefusalReason.TOO_LITTLE: Result.SUM_TOO_SMALL,
    RefusalReason.TOO_MUCH: Result.SUM_TOO_BIG,
    RefusalReason.CURRENCY: Result.TECHNICAL,
    RefusalReason.CLOSED: Result.TECHNICAL,
    RefusalReason.FILL_IN: Result.NOT_ALLOWED,
}

_COMMENTS: Mapping[Result | RefusalReason, LocalText] = {
    Result.OK: LocalText(ro="OK", ru="OK", en="OK"),
    Result.TRY_LATER: LocalText(
        ro="Serviciul nu răspunde acum", ru="Услуга сейчас не отвечает", en="The service does not answer now"
    ),
    Result.ACCOUNT_FORM: LocalText(
        ro="Numărul nu are forma corectă", ru="Неверный формат номера", en="The number is not of the right form"
    ),
    Result.ACCOUNT_UNKNOWN: LocalText(
        ro="Numărul nu este cunoscut", ru="Номер не найден", en="The number is not known"
    ),
    Result.ACCOUNT_NOT_ACTIVE: LocalText(
        ro="Nu este nimic de plată", ru="Нечего платить", en="There is nothing to pay"
    ),
    Result.TECHNICAL: LocalText(
        ro="Plata nu poate fi primită", ru="Платёж не может быть принят", en="The payment cannot be taken"
    ),
    Result.SUM_TOO_SMALL: LocalText(ro="Suma este prea mică", ru="Сумма слишком мала", en="The sum is too small"),
    Result.SUM_TOO_BIG: LocalText(ro="Suma este prea mare", ru="Сумма слишком велика", en="The sum is too big"),
    Result.OTHER: LocalText(
        ro="Cererea nu poate fi citită", ru="Запрос не может быть прочитан", en="The request cannot be read"
    ),
    RefusalReason.PAID: LocalText(ro="Este deja plătit", ru="Уже оплачено", en="It is paid already"),
    RefusalReason.IN_PROGRESS: LocalText(
        ro="Se plătește chiar acum în altă parte", ru="Сейчас оплачивается в другом месте",
        en="It is being paid elsewhere right now",
    ),
    RefusalReason.FILL_IN: LocalText(
        ro="Se poate plăti doar pe site, unde se completează mai multe date",
        ru="Можно оплатить только на сайте, где нужно указать больше данных",
        en="It can be paid on the website alone, where more has to be filled in",
    ),
}  # fmt: skip


def comment(result: Result, reason: RefusalReason | None, language: Language) -> str:
    """What may be shown to the payer."""
    text = _COMMENTS.get(reason) if reason is not None else None
    return (text or _COMMENTS[result]).in_language(language)
