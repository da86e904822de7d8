"""`mpay audit`: as an operator seals, verifies and anchors, with its exit status."""

import base64
import json
import subprocess
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from mpay_gateway.flow.audit.sealing import Sealing, seal_now
from tests.unit.flow.own_keys import gateway_section
from tests.unit.flow.tampering import by_hand
from tests.unit.wssecurity.identities import identity


@pytest.fixture
def paid(gateway):
    """A payment of some moments ago by the machine's clock, by which the command judges."""
    gateway.clock.time = datetime.now(UTC) - timedelta(seconds=5)
    return gateway.pay("ORDER-1")


def test_what_is_sealed_is_sound(run, paid):
    assert run("audit", "seal").out == "seal 1: 22 rows of 5 chains\n"
    assert run("audit", "seal").out == "nothing to seal\n"
    done = run("audit", "verify")
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines()[0].startswith("seals     1, the newest 1 of ")
    assert done.out.splitlines()[-1] == "everything that was looked at is sound"


def test_an_empty_gateway_is_sound_and_has_no_head(run, ready):
    assert run("audit", "verify").status == 0
    done = run("audit", "head")
    assert done.status == 1
    assert "there is no seal yet" in done.err


def test_rows_without_a_seal_are_told_of(run, gateway, paid):
    done = run("audit", "verify")
    assert done.status == 0
    assert "22 rows not sealed yet, since " in done.out
    by_hand(gateway, "UPDATE audit SET at = '2026-01-01 00:00:00.000000'")
    assert run("audit", "verify").status == 1


def test_an_altered_row_is_named_with_its_payment(run, gateway, paid):
    run("audit", "seal")
    by_hand(gateway, "UPDATE audit SET actor = 'x' WHERE seq = 2")
    done = run("audit", "verify")
    assert done.status == 1
    assert f"PROBLEM   audit of payment {paid.id}, row 2: claim take was altered" in done.out
    assert done.out.splitlines()[-1] == "1 problem, 1 chain"


def test_the_report_is_written_as_json_too(run, gateway, paid, tmp_path):
    run("audit", "seal")
    by_hand(gateway, "UPDATE audit SET actor = 'x' WHERE seq = 2")
    file = tmp_path / "report.json"
    done = run("audit", "verify", "--json", file)
    report = json.loads(file.read_text("utf-8"))
    assert (done.status, report["newest"], report["seals"]) == (1, 1, 1)
    (found,) = report["problems"]
    assert (found["chain"], found["subject"], found["row"]) == ("audit", paid.id, 2)
    assert "PROBLEM" in done.out
    assert json.loads(run("audit", "verify", "--json", "-").out) == report


def test_the_head_is_one_line_that_verify_takes_back(run, gateway, paid, tmp_path):
    run("audit", "seal")
    (line,) = run("audit", "head").out.splitlines()
    number, _, root, signature = line.split()
    assert (number, len(root), len(base64.b64decode(signature))) == ("1", 64, 256)
    anchors = tmp_path / "anchors"
    anchors.write_text(f"{line}\n\n")
    assert run("audit", "verify", "--anchors", anchors).status == 0
    by_hand(gateway, "DELETE FROM seal_heads", "DELETE FROM seals")
    done = run("audit", "verify", "--anchors", anchors)
    assert done.status == 1
    assert "PROBLEM   seals: seal 1 is missing: it was anchored" in done.out


def test_a_signature_is_checked_by_another_tool_alike(run, gateway, paid, ready, tmp_path):
    """RSA with SHA-256 over the statement, as any auditor can check it without this program."""
    run("audit", "seal")
    newest = gateway.parts.units.read(lambda work: work.seals.newest())
    (tmp_path / "statement").write_bytes(newest.seal.statement())
    (tmp_path / "signature").write_bytes(base64.b64decode(newest.signature))
    public = subprocess.run(
        ["openssl", "x509", "-in", ready.folder / "gateway.crt", "-pubkey", "-noout"],
        check=True, capture_output=True,
    ).stdout  # fmt: skip
    (tmp_path / "key").write_bytes(public)
    command = ["openssl", "dgst", "-sha256", "-verify", "key", "-signature", "signature", "statement"]
    assert subprocess.run(command, cwd=tmp_path, check=False, capture_output=True).stdout == b"Verified OK\n"


def test_a_certificate_can_be_pinned(run, paid, ready):
    run("audit", "seal")
    assert run("audit", "verify", "--certificate", ready.folder / "gateway.crt").status == 0
    other = ready.folder / "other.crt"
    other.write_bytes(identity("other").certificate_pem)
    done = run("audit", "verify", "--certificate", other)
    assert done.status == 1
    assert "signed by a certificate that is not trusted: CN=test" in done.out
    both = run("audit", "verify", "--certificate", other, "--certificate", ready.folder / "gateway.crt")
    assert both.status == 0


def test_seals_of_an_earlier_key_are_good_while_the_settings_name_its_certificate(run, gateway, paid, ready):
    earlier = identity("earlier")
    (ready.folder / "earlier.crt").write_bytes(earlier.certificate_pem)
    sealing = Sealing.of(gateway.parts.units, gateway.clock, _settings_signed_by(gateway, "earlier"))
    assert seal_now(sealing, process="test")
    assert run("audit", "verify").status == 1
    certificates = '"gateway.crt"\nearlier_certificates = ["earlier.crt"]'
    ready.configure(replace=('signing_certificate = "gateway.crt"', f"signing_certificate = {certificates}"))
    assert run("audit", "verify").status == 0


def _settings_signed_by(gateway, name):
    return SimpleNamespace(gateway=gateway_section(name))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--since", "yesterday"), "is no time such as"),
        (("--late", "0"), "0 is not in the range"),
        (("--certificate", "no-such.pem"), "No such file"),
        (("--certificate", "shop.key"), "not a certificate in PEM"),
        (("--anchors", "shop.key"), "line 1: expected number, time, root and signature"),
    ],
)
def test_wrong_usage_is_told_clearly(run, ready, monkeypatch, arguments, said):
    monkeypatch.chdir(ready.folder)
    (ready.folder / "shop.key").write_text("nonsense\n")
    done = run("audit", "verify", *arguments)
    assert done.status == 2
    assert said in done.err


def test_only_what_was_sealed_since_then_is_verified(run, gateway, paid):
    run("audit", "seal")
    by_hand(gateway, "UPDATE audit SET actor = 'x' WHERE seq = 2")
    assert run("audit", "verify", "--since", "2199-01-01").status == 0
    assert run("audit", "verify", "--since", "2026-01-01").status == 1


def test_an_earlier_certificate_that_is_none_is_a_problem_of_the_settings(run, ready):
    (ready.folder / "bad.crt").write_text("nonsense")
    key = 'signing_key = "gateway.key"'
    ready.configure(replace=(key, f'{key}\nearlier_certificates = ["gateway.crt", "bad.crt"]'))
    done = run("audit", "verify")
    assert done.status == 2
    assert "earlier_certificates[1]: not a certificate in PEM" in done.err


def test_a_gateway_that_is_not_sealed_is_told_of_by_check_config(run, gateway, paid):
    assert "ok       seals: nothing waits" in run("check-config").out
    by_hand(gateway, "UPDATE unsealed_chains SET at = '2026-01-01 00:00:00.000000'")
    assert (
        "warning  seals: audit and evidence wait for their seal since 2026-01-01 00:00 UTC"
        in run("check-config").out
    )
