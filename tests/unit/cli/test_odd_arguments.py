"""Words and times that nothing can be called and no calendar of ours has: wrong usage, in a line."""

import pytest

NO_TEXT = "\udcff"
"""What Python makes of the byte 0xff in an argument."""


@pytest.mark.parametrize(
    "typed",
    [
        ("settle", "0001-01-01", "--dry-run"),
        ("settle", "9999-12-31", "--dry-run"),
        ("reconcile", "0001-01-01"),
        ("restored", "begin", "--since", "0001-01-01", "--operator", "ana"),
        ("audit", "verify", "--since", "0001-01-01"),
        ("check-books", "--since", "9999-12-31T23:59:59-12:00"),
        ("instruments", "disable", "card", "--until", "9999-12-31T23:59:59-12:00"),
    ],
)
def test_a_time_at_the_ends_of_the_calendar_is_wrong_usage(run, ready, typed):
    done = run(*typed)
    assert done.status == 2
    assert "is no year of the gateway's: 2000 to 2199" in done.err


def test_soap_goes_by_the_same_years(run, tmp_path):
    (tmp_path / "m.xml").write_text("<a/>")
    done = run(
        "soap", "verify", tmp_path / "m.xml", "--certificate", tmp_path / "m.xml", "--at", "0001-01-01"
    )
    assert (done.status, "is no year of the gateway's" in done.err) == (2, True)


@pytest.mark.parametrize(
    "typed",
    [
        ("payment", "find", NO_TEXT),
        ("payment", "show", NO_TEXT),
        ("refund", "show", NO_TEXT),
        ("refund", "open", NO_TEXT, "--reason", "r", "--operator", "ana"),
        ("refund", "retry", NO_TEXT, "--operator", "ana"),
        ("resolve", "approve", NO_TEXT, "--operator", "ana"),
        ("delivery", "retry", NO_TEXT, "--operator", "ana"),
        ("delivery", "list", "--service", NO_TEXT),
        ("services", "disable", NO_TEXT),
        ("reconcile", "2026-11-20", "--account", NO_TEXT),
    ],
)
def test_an_argument_that_is_no_text_is_wrong_usage(run, ready, typed):
    done = run(*typed)
    assert done.status == 2
    assert "has characters in it that cannot be stored" in done.err


def test_a_server_cannot_leave_after_no_number_of_seconds(run, ready):
    done = run("serve", "--drain", "nan")
    assert (done.status, "nan is no number of seconds" in done.err) == (2, True)


@pytest.mark.parametrize("content", [b"x" * 5000, b"1 2 3\n" + b"9" * 5000, b"\xff\n"])
def test_anchors_that_are_none_are_wrong_usage_however_long(run, ready, tmp_path, content):
    (tmp_path / "anchors").write_bytes(content)
    done = run("audit", "verify", "--anchors", tmp_path / "anchors")
    assert (done.status, "line 1: " in done.err) == (2, True)
