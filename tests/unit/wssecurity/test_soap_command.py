"""`mpay soap verify` and `mpay soap sign`, as a shell calls them."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from mpay_gateway.cli.soap import soap
from tests.unit.wssecurity.forge import NAMESPACES, REQUEST, Recipe, embedded, service, stranger
from tests.unit.wssecurity.identities import NOW, identity
from tests.unit.wssecurity.test_vectors import VECTORS

SIGN = ["sign", "reply.xml", "--key", "service.key", "--certificate", "service.pem"]
AT = "2027-03-14T09:26:56Z"
PRETTY = "pretty-printed.GetOrderDetails.response.xml"
UNSIGNED = f'<s:Envelope xmlns:s="{NAMESPACES["s"]}"><s:Body>{REQUEST}</s:Body></s:Envelope>'.encode()


@pytest.fixture
def folder(tmp_path):
    """A folder with the parties' keys and certificates and a genuine reply."""
    for party, name in ((service(), "service"), (stranger(), "stranger")):
        (tmp_path / f"{name}.pem").write_bytes(party.certificate_pem)
        (tmp_path / f"{name}.key").write_bytes(party.key_pem)
    (tmp_path / "reply.xml").write_bytes(Recipe().build())
    return tmp_path


def run(*arguments: object, stdin: bytes | None = None):
    return CliRunner().invoke(soap, [str(argument) for argument in arguments], input=stdin)


def test_a_valid_message_says_who_signed_how_and_when(folder):
    result = run("verify", folder / "reply.xml", "--certificate", folder / "service.pem", "--at", AT)
    lines = result.output.splitlines()
    assert (result.exit_code, lines[0]) == (0, "valid")
    assert lines[1:5] == [
        "signer: CN=service",
        f"fingerprint: {service().trusted.certificates[0].fingerprint} (sha-256)",
        "algorithm: rsa-sha256",
        "key info: binary-security-token",
    ]
    assert "skew: -2.411 s" in result.output


@pytest.mark.parametrize(
    ("options", "first"),
    [
        (["--at", "2027-03-14T09:40:00Z"], "refused: expired"),
        (["--at", AT, "--accept", "rsa-sha1"], "refused: algorithm-not-accepted"),
        (["--at", AT, "--accept", "rsa-sha1, rsa-sha256"], "valid"),
        (["--at", AT, "--kind", "request"], "refused: wrong-kind"),
        (["--at", AT, "--kind", "response"], "valid"),
        (["--at", "2027-03-14T09:26:40Z", "--tolerance", "5"], "refused: from-the-future"),
        (["--at", "2027-03-14T09:26:40Z", "--tolerance", "15"], "valid"),
        (["--at", "2027-03-14T11:26:56+02:00", "--tolerance", "0"], "valid"),
        (["--at", "2027-03-14T09:26:56.1234567"], "valid"),
    ],
)
def test_each_option_decides(folder, options, first):
    result = run("verify", folder / "reply.xml", "--certificate", folder / "service.pem", *options)
    assert result.output.splitlines()[0] == first
    assert result.exit_code == (0 if first == "valid" else 1)


def test_without_a_time_the_message_is_judged_now(tmp_path):
    now = datetime.now(UTC)
    starts, ends = now - NOW - timedelta(days=1), now - NOW + timedelta(days=1)
    party = identity("present", starts=starts, ends=ends)
    (tmp_path / "present.pem").write_bytes(party.certificate_pem)
    for age, first in ((timedelta(seconds=5), "valid"), (timedelta(hours=1), "refused: expired")):
        created, expires = now - age, now - age + timedelta(minutes=5)
        message = Recipe(signer=party, created=created.isoformat(), expires=expires.isoformat()).build()
        result = run("verify", "-", "--certificate", tmp_path / "present.pem", stdin=message)
        assert result.output.splitlines()[0] == first


def test_any_of_the_certificates_may_have_signed(folder):
    certificates = ["--certificate", folder / "stranger.pem", "--certificate", folder / "service.pem"]
    for signer in (service(), stranger()):
        message = Recipe(signer=signer, key_info=embedded).build()
        assert run("verify", "-", *certificates, "--at", AT, stdin=message).output.startswith("valid\n")


def test_white_space_is_ignored_on_request():
    arguments = ["verify", VECTORS / PRETTY, "--certificate", VECTORS / "certs" / "service-b.crt"]
    arguments += ["--at", "2026-11-23T07:13:46Z"]
    assert run(*arguments).output.startswith("refused: bad-signature\n")
    result = run(*arguments, "--ignore-whitespace")
    assert result.output.startswith("valid\n")
    assert "white space: ignored" in result.output


def test_an_unsigned_fault_is_refused_but_told(folder):
    message = VECTORS / "fault-unsigned.GetOrderDetails.response.xml"
    result = run("verify", message, "--certificate", folder / "service.pem")
    assert result.exit_code == 1
    assert result.output.splitlines()[0] == "refused: unsigned"
    assert 'claims to be the fault: InvalidParameter: OrderKey "NOPE" is unknown' in result.output


def test_control_characters_of_a_stranger_do_not_reach_the_terminal(folder):
    fault = "<s:Fault><faultcode>A</faultcode><faultstring>\u202ex\u009b31m\nvalid</faultstring></s:Fault>"
    message = UNSIGNED.replace(REQUEST.encode(), fault.encode())
    result = run("verify", "-", "--certificate", folder / "service.pem", stdin=message)
    assert result.output.count("\n") == 3
    assert not {"\u202e", "\u009b"} & set(result.output)


@pytest.mark.parametrize("message", [b"", b"nonsense", b"<a>", b"\xff\xfe<\x00"])
def test_what_is_no_xml_is_refused_and_not_an_error(folder, message):
    result = run("verify", "-", "--certificate", folder / "service.pem", stdin=message)
    assert result.exit_code == 1
    assert result.output.startswith("refused: ")


@pytest.mark.parametrize("algorithm", ["rsa-sha1", "rsa-sha256"])
def test_what_is_signed_can_be_verified(folder, algorithm):
    keys = ["--key", folder / "service.key", "--certificate", folder / "service.pem"]
    signed = run("sign", "-", *keys, "--algorithm", algorithm, "--at", AT, stdin=UNSIGNED)
    assert signed.exit_code == 0
    arguments = ["--certificate", folder / "service.pem", "--at", AT, "--kind", "request"]
    result = run("verify", "-", *arguments, stdin=signed.stdout_bytes)
    assert result.output.startswith("valid\n")
    assert f"algorithm: {algorithm}" in result.output


def test_rsa_sha1_and_now_are_the_defaults_of_signing(folder):
    (folder / "request.xml").write_bytes(UNSIGNED)
    keys = ["--key", folder / "service.key", "--certificate", folder / "service.pem"]
    signed = run("sign", folder / "request.xml", *keys).stdout_bytes.decode()
    assert "xmldsig#rsa-sha1" in signed
    created = re.search("Created>([^<]+)<", signed)
    assert created is not None
    assert abs(datetime.now(UTC) - datetime.fromisoformat(created[1])) < timedelta(minutes=1)


def test_what_cannot_be_signed_leaves_standard_output_empty(folder):
    keys = ["--key", folder / "service.key", "--certificate", folder / "service.pem"]
    result = run("sign", "-", *keys, stdin=b"<a/>")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("refused: not-soap-11\n")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["verify", "reply.xml"], "--certificate"),
        (["verify", "missing.xml", "--certificate", "service.pem"], "missing.xml"),
        (["verify", "reply.xml", "--certificate", "reply.xml"], "reply.xml: no certificate"),
        (["verify", "reply.xml", "--certificate", "service.pem", "--at", "noon"], "'noon'"),
        (["verify", "reply.xml", "--certificate", "service.pem", "--tolerance", "-1"], "--tolerance"),
        (["verify", "reply.xml", "--certificate", "service.pem", "--accept", "hmac"], "'hmac'"),
        (["verify", "reply.xml", "--certificate", "service.pem", "--accept", ""], "rsa-sha1"),
        (["verify", "reply.xml", "--certificate", "service.pem", "--kind", "fault"], "--kind"),
        (["sign", "reply.xml", "--key", "service.key"], "--certificate"),
        ([*SIGN, "--at", "9999-12-31T23:59:59Z"], "2199"),
        ([*SIGN, "--algorithm", "hmac"], "--algorithm"),
        (["verify", ".", "--certificate", "service.pem"], "directory"),
        (["sign", "reply.xml", "--key", "service.key", "--certificate", "stranger.pem"], "does not belong"),
        (["sign", "reply.xml", "--key", "service.pem", "--certificate", "service.pem"], "no private key"),
    ],
)
def test_wrong_usage_says_what_is_wrong(folder, arguments, reason, monkeypatch):
    monkeypatch.chdir(folder)
    result = run(*arguments)
    assert result.exit_code == 2
    assert reason in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("command", ["verify", "sign"])
def test_help_names_every_option_and_exit_status(command):
    text = run(command, "--help").output
    assert "--certificate" in text
    assert "--at" in text
    assert "Exit status: 0" in text
