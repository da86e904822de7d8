"""Retention erases bodies: chains still verify, whoever erased them is named, and a theft is no erasure."""

from datetime import timedelta

import pytest

from mpay_gateway.domain.errors import InvalidInput, OutcomeUnknown
from mpay_gateway.domain.provider_answer import ProviderStatus
from mpay_gateway.flow.audit.audit_verification import Terms, trusted_signatories, verify_audit
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.evidence import erasing
from mpay_gateway.flow.evidence.bundle import make_bundle
from mpay_gateway.flow.evidence.erasing import LEAST_AGE, Erased, erase_bodies
from mpay_gateway.flow.evidence.verification import verify_everything, verify_payment
from mpay_gateway.flow.visiting import find_visit
from mpay_gateway.storage.tables import evidence_bodies
from tests.unit.flow.counting import rows_in
from tests.unit.flow.filling import TELEPHONE, agree_to, arrive, paid_payment
from tests.unit.flow.scripted import SERVICE, lei
from tests.unit.flow.signing import signing_gateway
from tests.unit.flow.tampering import by_hand
from tests.unit.flow.verifying import seal


@pytest.fixture
def gateway(migrated_url, monkeypatch):
    with signing_gateway(migrated_url, monkeypatch) as talk:
        yield talk.gateway


@pytest.fixture
def old(gateway):
    """A payment that is finished, and a hundred days old."""
    payment = gateway.pay("ORDER-1")
    seal(gateway)
    gateway.clock.advance(days=100)
    return payment


def erase(gateway, *, days=90.5, progress=lambda *_: None):
    before = gateway.clock.now() - timedelta(days=days)
    return erase_bodies(gateway.parts.units, gateway.clock, before, actor="operator:ana", progress=progress)


def problems(gateway):
    """What both looks find."""
    terms = Terms(gateway.clock.now(), trusted_signatories(gateway.parts.settings), late=timedelta(days=1000))
    audited = verify_audit(gateway.parts.units, terms).problems
    return [each.detail for each in (*audited, *verify_everything(gateway.parts).problems)]


def test_old_bodies_go_and_everything_verifies(gateway, old):
    before = rows_in(gateway, evidence_bodies)
    done = erase(gateway)
    assert done == Erased(before, 0)
    assert rows_in(gateway, evidence_bodies) == 1  # the note's own
    seal(gateway)
    assert problems(gateway) == []
    report = verify_everything(gateway.parts)
    assert len(report.erased) == before
    ((told),) = [each.by for each in report.erasures]
    assert told == "operator:ana"
    assert check_books(gateway.parts.units) == ()


def test_what_payers_filled_in_goes_where_nothing_is_still_to_come(gateway, shape):
    shape(properties=(TELEPHONE,))
    for key, silent in (("DONE-1", None), ("UNTOLD-1", OutcomeUnknown("no answer"))):
        gateway.calls.silent = {SERVICE: silent} if silent else {}
        visit, page = arrive(gateway, key)
        agree_to(gateway, visit, page, Telephone="069123456")
        paid_payment(gateway, visit)
    gateway.clock.advance(days=100)
    young, page = arrive(gateway, "YOUNG-1")
    agree_to(gateway, young, page, Telephone="069654321")
    assert erase(gateway).filled == 3  # two visits, one payment
    payments = {key: gateway.parts.units.read(lambda work, of=key: work.payments.of_order(SERVICE, of))[0].id
                for key in ("DONE-1", "UNTOLD-1")}  # fmt: skip
    left = {key: gateway.parts.units.read(lambda work, of=each: work.filled_fields.of_payment(of))
            for key, each in payments.items()}  # fmt: skip
    assert (left["DONE-1"], list(left["UNTOLD-1"].values())) == ({}, ["069123456"])
    assert list(find_visit(gateway.parts, young.token).filled.values()) == ["069654321"]
    assert erase(gateway).filled == 0
    assert check_books(gateway.parts.units) == ()


def test_who_erases_is_heard_of_after_each_commit(gateway, shape, monkeypatch):
    """A worker holds its task so, however much there is that payers filled in."""
    monkeypatch.setattr(erasing, "_AT_ONCE", 1)
    shape(properties=(TELEPHONE,))
    for number in range(3):
        visit, page = arrive(gateway, f"ORDER-{number}")
        agree_to(gateway, visit, page, Telephone="069123456")
    gateway.clock.advance(days=100)
    told = []
    done = erase(gateway, progress=lambda *now: told.append(now))
    assert done.filled == 3
    assert len(told) == done.erased + done.kept + done.filled


def test_younger_bodies_stay(gateway, old):
    young = gateway.pay("ORDER-2")
    erase(gateway)
    (_, chain), report = verify_payment(gateway.parts, young.id)
    assert report.erased == ()
    assert all(each.body for each in chain.messages)


def test_of_unfinished_payments_nothing_goes(gateway):
    waiting = gateway.start("OPEN-1")
    gateway.calls.status[waiting.reference] = ProviderStatus.PENDING
    review = gateway.capture(gateway.start("REVIEW-1"), amount=lei("1"))
    gateway.calls.silent["TEST01"] = OutcomeUnknown("no answer")
    untold = gateway.pay("UNTOLD-1")
    gateway.clock.advance(days=100)
    done = erase(gateway)
    for each in (waiting, review, untold):
        _, report = verify_payment(gateway.parts, each.id)
        assert report.erased == (), each.order_key
    assert done.kept > 0


def test_a_body_that_somebody_took_is_no_erasure(gateway, old):
    young = gateway.pay("ORDER-2")
    erase(gateway)
    by_hand(gateway, "DELETE FROM evidence_bodies WHERE evidence_id IN (SELECT id FROM evidence WHERE subject = :id)",
            id=young.id)  # fmt: skip
    found = problems(gateway)
    assert len(found) == 2
    assert all(each.endswith("is missing, and nobody erased it") for each in found)


def test_what_we_noted_down_is_never_erased_and_its_loss_is_found(gateway, old):
    erase(gateway)
    gateway.clock.advance(days=200)
    assert erase(gateway).kept == 1
    assert problems(gateway) == []
    by_hand(gateway, "DELETE FROM evidence_bodies WHERE evidence_id IN"
                     " (SELECT id FROM evidence WHERE subject = 'erasures')")  # fmt: skip
    assert len(problems(gateway)) == 2


def test_an_erasure_that_was_never_written_down_is_a_theft(gateway, old):
    by_hand(gateway, "DELETE FROM evidence_bodies")
    assert "is missing, and nobody erased it" in problems(gateway)[0]


def test_messages_of_the_last_ninety_days_are_refused(gateway, old):
    with pytest.raises(InvalidInput, match="of the last 90 days"):
        erase(gateway, days=LEAST_AGE.days - 1)
    assert gateway.parts.units.read(lambda work: work.evidence.of_subject("erasures")) == ()


def test_it_goes_in_small_commits_and_tells_how_far_it_is(gateway, old, monkeypatch):
    monkeypatch.setattr(erasing, "_AT_ONCE", 3)
    told = []
    before = rows_in(gateway, evidence_bodies)
    erase(gateway, progress=lambda done, total: told.append((done, total)))
    assert told[0] == (3, before)
    assert told[-1] == (before, before)


def test_whoever_was_interrupted_goes_on(gateway, old, monkeypatch):
    monkeypatch.setattr(erasing, "_AT_ONCE", 3)

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        erase(gateway, progress=interrupt)
    assert problems(gateway) == []
    erase(gateway)
    assert rows_in(gateway, evidence_bodies) == 2
    assert problems(gateway) == []


def test_a_bundle_says_which_messages_were_erased(gateway, old):
    erase(gateway)
    bundle = make_bundle(gateway.parts, old.id)
    assert bundle.problems == ()
    names = [each.name for each in bundle.files]
    assert not [each for each in names if each.startswith("messages/")]
    (text,) = [each.content.decode() for each in bundle.files if each.name == "README.md"]
    assert text.count("\n| erased |") == 8
