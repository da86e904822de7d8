"""What the payer reads about the instrument, unless the settings say otherwise."""

from mpay_gateway.api import Language, LocalText, Money

LABEL = LocalText(ro="Card bancar", ru="Банковская карта", en="Bank card")
WHAT_HAPPENS_NEXT = LocalText(
    ro="Treceți pe pagina securizată a băncii și introduceți acolo datele cardului.",
    ru="Вы перейдёте на защищённую страницу банка и введёте данные карты там.",
    en="You go on to the bank's secure page and enter your card details there.",
)
DURATION = LocalText(
    ro="Imediat, de obicei în mai puțin de un minut",
    ru="Сразу, обычно меньше чем за минуту",
    en="At once, usually in less than a minute",
)
BELOW_MINIMUM = LocalText(
    ro="Cu cardul se pot plăti cel puțin {amount}.",
    ru="Картой можно оплатить не менее {amount}.",
    en="The least that can be paid by card is {amount}.",
)
ABOVE_MAXIMUM = LocalText(
    ro="Cu cardul se pot plăti cel mult {amount}.",
    ru="Картой можно оплатить не более {amount}.",
    en="The most that can be paid by card is {amount}.",
)


def with_amount(text: LocalText, amount: Money, language: Language) -> str:
    """The text with an amount in the language's own form, unbreakable."""
    digits = f"{amount.amount:,}"
    if language is not Language.EN:
        digits = digits.replace(",", "\N{NO-BREAK SPACE}").replace(".", ",")
    return text.in_language(language).format(amount=f"{digits}\N{NO-BREAK SPACE}{amount.currency}")
