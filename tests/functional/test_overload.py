"""More payers than a process can serve: some are told so at once, and callbacks are answered all the same."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import urllib3

from mpay_gateway.flow.visiting import Arrival, open_visit
from tests.scene.counterparts import free_base
from tests.scene.processes import START_SECONDS, process
from tests.scene.waiting import eventually

PAYERS = 6


@pytest.fixture
def engine() -> str:
    return "sqlite"


def test_a_crowd_is_partly_served_partly_refused_at_once_and_callbacks_pass(make_gateway, shop):
    gateway, port = make_gateway(served=False), free_base(1)
    host = {"Host": gateway.url.partition("//")[2]}

    def ask(method: str, path: str) -> urllib3.BaseHTTPResponse:
        address = f"http://127.0.0.1:{port}{path}"
        return urllib3.request(method, address, headers=host, timeout=60, retries=False, redirect=False)

    visits = [
        open_visit(gateway.parts, Arrival("DEMO01", shop.order().key, f"203.0.113.{number}")).token
        for number in range(PAYERS)
    ]
    with process(gateway, "serve", "--port", str(port), "--threads", "1"), ThreadPoolExecutor(PAYERS) as pool:
        eventually(lambda: _answers(port), within=START_SECONDS)
        shop.break_down(lookup="slow", slow_seconds=2)
        seen = len(shop.all_lookups())
        pages = [pool.submit(ask, "GET", f"/pay/{token}") for token in visits]
        eventually(lambda: len(shop.all_lookups()) > seen, within=30)
        callback = ask("POST", "/providers/sandbox-main/callback")
        waiting = [each for each in pages if not each.done()]
        answers = [each.result() for each in pages]
    assert callback.status in {400, 401}
    assert waiting, "the callback waited for the payers"
    by_status = {status: [each for each in answers if each.status == status] for status in (200, 503)}
    assert len(by_status[200]) + len(by_status[503]) == PAYERS
    assert len(by_status[200]) >= 2
    assert by_status[503]
    assert {each.headers["Retry-After"] for each in by_status[503]} == {"15"}
    assert "<h1>" in by_status[503][0].data.decode()


def _answers(port: int) -> bool:
    try:
        return (
            urllib3.request("GET", f"http://127.0.0.1:{port}/readyz", timeout=2, retries=False).status == 200
        )
    except urllib3.exceptions.HTTPError:
        return False
