"""Against the demo service there is nothing to remark, and the command's files and exit statuses say so."""

import json
import re
from datetime import datetime
from pathlib import Path

import pytest
from lxml import etree, html

from mpay_gateway.conformance import CATALOGUE
from tests.conformance.demo import Demo, run

PAID_BY_LAW = {"TRN-10", "TRN-11"}
"""What cannot be judged over plain HTTP on loopback."""


@pytest.fixture(scope="module")
def reports(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete run, with its files: the output too."""
    folder = tmp_path_factory.mktemp("reports")
    pay = tuple(demo.order(kind) for kind in ("one-line", "one-line", "several-lines", "partial", "expired"))
    kinds = ("several-lines", "one-line", "amount-unknown")
    read = tuple(demo.order(kind, customer_name="Ștefan Țurcanu") for kind in kinds)
    words = demo.arguments(*read, pay=pay)
    files = [
        word for name in ("json", "junit", "html") for word in (f"--{name}", str(folder / f"report.{name}"))
    ]
    result = run(*words, *files)
    (folder / "output").write_text(result.output, "utf-8")
    (folder / "status").write_text(str(result.exit_code), "utf-8")
    return folder


def objects(folder: Path) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads((folder / "report.json").read_text("utf-8"))
    return found


def test_nothing_is_remarked_and_everything_is_tried(reports: Path) -> None:
    assert [(each["id"], each["detail"]) for each in objects(reports) if each["status"] == "failed"] == []
    left = {each["id"] for each in objects(reports) if each["status"] == "not_run"}
    assert left == PAID_BY_LAW
    assert (reports / "status").read_text("utf-8") == "0"


def test_json_has_an_object_for_each_check(reports: Path) -> None:
    found = objects(reports)
    assert [each["id"] for each in found] == [check.id for check in CATALOGUE]
    assert all(list(each) == ["id", "title", "group", "severity", "status", "detail"] for each in found)
    assert all(isinstance(text, str) for each in found for text in each.values())
    assert {each["status"] for each in found} == {"passed", "not_run"}


def test_junit_counts_what_json_lists(reports: Path) -> None:
    root = etree.parse(reports / "report.junit").getroot()
    assert int(root.get("tests")) == len(CATALOGUE) == len(list(root.iter("testcase")))
    suites = root.findall("testsuite")
    assert sum(int(suite.get("tests")) for suite in suites) == len(CATALOGUE)
    assert sum(int(suite.get("skipped")) for suite in suites) == len(PAID_BY_LAW)
    assert all(datetime.fromisoformat(suite.get("timestamp")).tzinfo is None for suite in suites)
    assert (root.get("failures"), root.get("errors")) == ("0", "0")
    assert len(list(root.iter("skipped"))) == len(PAID_BY_LAW)


def test_the_page_needs_nothing_else(reports: Path) -> None:
    page = (reports / "report.html").read_text("utf-8")
    assert all(f'id="{check.id}"' in page for check in CATALOGUE)
    assert not re.search(r"<(script|link|img)\b|@import|url\(", page)


def test_the_page_may_load_nothing_and_says_what_was_paid(reports: Path) -> None:
    page = html.fromstring((reports / "report.html").read_text("utf-8"))
    (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none'")
    assert "CONFORMANCE-" in "".join(
        page.xpath("//h2[.='Paid by this run']/following-sibling::ul[1]//text()")
    )


def test_the_output_ends_with_a_summary_and_where_the_messages_are(reports: Path, demo: Demo) -> None:
    lines = (reports / "output").read_text("utf-8").splitlines()
    assert lines[-2] == f"{len(CATALOGUE)} checks: {len(CATALOGUE) - 2} passed, 0 failed, 2 not run"
    folder = Path(lines[-1].removeprefix("Every message is in "))
    heads = json.loads((folder / "0001.json").read_text("utf-8"))
    assert heads["sent"]["url"] == demo.url
    assert heads["received"]["status"] == 200
    for name in ("sent", "received"):
        assert etree.fromstring((folder / f"0001-{name}.xml").read_bytes()).tag.endswith("}Envelope")


def test_without_pay_keys_no_payment_is_ever_told(demo: Demo) -> None:
    key = demo.order("one-line")
    result = run(*demo.arguments(key), "--json", "-")
    assert result.exit_code == 0, result.output
    assert demo.confirmations(key) == []
    found = {each["id"]: each for each in json.loads(result.stdout)}
    for identifier in ("CNF-01", "CNF-13", "CNF-20", "CNF-30", "IDM-02", "CON-03", "TIM-03"):
        assert found[identifier]["status"] == "not_run"
        assert "--pay-order-key" in found[identifier]["detail"]


def test_keys_that_are_only_read_are_never_confirmed(demo: Demo) -> None:
    read, paid = demo.order("one-line"), demo.order("one-line")
    assert run(*demo.arguments(read, pay=(paid,))).exit_code == 0
    assert demo.confirmations(read) == []
    assert demo.confirmations(paid) != []


@pytest.mark.parametrize(
    "kind", ["partial", "advance", "amount-unknown", "fill-in", "several-orders", "large-amount", "paid"]
)
def test_orders_of_every_good_kind_are_found_good(demo: Demo, kind: str) -> None:
    result = run(*demo.arguments(demo.order(kind)), "--json", "-")
    assert result.exit_code == 0, result.output
    assert [each["id"] for each in json.loads(result.stdout) if each["status"] == "failed"] == []


def test_a_flag_of_the_first_line_counts_though_the_orders_own_is_false(demo: Demo) -> None:
    result = run(
        *demo.arguments(demo.order("one-line"), pay=(demo.order("line-flags"), demo.order("one-line"))),
        "--json",
        "-",
    )
    found = {each["id"]: each["status"] for each in json.loads(result.stdout)}
    assert [name for name, status in found.items() if status == "failed"] == []
    assert found["CNF-30"] == "passed"
