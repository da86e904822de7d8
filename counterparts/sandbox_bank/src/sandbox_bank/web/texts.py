"""What the payer reads, in Romanian, Russian and English."""

from __future__ import annotations

from typing import Any

from sandbox_bank.session import Language

_SEPARATORS = {Language.RO: (".", ","), Language.RU: ("\u00a0", ","), Language.EN: (",", ".")}

NAMES = {Language.RO: "Română", Language.RU: "Русский", Language.EN: "English"}

_TABLE: dict[str, tuple[str, str, str]] = {
    "skip": ("Treceți la conținut", "Перейти к содержанию", "Skip to content"),
    "language": ("Limba", "Язык", "Language"),
    "sandbox": (
        "Mediu de test: nu introduceți un card adevărat.",
        "Тестовая среда: не вводите настоящую карту.",
        "Test environment: do not enter a real card.",
    ),
    "card_title": ("Plata cu cardul", "Оплата картой", "Pay by card"),
    "error_prefix": ("Eroare: ", "Ошибка: ", "Error: "),
    "order": ("Plata dumneavoastră", "Ваш платёж", "Your payment"),
    "amount": ("Suma", "Сумма", "Amount"),
    "merchant": ("Comerciant", "Продавец", "Merchant"),
    "for": ("Descriere", "Описание", "Description"),
    "reference": ("Referință", "Номер операции", "Reference"),
    "card": ("Card", "Карта", "Card"),
    "card_number": ("Numărul cardului", "Номер карты", "Card number"),
    "expiry": ("Valabil până la", "Срок действия", "Expiry date"),
    "expiry_hint": (
        "Luna și anul, de exemplu 09/29",
        "Месяц и год, например 09/29",
        "Month and year, such as 09/29",
    ),
    "cvv": ("Codul CVV", "Код CVV", "Security code (CVV)"),
    "cvv_hint": (
        "3 cifre de pe spatele cardului",
        "3 цифры на обороте карты",
        "3 digits on the back of the card",
    ),
    "pay": ("Plătiți {amount}", "Оплатить {amount}", "Pay {amount}"),
    "cancel": ("Renunțați la plată", "Отказаться от оплаты", "Cancel the payment"),
    "until": ("Timp rămas: {minutes} min.", "Осталось времени: {minutes} мин.", "Time left: {minutes} min."),
    "error_summary": (
        "Verificați datele introduse",
        "Проверьте введённые данные",
        "Check what you have entered",
    ),
    "error_card_number": (
        "Numărul cardului nu este corect. Verificați cifrele de pe card.",
        "Номер карты неверен. Сверьте цифры с картой.",
        "The card number is not right. Check the digits on the card.",
    ),
    "error_test_card": (
        "Banca de test primește numai cardurile de test din listă.",
        "Тестовый банк принимает только тестовые карты из списка.",
        "The test bank takes only the test cards in the list.",
    ),
    "error_expiry": (
        "Introduceți luna și anul de pe card, de exemplu 09/29.",
        "Введите месяц и год с карты, например 09/29.",
        "Enter the month and year on the card, such as 09/29.",
    ),
    "error_expired": ("Cardul a expirat.", "Срок действия карты истёк.", "The card has expired."),
    "error_cvv": (
        "Codul CVV are 3 cifre, pe spatele cardului.",
        "Код CVV состоит из 3 цифр на обороте карты.",
        "The security code has 3 digits, on the back of the card.",
    ),
    "test_cards": ("Carduri de test", "Тестовые карты", "Test cards"),
    "test_cards_hint": (
        "Orice dată viitoare și orice cod CVV din trei cifre.",
        "Любой будущий срок действия и любой трёхзначный CVV.",
        "Any expiry date in the future and any three-digit security code.",
    ),
    "what_happens": ("Ce se întâmplă", "Что произойдёт", "What happens"),
    "challenge_title": ("Confirmați plata", "Подтвердите платёж", "Confirm the payment"),
    "challenge_text": (
        "Am trimis un cod de unică folosință la telefonul legat de cardul {card}.",
        "Мы отправили одноразовый код на телефон, привязанный к карте {card}.",
        "We have sent a one-time code to the phone that belongs to card {card}.",
    ),
    "code": ("Codul din mesaj", "Код из сообщения", "Code from the message"),
    "code_hint": (
        "6 cifre; în mediul de test 123456",
        "6 цифр; в тестовой среде 123456",
        "6 digits; 123456 in the test environment",
    ),
    "error_code": (
        "Codul nu este corect. Încercări rămase: {left}.",
        "Код неверен. Осталось попыток: {left}.",
        "The code is not right. Tries left: {left}.",
    ),
    "confirm": ("Confirmați", "Подтвердить", "Confirm"),
    "wait_title": ("Plata se prelucrează", "Платёж обрабатывается", "Processing the payment"),
    "wait_text": (
        "Așteptăm răspunsul băncii care a emis cardul. Nu închideți pagina și nu plătiți încă o dată.",
        "Ждём ответа банка, выпустившего карту. Не закрывайте страницу и не платите ещё раз.",
        "We are waiting for the card's bank. Do not close this page and do not pay again.",
    ),
    "check_now": ("Verificați acum", "Проверить сейчас", "Check now"),
    "paid_title": ("Plata a fost efectuată", "Платёж выполнен", "Payment complete"),
    "paid_text": ("Banca a aprobat plata.", "Банк одобрил платёж.", "The bank has approved the payment."),
    "authorised_title": ("Suma a fost rezervată", "Сумма зарезервирована", "Amount reserved"),
    "authorised_text": (
        "Banca a aprobat plata. Comerciantul o va finaliza.",
        "Банк одобрил платёж. Продавец его завершит.",
        "The bank has approved the payment. The merchant will complete it.",
    ),
    "declined_title": ("Plata a fost refuzată", "Платёж отклонён", "Payment declined"),
    "cancelled_title": ("Ați renunțat la plată", "Вы отказались от оплаты", "Payment cancelled"),
    "expired_title": ("Timpul pentru plată a expirat", "Время на оплату истекло", "The time to pay is over"),
    "nothing_taken": ("Nu s-a luat niciun ban.", "Деньги не списаны.", "No money was taken."),
    "reversed_title": ("Banii au fost returnați", "Деньги возвращены", "Money given back"),
    "reversed_text": (
        "Suma se întoarce pe cardul dumneavoastră.",
        "Сумма возвращается на вашу карту.",
        "The amount goes back to your card.",
    ),
    "reason_insufficient-funds": (
        "Pe card nu sunt destui bani.",
        "На карте недостаточно средств.",
        "There is not enough money on the card.",
    ),
    "reason_do-not-honour": (
        "Banca dumneavoastră nu a permis plata. Adresați-vă băncii sau încercați alt card.",
        "Ваш банк не разрешил платёж. Обратитесь в банк или попробуйте другую карту.",
        "Your bank did not allow the payment. Ask your bank or try another card.",
    ),
    "reason_stolen-card": (
        "Cardul este blocat. Adresați-vă băncii care l-a emis.",
        "Карта заблокирована. Обратитесь в банк, который её выпустил.",
        "The card is blocked. Contact the bank that issued it.",
    ),
    "reason_wrong-code": (
        "Codul de confirmare a fost greșit de trei ori.",
        "Код подтверждения трижды введён неверно.",
        "The confirmation code was wrong three times.",
    ),
    "reason_issuer-unavailable": (
        "Banca dumneavoastră nu a răspuns.",
        "Ваш банк не ответил.",
        "Your bank did not answer.",
    ),
    "back": ("Înapoi la comerciant", "Вернуться к продавцу", "Return to the merchant"),
    "no_way_back": (
        "Puteți închide această pagină.",
        "Эту страницу можно закрыть.",
        "You can close this page.",
    ),
    "failed_title": ("Serviciul nu răspunde", "Сервис не отвечает", "The service does not answer"),
    "failed_text": (
        (
            "Ceva nu a mers la bancă și nu știm încă dacă plata s-a făcut."
            " Nu plătiți încă o dată: verificați mai întâi la comerciant."
        ),
        (
            "В банке произошёл сбой, и мы пока не знаем, прошёл ли платёж."
            " Не платите ещё раз: сначала проверьте у продавца."
        ),
        (
            "Something went wrong at the bank and we do not know yet whether the payment was made."
            " Do not pay again: ask the merchant first."
        ),
    ),
    "not_found_title": ("Pagina nu există", "Страница не найдена", "Page not found"),
    "not_found_text": (
        "Adresa nu este corectă sau plata nu mai există. Întoarceți-vă la comerciant și începeți din nou.",
        "Адрес неверен, или такого платежа больше нет. Вернитесь к продавцу и начните заново.",
        "The address is not right or the payment no longer exists. Go back to the merchant and begin again.",
    ),
    "footer": (
        "Banca Sandbox nu este o bancă. Aici nu circulă bani adevărați.",
        "Banca Sandbox не является банком. Настоящих денег здесь нет.",
        "Banca Sandbox is not a bank. No real money moves here.",
    ),
    "card_approved": ("Aprobat (Visa)", "Одобрено (Visa)", "Approved (Visa)"),
    "card_approved-mastercard": ("Aprobat (Mastercard)", "Одобрено (Mastercard)", "Approved (Mastercard)"),
    "card_insufficient-funds": (
        "Refuz: bani insuficienți",
        "Отказ: недостаточно средств",
        "Declined: insufficient funds",
    ),
    "card_do-not-honour": ("Refuz: banca nu permite", "Отказ: банк не разрешает", "Declined: do not honour"),
    "card_stolen": ("Refuz: card furat", "Отказ: карта украдена", "Declined: stolen card"),
    "card_three-d-secure": ("Cere un cod: 123456", "Запросит код: 123456", "Asks for a code: 123456"),
    "card_timeout-before": (
        "Eroare de pagină, banii nu se iau",
        "Ошибка страницы, деньги не списаны",
        "Page fails, nothing is taken",
    ),
    "card_timeout-after": (
        "Eroare de pagină, banii se iau",
        "Ошибка страницы, деньги списаны",
        "Page fails, the money is taken",
    ),
    "card_slow": ("Aprobat după 8 secunde", "Одобрено через 8 секунд", "Approved after 8 seconds"),
    "card_status-unknown": (
        "Aprobat, starea e necunoscută un timp",
        "Одобрено, статус временно неизвестен",
        "Approved, status unknown for a while",
    ),
    "card_wrong-amount": ("Se ia cu 1,00 mai puțin", "Списано на 1,00 меньше", "Takes 1.00 less"),
    "card_wrong-currency": ("Se ia în altă valută", "Списано в другой валюте", "Takes another currency"),
    "card_captured-twice": ("Se ia de două ori", "Списано дважды", "Taken twice"),
    "card_declined-then-captured": (
        "Refuz, apoi totuși aprobat",
        "Отказ, затем всё же одобрено",
        "Declined, later approved after all",
    ),
    "card_charged-back": (
        "Aprobat, apoi returnat de bancă",
        "Одобрено, затем возвращено банком",
        "Approved, later given back by the bank",
    ),
    "card_callback-lost": ("Aprobat, fără notificare", "Одобрено, без уведомления", "Approved, no callback"),
    "card_no-return": ("Aprobat, fără întoarcere", "Одобрено, без возврата", "Approved, no way back"),
    "card_no-callback-no-return": (
        "Aprobat, fără notificare și întoarcere",
        "Одобрено, без уведомления и возврата",
        "Approved, no callback, no way back",
    ),
    "card_callbacks-shuffled": (
        "Aprobat, notificări duble și amestecate",
        "Одобрено, уведомления дважды и вразнобой",
        "Approved, callbacks twice and out of order",
    ),
}

_COLUMN = {Language.RO: 0, Language.RU: 1, Language.EN: 2}


class Texts:
    """The texts of one language: `t("pay", amount="1,00 MDL")`, `t.money(100, "MDL")`."""

    names = NAMES

    def __init__(self, language: Language) -> None:
        self._language = language

    def __call__(self, key: str, **values: object) -> str:
        """Return a text with its values filled in. Raises: KeyError for a text that does not exist."""
        return _TABLE[key][_COLUMN[self._language]].format(**values)

    def money(self, amount_minor: int, currency: str) -> str:
        """Write an amount of minor units as this language does, with the currency's code."""
        thousands, decimal = _SEPARATORS[self._language]
        whole, cents = divmod(amount_minor, 100)
        return f"{whole:,}".replace(",", thousands) + f"{decimal}{cents:02d}\u00a0{currency}"


def language_of(request: Any, otherwise: Language = Language.RO) -> Language:
    """Return the language that the address asks for, else the one given."""
    try:
        return Language(request.GET.get("lang", ""))
    except (ValueError, UnicodeDecodeError):
        return otherwise
