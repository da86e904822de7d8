"""`mpay check-config`: what is right is listed, what soon will be wrong is a warning, what is wrong is a problem."""

import pytest


def finding(out: str, subject: str) -> str:
    """The line about a subject."""
    (line,) = [line for line in out.splitlines() if line[9:].startswith(subject)]
    return line


def test_a_right_configuration_passes(run, ready):
    run("services", "apply", str(ready.folder / "services.toml"))
    done = run("check-config")
    assert done.status == 0
    assert done.out.splitlines()[-1].startswith("0 problems, 0 warnings")
    assert finding(done.out, "service SHOP01").startswith(
        "ok       service SHOP01: enabled, certificate until"
    )


@pytest.mark.parametrize(
    ("days", "said"),
    [(61, "ok"), (59, "warning  [gateway] signing_certificate: ends within 60 days"), (29, "ends within 30 days"),
     (6, "ends within 7 days"), (-1, "problem  [gateway] signing_certificate: ended on")],
)  # fmt: skip
def test_an_ending_certificate_is_told_of_in_time(run, ready, days, said):
    ready.certify("gateway.crt", days=days)
    done = run("check-config")
    assert said in finding(done.out, "[gateway] signing_certificate")
    assert done.status == (1 if days < 0 else 0)


def test_a_services_ended_certificate_is_told_of(run, ready):
    ready.certify("shop.crt", days=-1)
    run("services", "apply", str(ready.folder / "services.toml"))
    done = run("check-config")
    assert done.status == 1
    assert "ended on" in finding(done.out, "service SHOP01")


def test_a_service_whose_row_cannot_be_read_is_named_and_harms_no_other(run, gateway, ready):
    run("services", "apply", str(ready.folder / "services.toml"))
    done = run("check-config")
    assert done.status == 1
    assert "connector 'scripted' is not enabled" in finding(done.out, "service TEST01")
    assert finding(done.out, "service SHOP01").startswith("ok")
    assert "SHOP01" in run("services", "list").out


def test_a_database_without_tables_is_a_problem(run, place):
    done = run("check-config")
    assert done.status == 1
    assert "run `mpay init-db`" in finding(done.out, "database")


def test_an_account_with_open_payments_may_not_be_lost(run, gateway, ready):
    gateway.start("ORDER-1")
    ready.configure(replace=("bank-main", "bank-new"))
    done = run("check-config")
    assert done.status == 1
    assert "provider.bank-main: missing, and has open payments (1)" in finding(done.out, "accounts")
    stopped = run("worker")
    assert stopped.status == 2
    assert "provider.bank-main: missing" in stopped.err


def test_a_retired_account_keeps_its_open_payments(run, gateway, ready):
    gateway.start("ORDER-1")
    addition = '[provider.bank-new]\nplugin = "sandbox"\nurl = "https://bank.example"\n'
    secrets = 'secret = { env = "TEST_BANK_SECRET" }\ncallback_secret = { env = "TEST_BANK_SECRET" }\n'
    ready.configure(
        replace=("[provider.bank-main]\n", f"{addition}{secrets}\n[provider.bank-main]\nretired = true\n")
    )
    toml = ready.folder / "gateway.toml"
    toml.write_text(toml.read_text().replace('providers = ["bank-main"]', 'providers = ["bank-new"]'))
    done = run("check-config")
    assert "each complete" in done.out
    assert "bank-main" not in done.out


def test_settings_of_a_demo_are_told_of(run, ready):
    ready.configure(replace=('"https://mpay.example"', '"http://mpay.example"'))
    assert finding(run("check-config").out, "[gateway] public_url").startswith("warning")


ACCESS = """[access]
certificate_header = "X-Client-Certificate"
[access.callers.shop]
certificates = ["CN=shop"]
networks = ["198.51.100.7"]
services = ["SHOP01"]

[plugins]"""


def test_callers_who_could_show_no_certificate_are_a_problem(run, ready):
    ready.configure(replace=("[plugins]", ACCESS))
    done = run("check-config")
    assert done.status == 1
    assert finding(done.out, "[access]").startswith("problem")
    assert finding(done.out, "caller shop").startswith("warning")
    run("services", "apply", str(ready.folder / "services.toml"))
    toml = ready.folder / "gateway.toml"
    toml.write_text(toml.read_text().replace("[gateway]\n", '[gateway]\ntrusted_proxies = ["10.0.0.1"]\n'))
    done = run("check-config")
    assert done.status == 0
    assert finding(done.out, "caller shop").endswith("may invoices")


def test_terminals_where_nothing_can_be_paid_are_told_of(run, ready):
    may = 'services = ["*"]\nmay = ["pos"]'
    ready.configure(replace=("[plugins]", ACCESS.replace('services = ["SHOP01"]', may)))
    run("services", "apply", str(ready.folder / "services.toml"))
    told = [line for line in run("check-config").out.splitlines() if line[9:].startswith("counters")]
    assert [("no service" in line, "no instrument" in line) for line in told] == [
        (True, False),
        (False, True),
    ]
    toml = ready.folder / "gateway.toml"
    toml.write_text(
        toml.read_text().replace(
            'providers = ["bank-main"]', 'providers = ["bank-main"]\nchannels = ["counter"]'
        )
    )
    assert "no instrument" not in run("check-config").out


def test_where_nobody_is_let_in_there_is_nothing_to_say_of_it(run, ready):
    assert "[access]" not in run("check-config").out
