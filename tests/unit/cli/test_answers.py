"""`mpay services deviations`: as an operator reads it, and as a program does."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from mpay_gateway.domain.deviation import Deviation
from mpay_gateway.domain.heard_answer import AnswerTo, HeardAnswer


@pytest.fixture
def shop(run, ready, gateway):
    """A registered service of which answers were heard."""
    assert run("services", "apply", ready.folder / "services.toml").status == 0
    now = datetime.now(UTC)
    heard = [
        HeardAnswer("SHOP01", AnswerTo.LOOKUP, now - timedelta(days=3 - number), f"snapshot-{number}",
                    timedelta(milliseconds=80 * (number + 1)), timedelta(seconds=number - 1),
                    (Deviation("spelling", "GetOrderDetailsResponse/Status", "Canceled"),))
        for number in range(3)
    ]  # fmt: skip
    gateway.parts.units.run("note", lambda work: [work.heard_answers.add(each) for each in heard])


def test_deviations_clock_and_speed_stand_in_two_tables(run, shop):
    done = run("services", "deviations")
    assert done.status == 0, done.err
    (line,) = [each for each in done.out.splitlines() if "spelling" in each]
    assert line.split()[:5] == ["SHOP01", "lookup", "spelling", "GetOrderDetailsResponse/Status", "3"]
    assert line.endswith("Canceled")
    (measured,) = [each for each in done.out.splitlines() if "240" in each]
    assert measured.split()[:9] == ["SHOP01", "lookup", "3", "0.160", "s", "0.240", "s", "0.240", "s"]
    assert "-1.000 s" in measured
    assert "the contract" not in done.out


def test_one_service_is_told_what_the_contract_says_and_how_to_mend_it(run, shop):
    said = run("services", "deviations", "SHOP01").out
    assert (
        "contract  Members and values of enumerations are spelt as in the XSD. (section 3, Newer members)"
        in said
    )
    assert "to mend   AllowPartialPayments, AllowAdvancePayments, Cancelled, Organization." in said
    assert "messages  mpay evidence list --subject snapshot-2" in said


def test_a_program_gets_json(run, shop):
    reports = {each["service_id"]: each for each in json.loads(run("services", "deviations", "--json").out)}
    shop_report = reports["SHOP01"]
    (seen,) = shop_report["deviations"]
    assert seen["record"]["times"] == 3
    assert seen["kind"]["section"] == "section 3, Newer members"
    (measures,) = shop_report["measures"]
    assert (measures["took_median"], measures["took_p95"], measures["skew_worst"], measures["skew_last"]) == (
        160, 240, -1000, 1000,
    )  # fmt: skip
    assert reports["TEST01"]["deviations"] == []


def test_clock_and_speed_are_of_the_days_asked_for(run, shop):
    (report,) = json.loads(run("services", "deviations", "SHOP01", "--days", "1", "--json").out)
    assert [each["answers"] for each in report["measures"]] in ([], [1])
    assert report["deviations"][0]["record"]["times"] == 3


def test_a_service_without_answers_has_nothing_to_tell(run, ready, gateway):
    done = run("services", "deviations")
    assert done.out == "no deviations were seen\n\nno answers within 30 days\n"


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [(("NONE",), 1, "unknown service: NONE"), (("--days", "0"), 2, "0 is not in the range")],
)
def test_wrong_usage_is_told_clearly(run, ready, arguments, status, said):
    done = run("services", "deviations", *arguments)
    assert (done.status, said in done.err) == (status, True), done.err
