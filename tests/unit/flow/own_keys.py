"""The gateway's own section of the settings, with a throw-away signing key."""

from types import SimpleNamespace

from tests.unit.wssecurity.identities import identity


def gateway_section(name: str, *earlier: str) -> SimpleNamespace:
    """As the settings have it. `name` names the key that signs, `earlier` those that signed before it."""
    own = identity(name)
    return SimpleNamespace(
        public_url="https://mpay.example",
        signing_key=own.key_pem,
        signing_certificate=own.certificate_pem,
        watermark=None,
        earlier_certificates=tuple(identity(each).certificate_pem for each in earlier),
    )
