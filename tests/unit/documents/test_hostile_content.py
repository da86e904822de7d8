"""Strangers' text is text: it is shown, and nothing of it is fetched or obeyed."""

import http.server
import io
import threading
from contextlib import contextmanager
from dataclasses import replace

import pikepdf
import pytest
from weasyprint import HTML

from mpay_gateway.documents.drawing import PackagedAssets
from mpay_gateway.domain.details import Detail
from tests.unit.documents.samples import with_order

ATTACKS = [
    "<img src=file:///etc/passwd>",
    "<link rel=attachment href=file:///etc/hostname>",
    "<style>@import url(http://127.0.0.1/x.css);</style>",
    '"><script>alert(1)</script>',
    "${page.payee} python:1/0 <tal:block replace='1'>",
    "url(data:image/png;base64,AAAA)",
    "]]> --> <!-- &lt;b&gt; &#65;",
]


@contextmanager
def listening():
    """A web server of our own that writes down what it is asked for."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *args):
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_text_is_shown_literally(draw, read, attack):
    content = draw(replace(with_order(reason=attack), details=(Detail(f"A{attack}", f"B{attack}"),)))
    shown = read(content)[0].replace(" ", "")
    for told in (attack, f"A{attack}", f"B{attack}"):
        assert told.replace(" ", "") in shown
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert len(pdf.Root.AF) == 1
        assert "/JavaScript" not in pdf.Root.get("/Names", {})


@pytest.mark.parametrize(
    "markup",
    [
        '<img src="{0}/a.png" alt="x">',
        '<link rel="stylesheet" href="{0}/b.css">',
        '<link rel="attachment" href="{0}/c">',
        "<style>@import url({0}/d.css); p {{ background: url({0}/e.png) }}</style><p>x</p>",
        '<svg xmlns="http://www.w3.org/2000/svg"><image href="{0}/f.png" width="9" height="9"/></svg>',
        '<object data="{0}/g"></object>',
    ],
)
def test_even_markup_fetches_nothing(markup):
    with listening() as (address, asked):
        page = f"<html lang=ro><title>x</title>{markup.format(address)}"
        content = HTML(string=page, url_fetcher=PackagedAssets({})).write_pdf()
        assert content.startswith(b"%PDF")
        assert asked == []
        HTML(string=page).write_pdf()
        assert asked, "the attack reaches the server when nothing forbids it"


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "http://127.0.0.1/",
        "data:text/plain,x",
        "paper:logo.png",
        "paper:../x",
        "ftp://h/x",
    ],
)
def test_only_what_was_given_is_served(address):
    with pytest.raises(ValueError, match="fetches nothing"):
        PackagedAssets({"paper:font-400.ttf": (b"font", "font/ttf")}).fetch(address)
