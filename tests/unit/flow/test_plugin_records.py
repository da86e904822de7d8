"""Plugins' own records: each instance's apart, written by compare-and-set, within bounds."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from mpay_gateway.api import Conflict, Record, Records
from mpay_gateway.domain.records import LARGEST_RECORD
from tests.unit.flow.inbound import port_of
from tests.unit.flow.scripted import ScriptedGateway


@pytest.fixture
def records(gateway: ScriptedGateway) -> Records:
    return port_of(gateway, "eservice:form").records


def test_a_record_is_kept_with_its_version(records):
    assert records.get("order-1") is None
    assert records.put("order-1", b"{}", 0) == Record("order-1", b"{}", 1)
    assert records.put("order-1", b"\x00\xff", 1).version == 2
    assert records.get("order-1") == Record("order-1", b"\x00\xff", 2)


@pytest.mark.parametrize("expected", [0, 2, 7])
def test_another_version_than_expected_is_a_conflict(records, expected):
    records.put("order-1", b"first", 0)
    with pytest.raises(Conflict):
        records.put("order-1", b"second", expected)
    assert records.get("order-1").value == b"first"


def test_a_record_that_is_not_there_cannot_be_changed(records):
    with pytest.raises(Conflict):
        records.put("order-1", b"", 1)


def test_of_many_writers_one_wins(records):
    barrier = threading.Barrier(4)

    def write(name: int) -> bool:
        barrier.wait()
        try:
            records.put("counter", str(name).encode(), 0)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(write, range(4))) == [False, False, False, True]


def test_no_instance_sees_anothers(records, gateway):
    records.put("key", b"mine", 0)
    other = port_of(gateway, "provider:form").records
    assert other.get("key") is None
    assert other.list("") == ()
    assert other.put("key", b"theirs", 0).version == 1
    assert records.get("key").value == b"mine"


def test_keys_are_listed_by_prefix_in_the_order_of_their_bytes(records):
    for key in ("b/2", "a/10", "a/2", "a-", "A/1", "a/~"):
        records.put(key, b"", 0)
    assert [each.key for each in records.list("a/")] == ["a/10", "a/2", "a/~"]
    assert [each.key for each in records.list("")] == ["A/1", "a-", "a/10", "a/2", "a/~", "b/2"]
    assert [each.key for each in records.list("a/", limit=2)] == ["a/10", "a/2"]
    assert [each.key for each in records.list("a/", after="a/2")] == ["a/~"]
    assert [each.key for each in records.list("", after="a/10")] == ["a/2", "a/~", "b/2"]


@pytest.mark.parametrize("key", ["", "a b", "x" * 129, "cheie-ă"])
def test_a_key_out_of_bounds_is_a_clear_error(records, key):
    with pytest.raises(ValueError, match="a record's key has"):
        records.put(key, b"", 0)


def test_a_value_out_of_bounds_is_a_clear_error(records):
    records.put("big", bytes(LARGEST_RECORD), 0)
    with pytest.raises(ValueError, match="65536 bytes at most, not 65537"):
        records.put("bigger", bytes(LARGEST_RECORD + 1), 0)
    with pytest.raises(ValueError, match="1 to 1000 records"):
        records.list("", limit=1001)
