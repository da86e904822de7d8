"""Plain values into schemas and back, strictly."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import pytest

from mpay_gateway.api import CertificatePem, ConfigurationError, Money, Secret
from mpay_gateway.settings import Source, decode, encode


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Inner:
    number: int
    share: float = 0.5


@dataclass(frozen=True, slots=True)
class Everything:
    text: str = ""
    flag: bool = False
    amount: Decimal = Decimal(0)
    money: Money | None = None
    colour: Colour = Colour.RED
    colours: frozenset[Colour] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)
    inner: Inner | None = None
    inners: tuple[Inner, ...] = ()
    secret: Secret | None = None
    certificate: CertificatePem | None = None
    folder: Path | None = None


def problems_of(raw: object) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        decode(Everything, raw, where="x", source=Source(Path("/nowhere")))
    return caught.value.problems


def test_every_kind_of_value_survives_a_round_trip(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPAY_TEST_SECRET", "word")
    raw = {
        "text": "a",
        "flag": True,
        "amount": "1.50",
        "money": {"amount": "2.00", "currency": "MDL"},
        "colour": "blue",
        "colours": ["blue", "red"],
        "names": {"ro": "unu"},
        "inner": {"number": 1},
        "inners": [{"number": 2, "share": 1}],
        "secret": {"env": "MPAY_TEST_SECRET"},
        "certificate": "gateway.pem",
        "folder": "sub",
    }
    value = decode(Everything, raw, where="x", source=Source(keys))
    assert value.money == Money(Decimal(2), "MDL")
    assert value.inners == (Inner(2, 1.0),)
    assert value.secret == Secret("word")
    assert value.certificate == CertificatePem((keys / "gateway.pem").read_text())
    assert value.folder == keys / "sub"
    plain = encode(value)
    assert isinstance(plain, dict)
    assert plain["secret"] == {"env": "MPAY_TEST_SECRET"}
    assert plain["colours"] == ["blue", "red"]
    stored = json.loads(json.dumps(plain))
    assert decode(Everything, stored, where="x", source=Source(keys)) == value


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ({"text": 1}, "x.text: expected a text in quotes"),
        ({"flag": 1}, "x.flag: expected true or false"),
        ({"inner": {"number": True}}, "x.inner.number: expected a whole number"),
        ({"inner": {"number": "1"}}, "x.inner.number: expected a whole number"),
        ({"inner": {"number": 1, "share": "0.5"}}, "x.inner.share: expected a number"),
        ({"inner": []}, "x.inner: expected a table"),
        ({"inner": {}}, "x.inner.number: required, and missing"),
        ({"inners": [{"number": 1}, {"n": 1, "number": 1}]}, "x.inners[1].n: unknown key; known here: number, share"),
        ({"amount": 1.5}, "x.amount: expected an amount in quotes"),
        ({"amount": "NaN"}, "x.amount: expected an amount in quotes"),
        ({"money": {"amount": "1.001", "currency": "MDL"}}, "x.money: 1.001 has more digits than MDL has"),
        ({"colour": "green"}, "x.colour: expected one of 'red', 'blue'"),
        ({"colours": "red"}, "x.colours: expected a list"),
        ({"names": {"ro": 1}}, "x.names.ro: expected a text in quotes"),
        ({"names": []}, "x.names: expected a table"),
        ({"certificate": "absent.pem"}, "x.certificate: cannot read /nowhere/absent.pem: No such file or directory"),
        ({"certificate": "-----BEGIN X-----"}, "x.certificate: not a certificate in PEM"),
        ({"secret": {"env": "MPAY_TEST_NO_SUCH"}}, "x.secret: environment variable MPAY_TEST_NO_SUCH is not set"),
        ([], "x: expected a table"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(raw: object, problem: str) -> None:
    assert problems_of(raw) == (problem,)


@pytest.mark.parametrize("raw", ["hunter2", {"env": "A", "file": "b"}, {"value": "hunter2"}, {}, 5])
def test_a_secret_in_the_file_is_refused_and_not_repeated(raw: object) -> None:
    (problem,) = problems_of({"secret": raw})
    assert "written by reference" in problem
    assert "hunter2" not in problem


def test_a_secret_file_is_read_without_its_line_end_and_stored_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "word").write_text("word\n")
    value = decode(Everything, {"secret": {"file": "word"}}, where="x", source=Source(tmp_path))
    assert value.secret == Secret("word")
    assert "word" not in repr(value.secret)
    stored = encode(value)
    assert isinstance(stored, dict)
    assert stored["secret"] == {"file": str(tmp_path / "word")}
    again = decode(Everything, {"secret": stored["secret"]}, where="x", source=Source(None))
    assert again.secret == Secret("word")


def test_an_empty_secret_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "word").write_text("\n")
    with pytest.raises(ConfigurationError, match="is empty"):
        decode(Everything, {"secret": {"file": "word"}}, where="x", source=Source(tmp_path))


def test_a_secret_that_came_by_no_reference_is_not_stored() -> None:
    with pytest.raises(ValueError, match="cannot be stored"):
        encode(Everything(secret=Secret("word")))


def test_no_file_is_read_where_no_path_may_stand(keys: Path) -> None:
    with pytest.raises(ConfigurationError, match="a path cannot stand here"):
        decode(Everything, {"certificate": str(keys / "gateway.pem")}, where="x", source=Source(None))
