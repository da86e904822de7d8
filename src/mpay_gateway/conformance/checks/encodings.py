"""ENC: letters of three languages, and the forms in which XML writes them."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final
from xml.sax.saxutils import escape

from lxml import etree

from mpay_gateway.conformance.bench import Bench
from mpay_gateway.conformance.caller import Way, recipe_with
from mpay_gateway.conformance.checks.judging import answered, is_orderly, judged
from mpay_gateway.conformance.formats import CEDILLAS, S_OR_T, is_garbled
from mpay_gateway.conformance.verdict import Checks, Severity

CHECKS = Checks("encodings")
_ORDERLY = "Keys are opaque texts (section 6): one that is not known is not found, whatever its letters."
_UNICODE = "Keep keys as Unicode from the XML to the database (nvarchar, utf8mb4)."


@CHECKS.add(
    "ENC-01", "Answers are UTF-8", Severity.PAYMENTS,
    contract="charset=utf-8 (section 1).",
    mend="Write the message as UTF-8 bytes and declare nothing else.",
)  # fmt: skip
def utf8(bench: Bench) -> Iterator[str]:
    answer = bench.found()
    root = answer.root
    assert root is not None
    declared = root.getroottree().docinfo.encoding or "UTF-8"
    if declared.upper() != "UTF-8":
        yield f"the answer declares {declared}"
        return
    try:
        answer.body.decode("utf-8")
    except UnicodeDecodeError as error:
        yield f"byte {error.start} is no UTF-8"


@CHECKS.add(
    "ENC-02", "Texts are not garbled", Severity.INTEROPERABILITY,
    contract="Texts are shown to payers in Romanian, Russian and English (section 3).",
    mend="Somewhere UTF-8 is read as another encoding: look at the connection to the database first.",
)  # fmt: skip
def not_garbled(bench: Bench) -> Iterator[str]:
    yield from judged(
        (said for said in dict.fromkeys(_texts(bench)) if not said.isascii()),
        lambda said: repr(said) if is_garbled(said) else "",
        none="no text shown has a letter beyond ASCII",
    )


@CHECKS.add(
    "ENC-03", "Romanian letters have a comma below", Severity.ADVICE,
    contract="ș and ț with a comma below are Romanian; ş and ţ with a cedilla are Turkish and old code pages'.",
    mend="Replace ş ţ Ş Ţ by ș ț Ș Ț: payers' screens and papers show them differently.",
)  # fmt: skip
def comma_below(bench: Bench) -> Iterator[str]:
    yield from judged(
        (said for said in dict.fromkeys(_texts(bench)) if S_OR_T.search(said)),
        lambda said: repr(said) if CEDILLAS.search(said) else "",
        none="no text shown has ș or ț",
    )


_ODD_KEYS: Final = (
    ("ENC-04", "A key with Romanian letters", "ȘȚĂÂÎ-ștefan-țară"),
    ("ENC-05", "A key with Cyrillic letters", "ЗАКАЗ-Ёжик-42"),
    ("ENC-06", "A key with XML's own characters", "A&B<C>\"D'"),
    ("ENC-07", "A key with letters beyond the first plane", "KEY-\U0001f332\U00020000"),
)


def _odd_key(key: str, bench: Bench) -> Iterator[str]:
    bench.found_accepts()
    answer = bench.look_up(key)
    answered(answer)
    if not is_orderly(answer):
        yield f"{key!r}: {answer.summary}"


for _id, _title, _key in _ODD_KEYS:
    CHECKS.add(
        _id, f"{_title} is answered in order", Severity.INTEROPERABILITY, contract=_ORDERLY, mend=_UNICODE
    )(partial(_odd_key, _key))


def _as_cdata(key: str) -> str:
    return f"<![CDATA[{key}]]>"


def _as_references(key: str) -> str:
    return "".join(f"&#x{ord(letter):x};" for letter in key)


_FORMS: tuple[tuple[str, str, Callable[[str], str]], ...] = (
    ("ENC-08", "A key in a CDATA section is read", _as_cdata),
    ("ENC-09", "A key in character references is read", _as_references),
)


def _other_form(form: Callable[[str], str], bench: Bench) -> Iterator[str]:
    bench.found_accepts()
    key = bench.target.order_keys[0]
    written = f">{escape(key)}<".encode()
    way = Way(
        f"with the key written {form(key)}",
        change=lambda sent: sent.replace(written, f">{form(key)}<".encode(), 1),
    )
    answer = bench.look_up_with(way)
    if not answer.orders:
        yield f"{form(key)}: {answer.summary}"


for _id, _title, _form in _FORMS:
    CHECKS.add(
        _id, _title, Severity.INTEROPERABILITY,
        contract="Canonical XML makes one text of CDATA and references (Canonical XML, section 2): the signature is the same.",
        mend="Read values with an XML parser, not with text patterns.",
    )(partial(_other_form, _form))  # fmt: skip


@CHECKS.add(
    "ENC-10", "An XML declaration is read", Severity.PAYMENTS,
    contract="A message may begin with an XML declaration (XML 1.0, section 2.8).",
    mend="Give the bytes to the XML parser as they come.",
)  # fmt: skip
def declaration(bench: Bench) -> Iterator[str]:
    yield from _with_lead(bench, '<?xml version="1.0" encoding="utf-8"?>\n', "an XML declaration")


@CHECKS.add(
    "ENC-11", "A byte order mark is passed over", Severity.ADVICE,
    contract="UTF-8 may begin with a byte order mark (XML 1.0, appendix F): .NET writes one.",
    mend="Give the bytes to the XML parser, not a text.",
)  # fmt: skip
def byte_order_mark(bench: Bench) -> Iterator[str]:
    yield from _with_lead(bench, "\ufeff", "a byte order mark")


def _with_lead(bench: Bench, lead: str, what: str) -> Iterator[str]:
    bench.found_accepts()
    answer = bench.look_up_with(Way(f"after {what}", recipe=recipe_with(bench, lead=lead)))
    if not answer.orders:
        yield f"after {what}: {answer.summary}"


def _texts(bench: Bench) -> Iterator[str]:
    for order in bench.orders():
        for element in order.iter(etree.Element):
            if element.text and element.text.strip():
                yield element.text.strip()
