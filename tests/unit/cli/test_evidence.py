"""`mpay evidence`: as an operator finds, reads, verifies and hands out messages."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from mpay_gateway.wssecurity import SigningKey
from tests.unit.cli.conftest import KEY
from tests.unit.flow.signing import signing_gateway
from tests.unit.flow.tampering import by_hand
from tests.unit.wssecurity.identities import private_pem


@pytest.fixture
def talk(ready, monkeypatch):
    """A history of signed messages; ours are signed with the key of the configuration."""
    ours = SigningKey.load(private_pem(KEY), (ready.folder / "gateway.crt").read_bytes())
    with signing_gateway(ready.database, monkeypatch, ours=ours) as made:
        yield made


@pytest.fixture
def paid(talk):
    return talk.gateway.pay("ORDER-1")


def numbers(run, *asked):
    return [each["row"]["id"] for each in json.loads(run("evidence", "list", *asked, "--json").out)]


def test_messages_are_listed_by_payment_order_chain_and_time(run, paid):
    done = run("evidence", "list", "--payment", paid.id.lower())
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines()[0].split() == [
        "number", "time", "subject", "row", "direction", "operation", "bytes", "body",
    ]  # fmt: skip
    assert [line.split()[-3] for line in done.out.splitlines()[-2:]] == ["ConfirmOrderPayment"] * 2
    of_payment = numbers(run, "--payment", paid.id)
    assert len(of_payment) == 8
    assert set(of_payment) <= set(numbers(run, "--order", "ORDER-1"))
    assert numbers(run, "--order", "ORDER-1", "--service", "TEST01") == numbers(run, "--order", "ORDER-1")
    assert numbers(run, "--subject", paid.id) == of_payment[2:]
    assert set(of_payment) <= set(
        numbers(run, "--since", "2027-03-14T00:00Z", "--until", "2027-03-15T00:00Z")
    )


def test_what_is_not_shown_is_told(run, paid):
    done = run("evidence", "list", "--payment", paid.id, "--limit", "3")
    assert len(done.out.splitlines()) == 4
    assert done.err == "mpay: only the first 3; --limit shows more, --since and --until fewer\n"
    done = run("evidence", "list", "--order", "NONE")
    assert (done.status, done.out) == (1, "no messages\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("list",), "say which: --payment, --order, --subject, --since or --until"),
        (("list", "--payment", "X", "--order", "Y"), "give one of"),
        (("list", "--since", "2026-01-01", "--service", "X"), "--service goes with --order"),
        (("list", "--since", "yesterday"), "is no time such as"),
        (("show", "0"), "0 is not in the range"),
        (("verify",), "give either --payment or --all"),
        (("verify", "--all", "--payment", "X"), "give either --payment or --all"),
    ],
)
def test_wrong_usage_is_told_clearly(run, ready, arguments, said):
    done = run("evidence", *arguments)
    assert (done.status, said in done.err) == (2, True), done.err


def test_what_is_not_there_is_told_clearly(run, ready):
    assert run("evidence", "show", "7").err == "mpay: not found: message 7\n"
    for command in (("list", "--payment", "N0NE"), ("verify", "--payment", "N0NE"), ("export", "N0NE")):
        done = run("evidence", *command)
        assert (done.status, done.err) == (1, "mpay: unknown payment: N0NE\n")


def test_a_message_is_shown_and_written_byte_for_byte(run, talk, paid):
    number = str(numbers(run, "--payment", paid.id)[-1])
    shown = run("evidence", "show", number).out
    assert f"row 6 of {paid.id}" in shown
    assert "Autorizație" in shown
    kept = talk.gateway.parts.units.read(lambda work: work.evidence.body(int(number)))
    mpay = Path(sys.executable).with_name("mpay")
    done = subprocess.run([mpay, "evidence", "show", number, "--raw"], check=True, capture_output=True)
    assert done.stdout == kept


def test_a_hostile_message_cannot_write_to_the_terminal(run, talk, paid):
    number = str(numbers(run, "--payment", paid.id)[-1])
    by_hand(talk.gateway, "UPDATE evidence_bodies SET body = :body WHERE evidence_id = :id",
            body="\x1b[2Jgone \u202e evil".encode(), id=int(number))  # fmt: skip
    assert "�[2Jgone � evil" in run("evidence", "show", number).out


def test_a_body_that_was_erased_is_told_of(run, talk, paid):
    number = str(numbers(run, "--payment", paid.id)[0])
    by_hand(talk.gateway, "DELETE FROM evidence_bodies WHERE evidence_id = :id", id=int(number))
    assert run("evidence", "show", number).out.splitlines()[-1] == "the body was erased; its digest stays"
    assert run("evidence", "show", number, "--raw").status == 1
    assert "erased" in run("evidence", "list", "--payment", paid.id).out


def test_sound_evidence_is_sound(run, paid, tmp_path):
    done = run("evidence", "verify", "--payment", paid.id)
    assert done.status == 0, done.out
    assert "valid: CN=shop" in done.out
    assert done.out.splitlines()[-3:] == [
        "evidence  8 messages of 2 chains",
        "signed    4 messages, by signatures that hold",
        "everything that was looked at is sound",
    ]
    file = tmp_path / "report.json"
    assert run("evidence", "verify", "--all", "--json", file).status == 0
    assert json.loads(file.read_text("utf-8"))["problems"] == []


def test_a_tampered_byte_is_named_by_the_command_and_caught_by_public_tools(run, talk, paid, tmp_path):
    number = numbers(run, "--payment", paid.id)[-1]
    body = talk.gateway.parts.units.read(lambda work: work.evidence.body(number))
    by_hand(talk.gateway, "UPDATE evidence_bodies SET body = :body WHERE evidence_id = :id",
            body=body.replace(b"Reason>A", b"Reason>B"), id=number)  # fmt: skip
    for asked in (("--all",), ("--payment", paid.id)):
        done = run("evidence", "verify", *asked)
        assert done.status == 1
        assert f"PROBLEM   {paid.id}, row 6: the body of received ConfirmOrderPayment was altered" in done.out
    exported = run("evidence", "export", paid.id, "--to", tmp_path / "bundle.zip")
    assert exported.status == 1
    assert "was altered" in exported.out
    folder = unpacked(tmp_path / "bundle.zip", tmp_path)
    assert steps(folder)[2] != 0


def test_a_bundle_is_written_whole_and_verifies(run, paid, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("evidence", "export", paid.id)
    assert done.status == 0, done.out
    file = tmp_path / f"evidence-{paid.id}.zip"
    assert done.out.splitlines()[-1] == f"{file.name}: {len(zipfile.ZipFile(file).namelist())} files"
    first = file.read_bytes()
    folder = unpacked(file, tmp_path)
    assert steps(folder) == [0] * 6
    assert run("evidence", "export", paid.id, "--to", tmp_path / "no" / "such.zip").status == 1
    assert file.read_bytes() == first


def unpacked(file, folder):
    zipfile.ZipFile(file).extractall(folder)
    (found,) = folder.glob("evidence-*/")
    return found


def steps(folder):
    """The exit status of each step of the README."""
    blocks = (folder / "README.md").read_text("utf-8").split("```sh\n")[1:]
    return [
        subprocess.run(
            ["/bin/sh", "-e", "-c", block.split("```")[0]], cwd=folder, check=False, capture_output=True
        ).returncode
        for block in blocks
    ]


def test_the_time_of_a_list_is_the_payers(run, talk, paid):
    assert "2027-03-14 11:26:5" in run("evidence", "list", "--payment", paid.id).out


def test_bodies_are_erased_by_an_operator_and_named_afterwards(run, talk, paid, monkeypatch):
    monkeypatch.setattr("mpay_gateway.cli.context.SystemClock", lambda: talk.gateway.clock)
    talk.gateway.clock.advance(days=120)
    token = run("operator", "add", "ana").out.strip()
    monkeypatch.setenv("MPAY_OPERATOR_TOKEN", token)
    erase = ("evidence", "erase", "--before", "2027-04-01")
    older = run(*erase, "--dry-run").out.split()[0]
    assert int(older) > 8
    assert run(*erase).status == 2
    done = run(*erase, "--operator", "ana")
    assert (done.status, done.out) == (0, f"{older} bodies erased, 0 of the same age kept\n")
    verified = run("evidence", "verify", "--payment", paid.id)
    assert verified.status == 0
    assert "erased    8 bodies: " in verified.out
    assert "operator:ana erased what was older than 2027-04-01 00:00:00 EEST" in verified.out
    refused = run("evidence", "erase", "--before", "2027-07-01", "--operator", "ana")
    assert (refused.status, "messages of the last 90 days are not erased" in refused.err) == (2, True)
    monkeypatch.setenv("MPAY_OPERATOR_TOKEN", "wrong")
    assert run(*erase, "--operator", "ana").status == 1
