"""What the payer reads on the form, besides what its definition says."""

from mpay_gateway.api import Language, LocalText, Money

CONTINUE = LocalText(ro="Continuați la plată", ru="Перейти к оплате", en="Continue to payment")
OPTIONAL = LocalText(ro="(opțional)", ru="(необязательно)", en="(optional)")
CHOOSE = LocalText(ro="Alegeți…", ru="Выберите…", en="Choose…")
TO_PAY = LocalText(ro="De plată", ru="К оплате", en="To pay")
TOTAL = LocalText(ro="Total", ru="Итого", en="Total")
YOUR_DATA = LocalText(ro="Datele dumneavoastră", ru="Ваши данные", en="Your details")
AMOUNT_OF = LocalText(
    ro="{what}, suma în {currency}", ru="{what}, сумма в {currency}", en="{what}, amount in {currency}"
)
RANGE = LocalText(
    ro="De la {least} până la {most}", ru="От {least} до {most}", en="From {least} to {most}"
)  # fmt: skip
IDN_HINT = LocalText(ro="13 cifre", ru="13 цифр", en="13 digits")
DATE_HINT = LocalText(ro="De exemplu 31.12.2026", ru="Например, 31.12.2026", en="For example 31.12.2026")

MISSING = LocalText(
    ro="Completați câmpul „{label}”.", ru="Заполните поле «{label}».", en="Fill in the field “{label}”."
)
NOT_CHOSEN = LocalText(
    ro="Alegeți o variantă la „{label}”.",
    ru="Выберите вариант в поле «{label}».",
    en="Choose an option for “{label}”.",
)
TOO_SHORT = LocalText(
    ro="„{label}”: scrieți cel puțin {least} caractere.",
    ru="«{label}»: введите не менее {least} знаков.",
    en="“{label}”: write at least {least} characters.",
)
TOO_LONG = LocalText(
    ro="„{label}”: scrieți cel mult {most} caractere.",
    ru="«{label}»: введите не более {most} знаков.",
    en="“{label}”: write {most} characters at most.",
)
ODD_CHARACTERS = LocalText(
    ro="„{label}”: textul conține semne care nu pot fi păstrate.",
    ru="«{label}»: в тексте есть знаки, которые нельзя сохранить.",
    en="“{label}”: the text holds characters that cannot be kept.",
)
NO_IDN = LocalText(
    ro="„{label}”: acesta nu este un IDNP sau IDNO. Verificați cele 13 cifre.",
    ru="«{label}»: это не IDNP и не IDNO. Проверьте 13 цифр.",
    en="“{label}”: this is no IDNP or IDNO. Check the 13 digits.",
)
NO_TC = LocalText(
    ro="„{label}”: scrieți un cod personal sau fiscal de 13 cifre, ori seria și numărul pașaportului.",
    ru="«{label}»: введите личный или фискальный код из 13 цифр либо серию и номер паспорта.",
    en="“{label}”: write a personal or fiscal code of 13 digits, or a passport's series and number.",
)
NO_NUMBER = LocalText(
    ro="„{label}”: scrieți un număr, de exemplu 12 sau 12,5.",
    ru="«{label}»: введите число, например 12 или 12,5.",
    en="“{label}”: write a number, for example 12 or 12.5.",
)
NUMBER_BELOW = LocalText(
    ro="„{label}”: cel puțin {least}.", ru="«{label}»: не менее {least}.", en="“{label}”: {least} or more."
)
NUMBER_ABOVE = LocalText(
    ro="„{label}”: cel mult {most}.", ru="«{label}»: не более {most}.", en="“{label}”: {most} or less."
)
NO_DATE = LocalText(
    ro="„{label}”: scrieți o dată care există, ca 31.12.2026.",
    ru="«{label}»: введите существующую дату, например 31.12.2026.",
    en="“{label}”: write a date that exists, as 31.12.2026.",
)
NO_AMOUNT = LocalText(
    ro="„{label}”: scrieți o sumă, de exemplu 150 sau 150,50.",
    ru="«{label}»: введите сумму, например 150 или 150,50.",
    en="“{label}”: write an amount, for example 150 or 150.50.",
)
AMOUNT_OUT = LocalText(
    ro="„{label}”: suma este de la {least} până la {most}.",
    ru="«{label}»: сумма от {least} до {most}.",
    en="“{label}”: the amount is from {least} to {most}.",
)


def money_words(amount: Money, language: Language) -> str:
    """An amount as the portal's pages write it, unbreakable."""
    group, point = _SIGNS[language]
    whole, _, fraction = f"{amount.amount:,f}".partition(".")
    digits = whole.replace(",", group) + (point + fraction if fraction else "")
    return f"{digits}\N{NO-BREAK SPACE}{amount.currency}"


_SIGNS = {Language.RO: (".", ","), Language.RU: ("\N{NO-BREAK SPACE}", ","), Language.EN: (",", ".")}
"""What stands between thousands, and before the fraction."""
