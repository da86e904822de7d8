"""What a new registration of a service changes, for the operator to read before and after."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from itertools import zip_longest

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from mpay_gateway.api import Service
from mpay_gateway.settings.service_text import service_to_json

_ABSENT = object()


def describe_changes(old: Service | None, new: Service) -> tuple[str, ...]:
    """One line per changed key, as `key: before -> after`; empty when nothing changes.

    Certificates show as fingerprints, pictures as digests, secrets as references. For a new service (`old` is
    None) every key that it states.
    """
    before = {} if old is None else json.loads(service_to_json(old))
    return tuple(_changes("", before, json.loads(service_to_json(new))))


def _changes(path: str, old: object, new: object) -> Iterator[str]:
    if old == new:
        return
    if isinstance(new, Mapping) and (isinstance(old, Mapping) or old is _ABSENT):
        before: Mapping[str, object] = old if isinstance(old, Mapping) else {}
        for key in sorted({*before, *new}):
            inner = f"{path}.{key}" if path else key
            yield from _changes(inner, before.get(key, _ABSENT), new.get(key, _ABSENT))
    elif isinstance(new, list) and isinstance(old, list):
        for place, (one, other) in enumerate(zip_longest(old, new, fillvalue=_ABSENT)):
            yield from _changes(f"{path}[{place}]", one, other)
    elif old is _ABSENT:
        if new not in ("", [], {}):
            yield f"{path}: {_shown(path, new)}"
    else:
        yield f"{path}: {_shown(path, old)} -> {_shown(path, new)}"


def _shown(path: str, value: object) -> str:
    if value is _ABSENT:
        return "nothing"
    if isinstance(value, str) and value.lstrip().startswith("-----BEGIN"):
        return _certificate(value)
    if path == "logo_png" and isinstance(value, str):
        return f"picture {hashlib.sha256(value.encode()).hexdigest()[:16]}" if value else "nothing"
    if isinstance(value, list):
        return f"[{', '.join(_shown(path, each) for each in value)}]"
    return json.dumps(value, ensure_ascii=False)


def _certificate(pem: str) -> str:
    certificate = x509.load_pem_x509_certificate(pem.encode())
    until = f"{certificate.not_valid_after_utc:%Y-%m-%d}"
    return f"certificate {certificate.fingerprint(SHA256()).hex()[:16]} (until {until})"
