"""The kiosk network as a test sees it: its controls, its journal, its books."""

import urllib3

from tests.scene.shop import ShopOrder
from tests.scene.waiting import eventually

Json = dict[str, object]
_HTTP = urllib3.PoolManager(timeout=60, retries=False)
REPAIRED: Json = {"lose_answers": 0, "send_twice": False, "hold": False, "crash": ""}


class Kiosks:
    """The running network at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url

    def check(self, order: ShopOrder, amount: str = "0.00", *, kiosk: str = "K1") -> Json:
        """A payer enters the number of his order. The reply, and the number of the payment."""
        return self._post("/check", {"account": order.key, "sum": amount, "kiosk": kiosk})

    def pay(self, order: ShopOrder, amount: str = "", *, kiosk: str = "K1", **how: object) -> Json:
        """A payer puts his money in. `check=False`: without asking first; `wait_seconds`: until it is settled."""
        usual = {"account": order.key, "sum": amount or order.total, "kiosk": kiosk, "wait_seconds": 30}
        return self._post("/pay", usual | how)

    def transaction(self, txn_id: object) -> Json:
        return self._get(f"/transactions/{txn_id}")

    def settled(self, txn_id: object) -> Json:
        """The payment once the gateway has said what becomes of it."""
        return eventually(
            lambda: self.transaction(txn_id), lambda found: found["state"] != "taken", within=60
        )

    def calls(self, txn_id: object) -> list[str]:
        """Outcomes of the payment's pays, in order."""
        calls = self.transaction(txn_id)["calls"]
        return [each["outcome"] for each in calls if each["command"] == "pay"]  # type: ignore[attr-defined]

    def transactions(self) -> list[Json]:
        return self._get("/transactions")["transactions"]  # type: ignore[return-value]

    def break_down(self, **faults: object) -> None:
        """Switch faults of the whole network, `hold=True` for instance."""
        self._post("/faults", dict(faults))

    def repair(self) -> None:
        """Switch every fault off, and let what waits be told."""
        self._post("/faults", REPAIRED)
        self._post("/hurry", {})

    def hurry(self) -> None:
        self._post("/hurry", {})

    def _get(self, path: str) -> Json:
        answer = _HTTP.request("GET", self.url + path)
        assert answer.status == 200, (path, answer.status, answer.data[:500])
        return answer.json()  # type: ignore[no-any-return]

    def _post(self, path: str, body: Json) -> Json:
        answer = _HTTP.request("POST", self.url + path, json=body)
        assert answer.status in {200, 502}, (path, answer.status, answer.data[:500])
        return answer.json()  # type: ignore[no-any-return]
