"""Faults of a service where the payer meets them: what it said, whether it is asked again, who must act."""

import pytest

from mpay_gateway.domain.errors import RemoteRefused, UnknownService
from mpay_gateway.domain.language import Language
from tests.scene.commands import mpay
from tests.scene.payer import Payer


@pytest.fixture
def visitor(patient_gateway) -> Payer:
    return Payer(patient_gateway)


@pytest.mark.parametrize("language", Language)
def test_a_fault_of_a_look_up_says_what_it_means_and_who_must_act(visitor, shop, language):
    page = visitor.arrive(shop.order("access-refused"), language=language.value)
    assert page.status == 503
    assert page.says("problem.refused.title", language)
    for key in ("fault.means.AuthorizationFailed", "fault.acts.operator", "fault.retry.never"):
        assert page.says(key, language), key
    assert page.says("problem.no_money", language)
    assert not page.says("problem.remote.do", language)
    assert "AuthorizationFailed" not in page.text


def test_a_service_that_does_not_know_itself_is_not_a_wrong_number(visitor, shop, monkeypatch):
    """The payer typed nothing wrong: the page names the service's fault, and that we settle it."""
    order = shop.order()

    def unknown(_calls, service, _query):
        raise UnknownService(service.id)

    monkeypatch.setattr(type(visitor.gateway.parts.calls), "lookup_orders", unknown)
    page = visitor.arrive(order)
    assert page.status == 503
    assert page.says("fault.means.UnknownService")
    assert page.says("fault.acts.operator")


@pytest.mark.parametrize("code", ["InvalidParameter", "InternalError", "too-many"])
def test_a_provider_s_refusal_is_not_the_service_s_whatever_its_code(visitor, shop, monkeypatch, code):
    """A bank may use a word of the guide's; the service was asked and has answered well."""
    method = visitor.agree(visitor.arrive(shop.order()))

    def refuse(_calls, _account, _request):
        raise RemoteRefused(code)

    monkeypatch.setattr(type(visitor.gateway.parts.calls), "start_payment", refuse)
    page = visitor.choose(method)
    assert page.status == 503
    for part in ("title", "what", "do"):
        assert page.says(f"problem.provider.{part}"), part
    assert page.says("problem.no_money")
    assert not page.says("problem.refused.title")
    for who in ("payer", "service", "operator"):
        assert not page.says(f"fault.acts.{who}"), who


def test_a_service_s_fault_right_before_a_start_is_the_service_s(visitor, shop, monkeypatch):
    """Its code is in no guide, and the order is read where payments start."""
    method = visitor.agree(visitor.arrive(shop.order()))

    def refuse(_calls, _service, _query):
        raise RemoteRefused("Server")

    monkeypatch.setattr(type(visitor.gateway.parts.calls), "lookup_orders", refuse)
    page = visitor.choose(method)
    assert page.status == 503
    assert page.says("problem.refused.title")
    assert page.says("fault.means.other")
    assert page.says("fault.acts.service")


def test_a_definite_refusal_of_a_confirmation_says_who_settles_it(gateway, payer, shop):
    page = payer.pay(shop.order("confirm-refused"))
    assert page.says("result.parked")
    for key in ("fault.means.UnknownOrder", "fault.acts.service", "fault.retry.never"):
        assert page.says(key), key
    shown = mpay(gateway, "delivery", "show", gateway.delivery(page.payment_id).id, "--language", "ru")
    assert "Услуга не знает этого заказа." in shown
    assert "service" in mpay(gateway, "delivery", "list", "--parked") + mpay(gateway, "delivery", "list")


def test_a_refusal_that_nobody_signed_is_tried_again_and_says_so(gateway, payer, shop):
    page = payer.pay(shop.order("confirm-fault-unsigned"))
    assert page.says("result.untold")
    assert page.says("fault.means.unsigned")
    assert page.says("fault.retry.by-schedule")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_table_of_faults_can_be_read_in_every_language(gateway):
    for language, word in (("ro", "serviciul"), ("ru", "услуга"), ("en", "the service")):
        said = mpay(gateway, "faults", "--language", language)
        assert said.count("ConfirmOrderPayment") == 12
        assert word in said
