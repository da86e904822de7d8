"""Kept messages: found, verified, and handed out so that strangers verify them with tools of their own."""

import hashlib
import json
import re
import subprocess
from datetime import timedelta

import pytest
from sqlalchemy import insert

from mpay_gateway.domain.errors import InvalidAnswer, NotFound, UnknownOrder, UnknownPayment
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.order import OrderLookup
from mpay_gateway.flow.evidence.bundle import make_bundle
from mpay_gateway.flow.evidence.finding import Wanted, find_messages, show_message
from mpay_gateway.flow.evidence.verification import verify_everything, verify_payment
from mpay_gateway.flow.order_lookup import look_up
from mpay_gateway.storage.tables import evidence, fruitless_lookups
from tests.unit.flow.scripted import SERVICE
from tests.unit.flow.signing import renew_certificate, signing_gateway
from tests.unit.flow.tampering import by_hand, chain_anew, remove_row
from tests.unit.flow.verifying import seal
from tests.unit.wssecurity.identities import identity

BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def talk(migrated_url, monkeypatch):
    with signing_gateway(migrated_url, monkeypatch) as made:
        yield made


@pytest.fixture
def gateway(talk):
    return talk.gateway


@pytest.fixture
def paid(gateway):
    return gateway.pay("ORDER-1")


def found(gateway, limit=100, **wanted):
    return find_messages(gateway.parts.units, Wanted(**wanted), limit=limit)


def operations(messages):
    return [(each.row.direction, each.row.operation) for each in messages]


def test_the_messages_of_a_payment_are_found_in_the_order_of_time(gateway, paid):
    gateway.pay("ORDER-2")
    listed = found(gateway, payment_id=paid.id)
    assert operations(listed) == [
        ("sent", "GetOrderDetails"), ("received", "GetOrderDetails"), ("sent", "start"), ("received", "start"),
        ("sent", "fetch"), ("received", "fetch"), ("sent", "ConfirmOrderPayment"), ("received", "ConfirmOrderPayment"),
    ]  # fmt: skip
    assert all(each.kept for each in listed)


def test_an_unknown_payment_is_an_error_and_an_unknown_message_too(gateway):
    with pytest.raises(UnknownPayment):
        found(gateway, payment_id="NONE")
    with pytest.raises(NotFound):
        show_message(gateway.parts.units, 1)


def test_of_an_order_every_look_up_and_payment_is_found_and_those_that_led_to_nothing(
    gateway, monkeypatch, paid
):
    before = len(found(gateway, order_key="ORDER-1"))
    plain = gateway.calls.lookup_orders

    def nothing(service, query):
        plain(service, query)
        return OrderLookup(())

    monkeypatch.setattr(gateway.calls, "lookup_orders", nothing)
    with pytest.raises(UnknownOrder):
        look_up(gateway.parts, gateway.parts.services.get(SERVICE), "ORDER-1", Language.RO)
    listed = found(gateway, order_key="ORDER-1")
    assert len(listed) == before + 2
    assert listed[-1].row.subject.startswith("lookup:")
    assert found(gateway, order_key="ORDER-1", service_id=SERVICE) == listed
    assert found(gateway, order_key="ORDER-1", service_id="OTHER") == ()


def test_an_order_may_be_looked_up_more_often_than_a_statement_has_room_for(gateway, paid):
    """PostgreSQL takes 65,535 parameters, SQLite fewer: somebody who asks again and again must hide nothing."""
    asked = [
        {
            "subject": f"lookup:{number}",
            "service_id": SERVICE,
            "order_key": "ORDER-1",
            "at": gateway.clock.now(),
        }
        for number in range(66_000)
    ]
    with gateway.parts.units.engine.begin() as connection:
        connection.execute(insert(fruitless_lookups), asked)
    assert len(found(gateway, order_key="ORDER-1")) >= 8


def test_messages_are_found_by_time_with_bounds(gateway, paid):
    middle = gateway.clock.now() + timedelta(hours=1)
    gateway.clock.advance(hours=2)
    later = gateway.pay("ORDER-2")
    assert {each.row.subject for each in found(gateway, since=middle)} > {later.id}
    assert {each.row.subject for each in found(gateway, until=middle)} > {paid.id}
    every = found(gateway, since=middle - timedelta(days=1))
    assert len(every) == len(found(gateway, since=middle)) + len(found(gateway, until=middle))
    assert found(gateway, since=middle - timedelta(days=1), limit=3) == every[:3]
    assert found(gateway, payment_id=paid.id, since=middle) == ()


def test_a_message_is_shown_byte_for_byte(gateway, paid):
    confirmed = found(gateway, payment_id=paid.id)[-2]
    shown = show_message(gateway.parts.units, confirmed.row.id)
    assert shown.found == confirmed
    assert "Autorizație".encode() in shown.body


def test_what_was_said_is_sound_and_signed_by_both(gateway, paid):
    report = verify_everything(gateway.parts)
    assert report.problems == ()
    chains, about_it = verify_payment(gateway.parts, paid.id)
    signers = [
        each.verdict.signer.subject for chain in chains for each in chain.messages if each.verdict.signer
    ]
    assert [re.sub("^CN=", "", each) for each in signers] == ["gateway", "shop", "gateway", "shop"]
    assert about_it.signed == 4
    assert report.signed > 4


def test_progress_ends_where_everything_is_done(gateway, paid):
    told = []
    report = verify_everything(gateway.parts, lambda done, total: told.append((done, total)))
    assert told[-1] == (report.messages, report.messages)


def test_a_byte_that_was_changed_is_found(gateway, paid):
    number = _answer(gateway, paid)
    before = gateway.parts.units.read(lambda work: work.evidence.body(number))
    by_hand(gateway, "UPDATE evidence_bodies SET body = :body WHERE evidence_id = :id",
            body=before.replace(b"Reason>A", b"Reason>B"), id=number)  # fmt: skip
    problems = verify_everything(gateway.parts).problems
    assert problems[0].detail == "the body of received ConfirmOrderPayment was altered"
    assert {each.subject for each in problems} == {paid.id}


def _answer(gateway, paid):
    return found(gateway, payment_id=paid.id)[-1].row.id


def test_a_byte_that_was_changed_and_chained_anew_breaks_the_signature_of_what_was_believed(gateway, paid):
    """Whoever holds the database can make digests and chains anew; what the service signed he cannot."""
    number = _answer(gateway, paid)
    body = gateway.parts.units.read(lambda work: work.evidence.body(number)).replace(b"Reason>A", b"Reason>B")
    by_hand(gateway, "UPDATE evidence_bodies SET body = :body WHERE evidence_id = :id",
            "UPDATE evidence SET body_digest = :digest WHERE id = :id",
            body=body, id=number, digest=hashlib.sha256(body).hexdigest())  # fmt: skip
    chain_anew(gateway, evidence, paid.id)
    (problem,) = verify_everything(gateway.parts).problems
    assert problem.detail.startswith("TEST01 was believed, and signed no answer: bad-signature")
    assert (problem.subject, problem.row) == (paid.id, 6)


def test_a_row_that_was_removed_is_found(gateway, paid):
    remove_row(gateway, evidence, paid.id, 3)
    assert "row 3 is missing" in [each.detail for each in verify_everything(gateway.parts).problems]


def test_a_chain_of_which_only_the_seals_tell_is_found(gateway, paid):
    seal(gateway)
    mine = "SELECT id FROM evidence WHERE subject = :id"
    by_hand(gateway, f"DELETE FROM evidence_bodies WHERE evidence_id IN ({mine})", id=paid.id)
    by_hand(gateway, "DELETE FROM evidence WHERE subject = :id", id=paid.id)
    (problem,) = [each for each in verify_everything(gateway.parts).problems if each.subject == paid.id]
    assert "rows 1 to 6 are missing" in problem.detail


def test_messages_of_ours_whose_key_is_no_longer_named_are_a_problem(talk, gateway, paid):
    section = gateway.parts.settings.gateway
    section.signing_certificate = _other_certificate("another")
    details = [each.detail for each in verify_everything(gateway.parts).problems]
    assert details[0].startswith("our signature of ")
    assert "unknown-certificate" in details[0]
    section.earlier_certificates = (_other_certificate("gateway"),)
    assert verify_everything(gateway.parts).problems == ()


def _other_certificate(name):
    return identity(name).certificate_pem


def test_old_answers_verify_with_the_certificate_that_the_service_had(gateway, monkeypatch, paid):
    renew_certificate(gateway, monkeypatch, "shop-renewed")
    gateway.clock.advance(seconds=10)
    assert verify_everything(gateway.parts).problems == ()


def test_an_answer_that_was_refused_is_no_problem_and_is_shown_as_it_is(talk, gateway):
    gateway.calls.delivery_answers.append(InvalidAnswer("no"))
    talk_theirs, payment = talk.theirs, gateway.start("ORDER-1")
    talk.theirs = None
    gateway.capture(payment)
    talk.theirs = talk_theirs
    gateway.work(turns=2, minutes=3)
    (_, chain), _ = verify_payment(gateway.parts, payment.id)
    assert chain.problems == ()
    states = [each.verdict.state.value for each in chain.messages if each.row.direction == "received"]
    assert states == ["no SOAP", "no SOAP", "unsigned", "valid"]


def test_an_answer_that_was_believed_and_is_unsigned_is_a_problem(talk, gateway):
    talk.theirs = None
    payment = gateway.pay("ORDER-1")
    _, report = verify_payment(gateway.parts, payment.id)
    assert {each.detail for each in report.problems} == {
        "TEST01 was believed, and signed no answer: unsigned"
    }


def run_steps(folder):
    """Run every step of the README as somebody pastes it, with public tools alone. Returns those that failed."""
    steps = BLOCK.findall((folder / "README.md").read_text("utf-8"))
    assert len(steps) == 6
    done = [
        subprocess.run(["/bin/sh", "-c", step], cwd=folder, check=False, capture_output=True, text=True)
        for step in steps
    ]  # fmt: skip
    return [number for number, each in enumerate(done, 1) if each.returncode], done


def unpack(gateway, payment, folder):
    bundle = make_bundle(gateway.parts, payment.id)
    for each in bundle.files:
        path = folder / each.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(each.content)
    return bundle


def test_a_bundle_verifies_with_public_tools_alone(gateway, paid, tmp_path):
    bundle = unpack(gateway, paid, tmp_path)
    assert bundle.problems == ()
    failed, done = run_steps(tmp_path)
    assert failed == [], [each.stderr for each in done]
    assert done[3].stderr.count("OK") + done[3].stdout.count("OK") == 4
    assert "Body" in done[4].stdout
    assert done[5].stdout.count("Fingerprint") == 2
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert [each["signature"]["state"] for each in report["messages"]].count("valid") == 4
    messages = found(gateway, payment_id=paid.id)
    for each, told in zip(messages, report["messages"], strict=True):
        kept = show_message(gateway.parts.units, each.row.id).body
        assert (tmp_path / told["file"]).read_bytes() == kept


def test_a_tampered_message_is_caught_by_each_step_that_can(gateway, paid, tmp_path):
    unpack(gateway, paid, tmp_path)
    (answer,) = (tmp_path / "messages").glob("payment-*-received-ConfirmOrderPayment.xml")
    answer.write_bytes(answer.read_bytes().replace(b"Reason>A", b"Reason>B"))
    failed, _ = run_steps(tmp_path)
    assert failed == [1, 3, 4]


def test_a_tampered_message_is_caught_by_its_signature_though_all_digests_were_made_anew(
    gateway, paid, tmp_path
):
    unpack(gateway, paid, tmp_path)
    (answer,) = (tmp_path / "messages").glob("payment-*-received-ConfirmOrderPayment.xml")
    old = subprocess.run(["sha256sum", answer], check=True, capture_output=True, text=True).stdout.split()[0]
    answer.write_bytes(answer.read_bytes().replace(b"Reason>A", b"Reason>B"))
    new = subprocess.run(["sha256sum", answer], check=True, capture_output=True, text=True).stdout.split()[0]
    for row in (tmp_path / "chain").glob("*.json"):
        row.write_text(row.read_text("utf-8").replace(old, new), "utf-8")
    again = "(cd chain && sha256sum *.json | sed 's#  #  chain/#') > chain/D && mv chain/D chain/DIGESTS"
    subprocess.run(["/bin/sh", "-c", again], cwd=tmp_path, check=True)
    failed, _ = run_steps(tmp_path)
    assert failed == [1, 4]


def test_steps_that_fail_leave_the_shell_open_into_which_they_were_pasted(gateway, paid, tmp_path):
    unpack(gateway, paid, tmp_path)
    (answer,) = (tmp_path / "messages").glob("payment-*-received-ConfirmOrderPayment.xml")
    answer.write_bytes(answer.read_bytes().replace(b"Reason>A", b"Reason>B"))
    (tmp_path / "chain" / "payment-000003.json").unlink()
    steps = BLOCK.findall((tmp_path / "README.md").read_text("utf-8"))
    pasted = "".join(f"{step}echo status $?\n" for step in steps)
    done = subprocess.run(["/bin/sh"], input=pasted, cwd=tmp_path, check=True, capture_output=True, text=True)
    told = [line for line in done.stdout.splitlines() if line.startswith("status ")]
    assert [line != "status 0" for line in told] == [True, True, True, True, False, False], done.stdout


def test_a_row_that_is_changed_at_the_end_of_its_chain_is_caught_too(gateway, paid, tmp_path):
    """No row follows that would name its digest."""
    unpack(gateway, paid, tmp_path)
    last = max((tmp_path / "chain").glob("payment-*.json"))
    last.write_text(last.read_text("utf-8") + " ", "utf-8")
    failed, _ = run_steps(tmp_path)
    assert {1, 2} <= set(failed)


def test_a_row_left_out_of_a_bundle_is_caught(gateway, paid, tmp_path):
    unpack(gateway, paid, tmp_path)
    (tmp_path / "chain" / "payment-000003.json").unlink()
    failed, _ = run_steps(tmp_path)
    assert {1, 2} <= set(failed)


def test_messages_that_were_reformatted_after_signing_come_as_signed_too(talk, gateway, tmp_path):
    talk.reformat = True
    payment = gateway.pay("ORDER-1")
    assert unpack(gateway, payment, tmp_path).problems == ()
    assert len(list((tmp_path / "as-signed").iterdir())) == 2
    failed, done = run_steps(tmp_path)
    assert failed == [], [each.stderr for each in done]


def test_a_bundle_of_changed_evidence_says_so(gateway, paid, tmp_path):
    by_hand(gateway, "UPDATE evidence SET operation = 'other' WHERE subject = :id AND seq = 2", id=paid.id)
    bundle = unpack(gateway, paid, tmp_path)
    assert any("row 2" in each for each in bundle.problems)
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["problems"] == list(bundle.problems)
    failed, _ = run_steps(tmp_path)
    assert failed == [2]
