"""When things are asked again, and for how long a task is somebody's."""

from mpay_gateway.flow.schedules import LEASE
from mpay_gateway.settings.gateway import MOST_CALL_SECONDS


def test_no_call_outlives_the_lease_of_its_task():
    assert LEASE.total_seconds() - 20 > MOST_CALL_SECONDS
