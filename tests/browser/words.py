"""What the pages say, from the texts of their own programs, with white space as a browser's names have it."""

from decimal import Decimal

from demo_service.language import Language as ShopLanguage
from demo_service.language import texts_in
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.money import Money
from mpay_gateway.texts import Texts, format_money
from sandbox_bank.session import Language as BankLanguage
from sandbox_bank.web.texts import Texts as BankTexts

LANGUAGES = (Language.RO, Language.RU, Language.EN)
NAMES = {Language.RO: "Română", Language.RU: "Русский", Language.EN: "English"}
OFFICE = {
    Language.RO: "Oficiul de servicii publice Codru",
    Language.RU: "Бюро публичных услуг «Кодру»",
    Language.EN: "Codru Public Services Office",
}
FINES = {Language.RO: "Amenzi rutiere", Language.RU: "Дорожные штрафы", Language.EN: "Traffic fines"}
KINDERGARTEN = {
    Language.RO: "Grădinița nr. 17 „Albinuța”",
    Language.RU: "Детский сад № 17 «Пчёлка»",
    Language.EN: "Kindergarten no. 17 “Albinuța”",
}
MUSEUM = {Language.RO: "Muzeul satului", Language.RU: "Музей села", Language.EN: "Village museum"}
_texts = Texts.load("portal")


def says(key: str, language: Language, **values: object) -> str:
    """A text of the gateway's pages."""
    return flat(_texts.text(key, language, **values))


def shop_says(key: str, language: Language, **values: object) -> str:
    """A text of the demo shop's pages."""
    return flat(texts_in(ShopLanguage(language.value))(key, **values))


def bank_says(key: str, language: Language, **values: object) -> str:
    """A text of the sandbox bank's pages."""
    return flat(BankTexts(BankLanguage(language.value))(key, **values))


def lei(amount: str, language: Language) -> str:
    """An amount as the gateway writes it: `lei("150.00", …)`."""
    return flat(format_money(Money(Decimal(amount), "MDL"), language))


def flat(text: str) -> str:
    """White space of any kind as single spaces."""
    return " ".join(text.split())
