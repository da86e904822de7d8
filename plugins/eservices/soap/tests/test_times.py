"""Local times of the contract."""

from datetime import UTC, datetime, timedelta

import pytest

from mpay_eservice_soap.times import WhenTwice, local_time, read_date_time


def test_paid_at_is_written_as_in_the_guides_sample():
    at = datetime(2025, 7, 10, 7, 51, 23, 999999, tzinfo=UTC)
    assert local_time(at).isoformat() == "2025-07-10T10:51:23"


def test_both_instants_of_the_doubled_hour_are_written_alike():
    first = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    second = first + timedelta(hours=1)
    assert local_time(first).isoformat() == local_time(second).isoformat() == "2026-10-25T02:30:00"


def test_an_hour_that_does_not_exist_is_read_and_noted():
    read = read_date_time("2026-03-29T02:30:00", WhenTwice.EARLIER)
    assert read.oddity == "time-does-not-exist"
    assert read.at == datetime(2026, 3, 29, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("at", [datetime(2026, month, 15, 11, 7, 9, tzinfo=UTC) for month in range(1, 13)])
def test_what_is_written_is_read_back(at):
    assert read_date_time(local_time(at).isoformat(), WhenTwice.EARLIER).at == at


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-23",
        "2026-11-23 09:00:00",
        "2026-11-23T09:00",
        "2026-13-01T00:00:00",
        "٢٠٢٦-11-23T09:00:00",
    ],
)
def test_other_texts_are_no_times(text):
    with pytest.raises(ValueError, match=r"."):
        read_date_time(text, WhenTwice.EARLIER)
