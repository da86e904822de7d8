"""The settings that operators copy: read as they stand, with the plugins that they enable."""

import re
import shutil

from cryptography.hazmat.primitives import serialization

from mpay_gateway.flow.gateway import load_host
from mpay_gateway.settings import read_ini, read_settings
from mpay_gateway.settings.gateway import GatewaySection
from tests.architecture import checkout
from tests.unit.cli.conftest import KEY, certificate
from tests.unit.flow.scripted import HandClock

CONFIG = checkout.ROOT / "config"


def test_the_production_files_are_read_and_their_plugins_join(tmp_path, monkeypatch):
    shutil.copy(CONFIG / "production.ini", tmp_path)
    text = (CONFIG / "production.example.toml").read_text("utf-8")
    (tmp_path / "production.toml").write_text(text.replace("/etc/mpay-gateway", str(tmp_path)), "utf-8")
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (tmp_path / "signing.key").write_bytes(KEY.private_bytes(*pem))
    (tmp_path / "signing.crt").write_bytes(certificate(100))
    for name in re.findall(r'env = "(\w+)"', text):
        monkeypatch.setenv(name, "secret-of-the-test-with-enough-characters")
    monkeypatch.setenv("MPAY_DATABASE", "postgresql+psycopg://mpay@db.example/mpay")
    settings = read_settings(read_ini(tmp_path / "production.ini"))
    assert settings.gateway.database.startswith("postgresql")
    assert not settings.outbound.allow_http
    assert set(load_host(settings, HandClock()).registry.accounts) == {"bank-main"}


def test_what_is_commented_out_may_be_said():
    """Each key in a comment is one that the section knows: else it would fail once somebody needs it."""
    text = (CONFIG / "production.example.toml").read_text("utf-8")
    section = re.search(r"\[gateway\]\n(.*?)\n\[", text, re.DOTALL)
    assert section is not None
    commented = set(re.findall(r"^# (\w+) = ", section[1], re.MULTILINE))
    fields = {"client_key", "client_certificate", "trusted_proxies", "accept_asynchronous_standby"}
    assert fields <= commented
    assert commented <= set(GatewaySection.__dataclass_fields__)
