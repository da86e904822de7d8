"""Above the rate that is held payers are told so at once; nobody is turned away in the middle of a payment."""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from types import SimpleNamespace

import pytest
from pyramid.request import Request
from pyramid.response import Response
from webtest import TestApp

from mpay_gateway.domain.language import Language
from mpay_gateway.texts import Texts
from mpay_gateway.web import make_app
from mpay_gateway.web.crowd import AGAIN, Crowd, Crowded, crowd_tween
from tests.unit.web.conftest import HOST

TOKEN, PAYMENT = "t" * 22, "A" * 16
BEGINS = [
    "/", "/services/OPEN01", "/service/pay?ServiceID=OPEN01&OrderKey=OP123456", "/i/12345678901234", f"/pay/{TOKEN}",
    f"/pay/{TOKEN}/method", f"/pay/{TOKEN}/invoice.pdf",
]  # fmt: skip
PASSES = [
    f"/pay/{TOKEN}/payments/{PAYMENT}", f"/pay/{TOKEN}/payments/{PAYMENT}/bank",
    f"/pay/{TOKEN}/payments/{PAYMENT}/status", f"/pay/{TOKEN}/payments/{PAYMENT}/receipt.pdf",
    "/providers/sandbox-main/return", "/providers/sandbox-main/callback", "/find", "/help", f"/check/{TOKEN}",
    "/healthz",
]  # fmt: skip


@pytest.fixture
def crowd():
    """One place, and a line of one that hardly waits."""
    return Crowd(1, patience=0.05)


@pytest.fixture
def crowded(parts, crowd):
    """A payer's browser while the one place is taken."""
    app = make_app(parts, crowd=crowd)
    app.registry.texts = replace(app.registry.texts, strict=True)
    environ = {"wsgi.url_scheme": "https", "HTTP_HOST": HOST, "REMOTE_ADDR": "203.0.113.251"}
    with crowd.place():
        yield TestApp(app, extra_environ=environ)


@pytest.mark.parametrize("path", BEGINS)
def test_what_begins_something_is_refused_at_the_door(path, crowded):
    answer = crowded.get(path, expect_errors=True)
    assert (answer.status_int, answer.headers["Retry-After"]) == (503, str(AGAIN))
    assert answer.headers["Cache-Control"] == "no-store"


def test_who_comes_to_fill_in_a_form_of_a_connector_waits_like_who_comes_to_any_other(crowd):
    """Its pages would else take the threads of those who come back from a bank."""
    registry = SimpleNamespace(crowd=crowd, payer_paths=("/x/form/",))
    let_in = crowd_tween(lambda _: Response("served"), registry)
    with crowd.place():
        with pytest.raises(Crowded):
            let_in(Request.blank("/x/form/KIND01"))
        assert let_in(Request.blank("/x/kiosk-network/payment")).text == "served"


@pytest.mark.parametrize("path", PASSES)
def test_nobody_is_turned_away_in_the_middle_of_a_payment(path, crowded):
    assert crowded.get(path, expect_errors=True).status_int != 503


@pytest.mark.parametrize("path", ["/%0A", f"/pay/{TOKEN}/method%0A"])
def test_no_spelling_of_an_address_passes_the_line(path, crowded):
    assert crowded.get(path, expect_errors=True).status_int in {404, 503}


def test_a_start_is_refused_before_anything_is_begun(crowded, monkeypatch):
    monkeypatch.setattr(
        "mpay_gateway.web.views.choosing.start_payment", lambda *_, **__: pytest.fail("it was begun")
    )
    assert crowded.post(f"/pay/{TOKEN}/method", {"instrument": "card"}, status=503)


@pytest.mark.parametrize("language", Language)
def test_the_page_says_so_in_the_payers_language(language, crowded):
    page = crowded.get(f"/?lang={language.value}", status=503)
    texts = Texts.load("portal")
    for part in ("title", "what", "do"):
        assert texts.text(f"problem.busy.{part}", language) in page.text
    assert texts.text("problem.no_money", language) not in page.text  # he may have paid before


def test_when_a_place_is_free_again_all_goes_on(parts, crowd):
    browser = TestApp(
        make_app(parts, crowd=crowd),
        extra_environ={"wsgi.url_scheme": "https", "HTTP_HOST": HOST, "REMOTE_ADDR": "203.0.113.252"},
    )
    with crowd.place():
        browser.get("/", status=503)
    for _ in range(3):
        browser.get("/", status=200)


def test_who_waits_gets_the_place_that_is_left_and_who_comes_to_a_full_line_is_refused():
    crowd, waits, served = Crowd(1, patience=30), threading.Event(), threading.Event()

    def wait_in_line() -> None:
        waits.set()
        with crowd.place():
            served.set()

    with crowd.place():
        line = threading.Thread(target=wait_in_line)
        line.start()
        assert waits.wait(30)
        while not crowd._line:
            threading.Event().wait(0.001)
        with pytest.raises(Crowded), crowd.place():
            pytest.fail("the line is full")
        assert not served.is_set()
    assert served.wait(30)
    line.join(30)
    assert (crowd._served, len(crowd._line)) == (0, 0)


def test_nobody_who_comes_later_is_served_before_who_waits():
    """The place changes hands: it is at no moment free for whoever comes by."""
    crowd, served = Crowd(1, patience=30), []

    def wait_in_line() -> None:
        with crowd.place():
            served.append("who waited")

    for _ in range(200):
        served.clear()
        with crowd.place():
            line = threading.Thread(target=wait_in_line)
            line.start()
            _until(lambda: len(crowd._line) == 1)
        with crowd.place():
            served.append("who came then")
        line.join(30)
        assert served == ["who waited", "who came then"]


def test_who_has_waited_in_vain_leaves_the_line():
    crowd = Crowd(1, patience=0.01)
    with crowd.place():
        for _ in range(3):
            with pytest.raises(Crowded), crowd.place():
                pytest.fail("the place is taken")
            assert len(crowd._line) == 0
    with crowd.place():
        assert crowd._served == 1


def test_newcomers_are_turned_away_before_those_whose_visit_has_begun():
    crowd = Crowd(4, patience=30)
    with ExitStack() as served:
        for _ in range(4):
            served.enter_context(crowd.place())
        line = [threading.Thread(target=_come, args=(crowd,)) for _ in range(3)]
        for length, each in enumerate(line[:2], start=1):
            each.start()
            _until(lambda length=length: len(crowd._line) == length)
        came = time.monotonic()
        with pytest.raises(Crowded), crowd.place(arriving=True):
            pytest.fail("half the line is for those who came before")
        assert time.monotonic() - came < 15  # at once, and not because the line did not move
        line[2].start()
        _until(lambda: len(crowd._line) == 3)
    for each in line:
        each.join(30)
    assert (crowd._served, len(crowd._line)) == (0, 0)
    with crowd.place(arriving=True):
        assert crowd._served == 1


@pytest.mark.parametrize(
    ("path", "arriving"),
    [("/", True), ("/services/OPEN01", True), ("/i/12345678901234", True), (f"/pay/{TOKEN}", False)],
)
def test_who_is_on_a_visit_is_no_newcomer(path, arriving, parts, crowd, monkeypatch):
    seen = []
    place = crowd.place
    monkeypatch.setattr(crowd, "place", lambda *, arriving: seen.append(arriving) or place())
    app = TestApp(
        make_app(parts, crowd=crowd),
        extra_environ={"wsgi.url_scheme": "https", "HTTP_HOST": HOST, "REMOTE_ADDR": "203.0.113.253"},
    )
    app.get(path, expect_errors=True)
    assert seen == [arriving]


def _come(crowd: Crowd) -> None:
    with crowd.place():
        pass


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_never_more_are_served_than_there_are_places():
    crowd, lock, now, most = Crowd(3, patience=30), threading.Lock(), [0], [0]

    def come() -> None:
        with crowd.place():
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            threading.Event().wait(0.002)
            with lock:
                now[0] -= 1

    for _ in range(10):
        threads = [threading.Thread(target=come) for _ in range(6)]  # three served, three in the line
        for each in threads:
            each.start()
        for each in threads:
            each.join(30)
    assert most[0] == 3
    assert crowd._served == 0


def test_a_request_that_fails_gives_its_place_back():
    crowd = Crowd(1, patience=0.01)
    for _ in range(3):
        with pytest.raises(RuntimeError), crowd.place():
            raise RuntimeError
    with crowd.place():
        pass
