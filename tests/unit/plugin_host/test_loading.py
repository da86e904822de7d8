"""Loading of plugins: what is enabled, what is refused, and that all of it is said at once."""

import pytest

from mpay_gateway.api import Channel, ConfigurationError, Confirms, Need, hookimpl
from mpay_gateway.domain.errors import NoPluginAnswered
from mpay_gateway.plugin_host import Kind
from tests.unit.plugin_host.conftest import HostMaker, MakerFactory, module_of

PUSHES = "NullBank.confirms, NullBank.gives = Confirms.PUSH, frozenset({Need.COLLECTION})"
PUSHING_BANK = f"""
{PUSHES}
del NullBank.mpay_start_payment, NullBank.mpay_read_callback, NullBank.mpay_fetch_confirmation
"""
JOB = """
from datetime import time
NullBank.jobs = (Job("fetch", daily_at=time(3)),)
"""
NO_PLUGIN = "no enabled distribution brings"


def problems_of(maker: HostMaker, *observers: object, **changes: object) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        maker.host(*observers, **changes)
    return caught.value.problems


def test_each_configured_account_is_an_instance_of_its_own(maker: HostMaker) -> None:
    host = maker.host()
    assert list(host.registry.accounts) == ["bank-a", "bank-b"]
    assert host.calls.start_payment("bank-a", object()).url == "https://a"
    assert host.calls.start_payment("bank-b", object()).url == "https://b"
    assert host.registry.instruments["card"].providers == ("bank-a", "bank-b")
    assert [each.name for each in host.registry.instances] == [
        "eservice:null_service", "provider:bank-a", "provider:bank-b", "instrument:card",
    ]  # fmt: skip


def test_a_distribution_reports_its_version_place_and_hooks(maker: HostMaker) -> None:
    (distribution,) = maker.host().registry.distributions
    assert (distribution.name, distribution.version) == (maker.distribution, "1.2")
    assert distribution.path == str(maker.folder)
    assert "mpay_start_payment" in distribution.hooks
    assert "mpay_capture_payment" not in distribution.hooks


def test_installed_is_not_enabled(maker: HostMaker, maker_of: MakerFactory) -> None:
    other = maker_of("raise SystemError('imported although it is not enabled')")
    assert maker.host().registry.distributions[0].name == maker.distribution
    with pytest.raises(ConfigurationError, match="imported although"):
        other.host()


def test_names_of_distributions_are_compared_as_installers_do(maker: HostMaker) -> None:
    host = maker.host(enabled=(maker.distribution.upper().replace("-", "_"),))
    assert host.registry.distributions[0].name == maker.distribution


def test_only_connectors_get_the_gateways_key(maker_of: MakerFactory) -> None:
    maker = maker_of(
        """
        MADE = {}
        def remember(self, context, settings):
            MADE[context.id] = context
            self.context, self.settings = context, settings
        NullConnector.__init__ = NullBank.__init__ = NullCard.__init__ = remember
        """
    )
    maker.host()
    made = module_of(maker).MADE
    assert made["null_service"].signing_key_pem == b"the key"
    assert made["null_service"].signing_certificate_pem == b"the certificate"
    assert [made[name].signing_key_pem for name in ("bank-a", "bank-b", "card")] == [b"", b"", b""]


def test_every_problem_is_reported_at_once(maker: HostMaker) -> None:
    found = problems_of(
        maker,
        enabled=(maker.distribution, "mpay-absent"),
        providers={
            "bank-a": {"url": "https://a", "ulr": "x"},
            "bank-b": {"mood": "refuse", "url": ""},
            "bank-c": {"mood": "explode", "url": ""},
            "bank-d": {"plugin": "null_bnak", "url": ""},
        },
        instruments={"card": ("bank-a", "bank-z"), "empty": ()},
        connectors=("soap",),
    )
    assert found == (
        "plugins.enabled: 'mpay-absent' is not installed",
        f"eservice.soap.plugin: {NO_PLUGIN} the eservice plugin 'soap'; enabled: null_service",
        "provider.bank-a.ulr: unknown key; did you mean 'url'?",
        "provider.bank-b: mood: not today",
        "provider.bank-c: null_bank cannot start: RuntimeError: no bank here",
        f"provider.bank-d.plugin: {NO_PLUGIN} the provider plugin 'null_bnak'; did you mean 'null_bank'?",
        "instrument.card.providers[1]: no [provider.bank-z]",
        "instrument.empty.providers: at least one account",
    )


def test_an_account_that_does_not_give_what_the_instrument_needs_is_refused(maker_of: MakerFactory) -> None:
    found = problems_of(maker_of("NullCard.needs = Need.QR"))
    assert found == (
        "instrument.card: null_card needs qr, account bank-a gives redirect",
        "instrument.card: null_card needs qr, account bank-b gives redirect",
    )


def test_a_retired_account_serves_no_instrument_and_stays_callable(maker: HostMaker) -> None:
    host = maker.host(retired=("bank-a",))
    assert host.registry.instruments["card"].providers == ("bank-b",)
    assert host.registry.accounts["bank-a"].retired
    assert host.calls.start_payment("bank-a", object()).url == "https://a"


def test_an_instrument_whose_accounts_are_all_retired_is_refused(maker: HostMaker) -> None:
    assert problems_of(maker, retired=("bank-a", "bank-b")) == (
        "instrument.card.providers: every account is retired",
    )


@pytest.mark.parametrize(
    ("extra", "problem"),
    [
        ("del NullBank.mpay_fetch_confirmation", "must implement mpay_fetch_confirmation"),
        ("del NullBank.mpay_reverse_payment", "must implement mpay_reverse_payment"),
        ("NullBank.capabilities = frozenset()", "must not implement mpay_reverse_payment"),
        ("NullBank.confirms = Confirms.PUSH", "by push, and so gives collection and nothing else"),
        (PUSHES, "must not implement mpay_start_payment"),
        (PUSHES, "must not implement mpay_read_callback"),
        (PUSHES, "must not implement mpay_fetch_confirmation"),
        (
            "NullBank.mpay_offer_instruments = NullCard.mpay_offer_instruments",
            "must not implement mpay_offer",
        ),
        ("NullBank.currencies = frozenset()", "takes no currency"),
        (JOB, "must implement mpay_run_job"),
        (
            "NullCard.mpay_run_job = hookimpl(lambda self, job: None, specname='mpay_run_job')",
            "must not implement mpay_run_job",
        ),
        ("NullBank.jobs = (1,)", "its jobs are not jobs of different names"),
        (
            """
            @hookimpl
            def mpay_start_paymnt(self, request): ...
            NullBank.mpay_start_paymnt = mpay_start_paymnt
            """,
            "mpay_start_paymnt is no hook; did you mean 'mpay_start_payment'",
        ),
        (
            """
            @hookimpl
            def mpay_start_payment(self, request, mood): ...
            NullBank.mpay_start_payment = mpay_start_payment
            """,
            "mood",
        ),
        ("del NullBank.gives", "does not declare gives"),
        ("class NullBank: pass", "not a subclass of mpay_gateway.api.ProviderPlugin"),
        ("import nothing_of_this_name", "cannot be imported: ModuleNotFoundError"),
    ],
)
def test_a_plugin_that_breaks_its_contract_stops_the_start(
    maker_of: MakerFactory, extra: str, problem: str
) -> None:
    assert any(problem in each for each in problems_of(maker_of(extra)))


def test_a_provider_that_pushes_needs_no_hooks_of_its_own(maker_of: MakerFactory) -> None:
    host = maker_of(PUSHING_BANK + "NullCard.needs = Need.COLLECTION").host()
    assert host.registry.accounts["bank-a"].confirms is Confirms.PUSH


def test_a_provider_that_pushes_needs_an_instrument(maker_of: MakerFactory) -> None:
    found = problems_of(maker_of(PUSHING_BANK), instruments={})
    assert found[0] == "provider.bank-a: it tells of money by itself, and no instrument names it"


def test_an_instance_runs_its_own_jobs(maker_of: MakerFactory) -> None:
    maker = maker_of(
        JOB
        + """
        DONE = []
        @hookimpl
        def mpay_run_job(self, job):
            DONE.append((self.context.id, job))
        NullBank.mpay_run_job = mpay_run_job
        """.replace("\n        ", "\n")
    )
    host = maker.host()
    assert next(each.jobs for each in host.registry.instances if each.jobs)[0].schedule == "daily at 03:00"
    host.calls.run_job("provider:bank-b", "fetch")
    assert module_of(maker).DONE == [("bank-b", "fetch")]
    with pytest.raises(NoPluginAnswered):
        host.calls.run_job("instrument:card", "fetch")


def test_every_instance_gets_the_port_that_is_its_own(maker_of: MakerFactory) -> None:
    maker = maker_of()
    asked: list[str] = []
    maker.host(port_of=asked.append)
    assert asked == ["eservice:null_service", "provider:bank-a", "provider:bank-b", "instrument:card"]


def test_a_name_that_two_distributions_bring_is_refused(maker: HostMaker, maker_of: MakerFactory) -> None:
    other = maker_of()
    found = problems_of(maker, enabled=(maker.distribution, other.distribution))
    assert f"the name is taken by '{maker.distribution}'" in found[0]


def test_a_distribution_without_plugins_is_refused(maker_of: MakerFactory) -> None:
    maker = maker_of(entry_points="[console_scripts]\nnull = {module}:main\n")
    assert (
        problems_of(maker)[0] == f"plugins.enabled: '{maker.distribution}' is installed and brings no plugin"
    )


def test_an_observer_may_not_answer_for_a_provider(maker: HostMaker) -> None:
    class Impostor:
        @hookimpl
        def mpay_fetch_confirmation(self) -> None: ...

    assert problems_of(maker, Impostor()) == (
        "observer:0: mpay_fetch_confirmation belongs to provider plugins",
    )


def test_core_documents_that_would_not_be_asked_last_are_refused(maker: HostMaker) -> None:
    class Hasty:
        @hookimpl(tryfirst=True)
        def mpay_render_invoice(self) -> None: ...

        @hookimpl(trylast=True)
        def mpay_render_receipt(self) -> None: ...

    class Other:
        @hookimpl
        def mpay_render_invoice(self) -> None: ...

    assert problems_of(maker, Other(), papers=Hasty()) == (
        "core: mpay_render_invoice must be implemented with trylast",
    )


def test_nothing_can_be_registered_after_the_start(maker: HostMaker) -> None:
    from mpay_gateway.plugin_host.routing import SealableManager

    manager = SealableManager("mpay_gateway")
    manager.register(object(), "early")
    manager.seal()
    with pytest.raises(RuntimeError, match="at start only"):
        manager.register(object(), "late")
    with pytest.raises(RuntimeError, match="until the end"):
        manager.unregister(name="early")


def test_the_registry_says_what_accounts_and_instruments_are(maker: HostMaker) -> None:
    registry = maker.host(channels=(Channel.KIOSK,)).registry
    account = registry.accounts["bank-a"]
    assert account.gives == frozenset({Need.REDIRECT})
    assert (account.session_minutes, account.callback_limit) == (30, 65536)
    assert registry.instruments["card"].channels == (Channel.KIOSK,)
    assert list(registry.connector_types) == ["null_service"]
    assert registry.instances[0].kind is Kind.ESERVICE
