"""Plain values of TOML or JSON into frozen dataclasses and back, strictly: nothing is converted silently.

The same rules hold for the gateway's own settings and for those of plugins, so a plugin declares its settings
as a frozen dataclass and nothing else.
"""

import base64
import binascii
import operator
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NewType, TypeVar, cast, get_args, get_origin

from cattrs import (
    BaseValidationError,
    Converter,
    IterableValidationError,
    IterableValidationNote,
    StructureHandlerNotFoundError,
)
from cattrs.gen import make_dict_structure_fn
from cryptography import x509

from mpay_gateway.api import CertificatePem, ConfigurationError, Secret
from mpay_gateway.settings.problems import BadValue, describe_problems

PemFile = NewType("PemFile", bytes)
"""Content of a file that the setting names by its path."""
SecretText = NewType("SecretText", str)
"""A text that may be written as it is or by reference, like a secret (a database URL with a password)."""

_PEM_MARK = "-----BEGIN "
_PROBLEMS = (BaseValidationError, StructureHandlerNotFoundError, ValueError)
T = TypeVar("T")
Hook = Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class Source:
    """Where plain values come from. `base`: folder where relative paths start, None when no path may be."""

    base: Path | None

    def path(self, text: str) -> Path:
        """The absolute path of a setting. Raises: BadValue."""
        if self.base is None:
            raise BadValue("a path cannot stand here")
        return (self.base / text).absolute()

    def read(self, text: str) -> bytes:
        """The content of the file that a setting names. Raises: BadValue."""
        path = self.path(text)
        try:
            return path.read_bytes()
        except OSError as error:
            raise BadValue(f"cannot read {path}: {error.strerror or type(error).__name__}") from error


def decode(kind: type[T], raw: object, *, where: str, source: Source) -> T:
    """A value of the frozen dataclass `kind` from a table.

    `where` is the table's path in the file, for the messages. Raises: ConfigurationError with every problem.
    """
    try:
        return _converter(source).structure(raw, kind)
    except _PROBLEMS as error:
        raise ConfigurationError(tuple(describe_problems(error, where))) from error


def encode(value: object) -> object:
    """The plain value (of JSON) that `decode` reads back: secrets as references, certificates as content."""
    return _writer.unstructure(value)


@lru_cache(maxsize=8)
def _converter(source: Source) -> Converter:
    """One converter per source: its hooks read files relative to it; it keeps the code made for each type."""
    reader = Converter(detailed_validation=True, forbid_extra_keys=True)
    reader.register_structure_hook_factory(_is_collection, _collection_hook)
    reader.register_structure_hook_factory(_is_mapping, _mapping_hook)
    reader.register_structure_hook_factory(is_dataclass, _table_hook)
    reader.register_structure_hook(Enum, _enum)
    for kind, read in _readers(source).items():
        hook = _hook(read)
        if isinstance(kind, type) and kind is not object:
            reader.register_structure_hook(kind, hook)
        else:
            reader.register_structure_hook_func(partial(operator.is_, kind), hook)
    return reader


def _hook(read: Callable[[object], object]) -> Hook:
    """A hook for a class and, as cattrs looks it up for subclasses too, for enumerations of such values."""

    def hook(raw: object, kind: Any) -> object:
        return _enum(raw, kind) if _is_enum(kind) else read(raw)

    return hook


def _readers(source: Source) -> dict[object, Callable[[object], object]]:
    return {
        object: lambda raw: raw,
        str: _exactly(str, "a text in quotes"),
        int: _exactly(int, "a whole number"),
        bool: _exactly(bool, "true or false"),
        float: _float,
        Decimal: _decimal,
        bytes: _bytes,
        Path: lambda raw: source.path(_text(raw)),
        Secret: partial(_secret, source),
        CertificatePem: partial(_certificate, source),
        SecretText: lambda raw: raw if isinstance(raw, str) else _secret(source, raw).value,
        PemFile: lambda raw: source.read(_text(raw)),
    }


def _new_writer() -> Converter:
    writer = Converter()
    writer.register_unstructure_hook(Secret, _secret_reference)
    writer.register_unstructure_hook(CertificatePem, lambda certificate: certificate.pem)
    writer.register_unstructure_hook(Decimal, str)
    writer.register_unstructure_hook(bytes, lambda content: base64.b64encode(content).decode())
    writer.register_unstructure_hook(Path, str)
    writer.register_unstructure_hook_func(
        lambda kind: cast("object", get_origin(kind)) is frozenset,
        lambda values: sorted(writer.unstructure(value) for value in values),
    )
    return writer


def _exactly(kind: type, name: str) -> Callable[[object], object]:
    def read(raw: object) -> object:
        if type(raw) is not kind:
            raise BadValue(f"expected {name}")
        return raw

    return read


def _text(raw: object) -> str:
    if not isinstance(raw, str) or not raw:
        raise BadValue("expected a text in quotes")
    return raw


def _float(raw: object) -> float:
    if type(raw) not in {int, float}:
        raise BadValue("expected a number")
    return float(cast("float", raw))


def _decimal(raw: object) -> Decimal:
    if type(raw) not in {int, str}:
        raise BadValue("expected an amount in quotes")
    try:
        amount = Decimal(cast("str", raw))
    except InvalidOperation:
        raise BadValue("expected an amount in quotes") from None
    if not amount.is_finite():
        raise BadValue("expected an amount in quotes")
    return amount


def _bytes(raw: object) -> bytes:
    if not isinstance(raw, str):
        raise BadValue("expected base64 in quotes")
    try:
        return base64.b64decode(raw, validate=True)
    except binascii.Error:
        raise BadValue("expected base64 in quotes") from None


def _enum(raw: object, kind: type[Enum]) -> Enum:
    for member in kind:
        if type(raw) is type(member.value) and raw == member.value:
            return member
    raise BadValue(f"expected one of {', '.join(repr(member.value) for member in kind)}")


def _secret(source: Source, raw: object) -> Secret:
    match raw:
        case {"env": str(name), **rest} if not rest:
            if not (value := os.environ.get(name, "")):
                raise BadValue(f"environment variable {name} is not set")
            return Secret(value, f"env {name}")
        case {"file": str(name), **rest} if not rest:
            value = _secret_file(source, name)
            return Secret(value, f"file {_secret_path(source, name)}")
    raise BadValue('a secret is written by reference: { env = "NAME" } or { file = "path" }')


def _secret_path(source: Source, name: str) -> Path:
    """A stored reference is absolute, so it can be read where no relative path may stand."""
    return Path(name) if source.base is None and Path(name).is_absolute() else source.path(name)


def _secret_file(source: Source, name: str) -> str:
    path = _secret_path(source, name)
    try:
        value = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadValue(f"cannot read {path}: {getattr(error, 'strerror', None) or 'not UTF-8'}") from None
    if not value:
        raise BadValue(f"{path} is empty")
    return value


def _secret_reference(secret: Secret) -> dict[str, str]:
    kind, _, name = secret.reference.partition(" ")
    if kind not in {"env", "file"}:
        raise BadValue("a secret that came by no reference cannot be stored")
    return {kind: name}


def _certificate(source: Source, raw: object) -> CertificatePem:
    """A certificate by path in a file, by content anywhere. Raises: BadValue when it is none."""
    text = _text(raw)
    content = text.encode() if text.lstrip().startswith(_PEM_MARK) else source.read(text)
    try:
        x509.load_pem_x509_certificate(content)
    except ValueError:
        raise BadValue("not a certificate in PEM") from None
    return CertificatePem(content.decode("utf-8", "replace"))


def _is_enum(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


def _is_collection(kind: object) -> bool:
    arguments = get_args(kind)
    if get_origin(kind) is tuple:
        return len(arguments) == 2 and arguments[1] is Ellipsis
    return get_origin(kind) in {frozenset, list, Sequence}


def _is_mapping(kind: object) -> bool:
    return get_origin(kind) in {dict, Mapping}


def _collection_hook(kind: object, reader: Converter) -> Hook:
    inner, build = get_args(kind)[0], cast("Any", get_origin(kind))
    build = tuple if build is Sequence else build

    def hook(raw: object, _: object) -> object:
        if not isinstance(raw, list | tuple):
            raise BadValue("expected a list")
        return build(_structured(reader, tuple(enumerate(raw)), inner))

    return hook


def _mapping_hook(kind: object, reader: Converter) -> Hook:
    key_kind, inner = get_args(kind)

    def hook(raw: object, _: object) -> object:
        if not isinstance(raw, Mapping):
            raise BadValue("expected a table")
        values = _structured(reader, tuple(raw.items()), inner)
        return dict(zip((reader.structure(key, key_kind) for key in raw), values, strict=True))

    return hook


def _structured(reader: Converter, items: tuple[tuple[int | str, object], ...], kind: Any) -> list[object]:
    """All values, or all that is wrong with them, each with its place."""
    values: list[object] = []
    errors: list[Exception] = []
    for place, raw in items:
        try:
            values.append(reader.structure(raw, kind))
        except _PROBLEMS as error:
            error.add_note(IterableValidationNote(f"at {place}", place, kind))
            errors.append(error)
    if errors:
        raise IterableValidationError("values", errors, kind)
    return values


def _table_hook(kind: type, reader: Converter) -> Hook:
    fill: Hook = make_dict_structure_fn(kind, reader)

    def hook(raw: object, _: object) -> object:
        if not isinstance(raw, Mapping):
            raise BadValue("expected a table")
        return fill(raw, kind)

    return hook


_writer = _new_writer()
