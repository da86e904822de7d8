"""Calls of hooks: routed to one instance, guarded against whatever a plugin does."""

import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar
from types import SimpleNamespace

import pytest
from prometheus_client import REGISTRY

from mpay_gateway.api import (
    Channel,
    Conflict,
    Document,
    InstrumentChoice,
    InstrumentOffer,
    InvalidCallback,
    InvalidChoice,
    Language,
    Medium,
    Money,
    OutcomeUnknown,
    ProviderStatus,
    RemoteUnavailable,
    hookimpl,
)
from mpay_gateway.boundary import unit_of_work_open
from mpay_gateway.domain.errors import NoPluginAnswered, OutboundCallRefused, PluginBug
from mpay_gateway.plugin_host import HookCalls
from tests.unit.plugin_host.conftest import HostMaker, MakerFactory, module_of

PAYMENT, READING, INVOICE = object(), object(), object()
SERVICE = SimpleNamespace(connector="null_service")


def with_mood(maker: HostMaker, mood: str, **changes: object) -> HookCalls:
    providers = {"bank-a": {"url": "a", "mood": mood}, "bank-b": {"url": "b"}}
    return maker.host(providers=providers, **changes).calls


def fetch(calls: HookCalls, account: str = "bank-a") -> object:
    return calls.fetch_confirmation(account, PAYMENT, READING)


def test_connector_hooks_reach_the_services_connector(maker: HostMaker) -> None:
    calls = maker.host().calls
    assert calls.lookup_orders(SERVICE, object()).orders == ()
    assert calls.deliver_confirmation(SERVICE, object()).skew_seconds is None


def test_an_instance_that_is_not_configured_answers_nothing(maker: HostMaker) -> None:
    calls = maker.host().calls
    with pytest.raises(NoPluginAnswered, match="provider:bank-x"):
        fetch(calls, "bank-x")
    with pytest.raises(NoPluginAnswered, match="eservice:form"):
        calls.lookup_orders(SimpleNamespace(connector="form"), object())


def test_a_capability_that_the_account_lacks_answers_nothing(maker: HostMaker) -> None:
    with pytest.raises(NoPluginAnswered, match="mpay_capture_payment"):
        maker.host().calls.capture_payment("bank-a", PAYMENT, Money.zero("MDL"), key="k")


def test_wrappers_of_third_parties_see_every_routed_call(maker: HostMaker) -> None:
    seen: list[str] = []

    class Audit:
        @hookimpl(wrapper=True)
        def mpay_start_payment(self, request: object) -> Iterator[None]:
            seen.append("start")
            return (yield)

        @hookimpl(wrapper=True)
        def mpay_lookup_orders(self) -> Iterator[None]:
            seen.append("lookup")
            return (yield)

        @hookimpl(hookwrapper=True)
        def mpay_offer_instruments(self) -> Iterator[None]:
            seen.append("offer")
            yield

    calls = maker.host(Audit()).calls
    assert calls.start_payment("bank-a", object()).url == "https://a"
    assert calls.start_payment("bank-b", object()).url == "https://b"
    calls.lookup_orders(SERVICE, object())
    calls.offer_instruments(INVOICE, Channel.PORTAL, Language.RO)
    assert seen == ["start", "start", "lookup", "offer"]


def test_wrappers_of_another_kind_of_plugin_keep_working(maker_of: MakerFactory) -> None:
    maker = maker_of(
        """
        SEEN = []
        class NosyBank(NullBank):
            @hookimpl(wrapper=True)
            def mpay_lookup_orders(self):
                SEEN.append(self.context.id)
                return (yield)
        NullBank = NosyBank
        """
    )
    calls = maker.host().calls
    calls.lookup_orders(SERVICE, object())
    assert sorted(module_of(maker).SEEN) == [
        "bank-a",
        "bank-b",
    ]


@pytest.mark.parametrize("mood", ["exit", "refusing", "wrong type", "silent"])
def test_what_the_hook_does_not_declare_is_the_plugins_bug(maker: HostMaker, mood: str) -> None:
    calls = with_mood(maker, mood)
    with pytest.raises(PluginBug, match="provider:bank-a: mpay_fetch_confirmation") as caught:
        fetch(calls)
    assert (caught.value.plugin, caught.value.hook) == ("provider:bank-a", "mpay_fetch_confirmation")
    assert fetch(calls, "bank-b").status is ProviderStatus.PENDING


def test_declared_errors_pass(maker: HostMaker) -> None:
    with pytest.raises(InvalidCallback):
        with_mood(maker, "forged").read_callback("bank-a", object())
    with pytest.raises(PluginBug, match="raised KeyError"):
        with_mood(maker, "buggy").read_callback("bank-a", object())
    with pytest.raises(InvalidChoice):
        maker.host().calls.select_instrument("card", INVOICE, InstrumentChoice("card", (("x", "y"),)))


def test_a_lost_lease_reaches_the_core_through_the_plugin(maker: HostMaker) -> None:
    with pytest.raises(Conflict):
        maker.host().calls.reverse_payment("bank-a", PAYMENT, Money.zero("MDL"), key="k")


def test_a_call_past_its_deadline_is_unknown_and_keeps_its_thread(maker: HostMaker) -> None:
    calls = with_mood(maker, "hang", seconds=0.1, size=2)
    release = module_of(maker).NullBank.release
    began = time.monotonic()
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            fetch(calls)
    with pytest.raises(RemoteUnavailable, match="busy"):
        fetch(calls)
    assert time.monotonic() - began < 2
    assert fetch(calls, "bank-b").status is ProviderStatus.PENDING
    release.set()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            assert fetch(calls).status is ProviderStatus.PENDING
            break
        except RemoteUnavailable:
            time.sleep(0.01)
    else:
        pytest.fail("the threads never came back")


def test_threads_are_reused_and_never_more_than_the_bound(maker: HostMaker) -> None:
    calls = maker.host(size=3).calls
    names = {fetch(calls).method for _ in range(50)}
    assert names == {"provider:bank-a-1"}
    results: list[str] = []
    crowd = [threading.Thread(target=lambda: results.append(_name_or_busy(calls))) for _ in range(40)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    assert {name for name in results if name != "busy"} <= {f"provider:bank-a-{n}" for n in (1, 2, 3)}


def _name_or_busy(calls: HookCalls) -> str:
    try:
        return str(fetch(calls).method)
    except RemoteUnavailable:
        return "busy"


def test_the_plugin_sees_the_callers_context(maker: HostMaker) -> None:
    request_id: ContextVar[str] = ContextVar("request_id", default="none")
    seen: list[str] = []

    class Spy:
        @hookimpl(wrapper=True)
        def mpay_fetch_confirmation(self) -> Iterator[None]:
            seen.append(request_id.get())
            return (yield)

    calls = maker.host(Spy()).calls
    request_id.set("r-1")
    fetch(calls)
    assert seen == ["r-1"]


def test_no_call_with_io_leaves_an_open_unit_of_work(maker: HostMaker) -> None:
    calls = maker.host().calls
    with unit_of_work_open("claim"):
        with pytest.raises(OutboundCallRefused):
            fetch(calls)
        assert calls.read_callback("bank-a", object()).reference == "bank-a"


def test_offers_come_in_the_order_of_the_configuration_and_a_failure_hides_one(maker: HostMaker) -> None:
    accounts = ("bank-a",)
    host = maker.host(
        instruments={"z": accounts, "a": accounts, "m": accounts, "h": accounts},
        moods={"a": "buggy", "h": "hidden"},
    )
    offers = host.calls.offer_instruments(INVOICE, Channel.PORTAL, Language.RO)
    assert [(each.id, each.offer) for each in offers] == [
        ("z", InstrumentOffer("z", "", "")),
        ("m", InstrumentOffer("m", "", "")),
    ]


def test_an_instrument_is_not_asked_for_a_channel_that_is_not_its_own(maker: HostMaker) -> None:
    calls = maker.host(channels=(Channel.KIOSK,)).calls
    assert calls.offer_instruments(INVOICE, Channel.PORTAL, Language.RO) == ()
    assert len(calls.offer_instruments(INVOICE, Channel.KIOSK, Language.RO)) == 1


class Letterhead:
    """Renders A5 alone."""

    def __init__(self, broken: bool = False) -> None:
        self.broken = broken

    @hookimpl
    def mpay_render_invoice(self, medium: Medium) -> Document | None:
        if self.broken:
            raise OSError("no paper")
        return Document(b"letterhead", "text/plain", "l.txt") if medium is Medium.A5 else None


def test_papers_are_the_plugins_first_and_the_cores_at_last(maker: HostMaker) -> None:
    calls = maker.host(Letterhead()).calls
    assert calls.render_invoice(INVOICE, Medium.A5, Language.RO).content == b"letterhead"
    assert calls.render_invoice(INVOICE, Medium.A4, Language.RO).content == b"core invoice"
    assert calls.render_receipt(object(), Medium.A4, Language.RO).content == b"core receipt"


def test_a_plugin_that_fails_to_render_leaves_the_paper_to_the_core(maker: HostMaker) -> None:
    calls = maker.host(Letterhead(broken=True)).calls
    assert calls.render_invoice(INVOICE, Medium.A5, Language.RO).content == b"core invoice"


def test_a_change_is_told_to_everyone_and_nothing_comes_back(maker: HostMaker) -> None:
    told: list[object] = []

    class Listener:
        def __init__(self, broken: bool) -> None:
            self.broken = broken

        @hookimpl
        def mpay_payment_changed(self, change: object) -> None:
            told.append((self.broken, change))
            if self.broken:
                raise OSError

    calls = maker.host(Listener(False), Listener(True), Listener(False)).calls
    calls.payment_changed("captured")
    assert sorted(told) == [(False, "captured"), (False, "captured"), (True, "captured")]


def test_each_instance_adds_its_routes_to_a_configurator_of_its_own(maker_of: MakerFactory) -> None:
    maker = maker_of(
        """
        @hookimpl
        def mpay_includeme(self, config):
            config.append(self.context.id)
        NullBank.mpay_includeme = mpay_includeme
        """
    )
    made: dict[str, list[str]] = {}
    maker.host().calls.includeme(lambda instance: made.setdefault(instance.name, []))
    assert made == {"provider:bank-a": ["bank-a"], "provider:bank-b": ["bank-b"]}
    with pytest.raises(PluginBug, match="mpay_includeme"):
        maker.host().calls.includeme(lambda instance: None)


def test_calls_are_measured_by_hook_instance_and_outcome(maker: HostMaker) -> None:
    calls = with_mood(maker, "refusing")
    labels = {"hook": "mpay_fetch_confirmation", "instance": "provider:bank-a", "outcome": "PluginBug"}
    before = REGISTRY.get_sample_value("mpay_hook_seconds_count", labels) or 0
    with pytest.raises(PluginBug):
        fetch(calls)
    assert REGISTRY.get_sample_value("mpay_hook_seconds_count", labels) == before + 1
