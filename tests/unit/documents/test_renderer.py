"""Rendering processes: alike, replaced, watched, and gone at the end."""

import os
import signal
import socket
import threading
import time
from dataclasses import replace

import pytest

from mpay_gateway.boundary import unit_of_work_open
from mpay_gateway.documents import CoreDocuments, DocumentRenderer
from mpay_gateway.documents.invoice_paper import write_invoice
from mpay_gateway.documents.worker import leave_network
from mpay_gateway.domain.documents import Medium
from mpay_gateway.domain.errors import DocumentFailed, OutboundCallRefused
from mpay_gateway.domain.language import Language
from tests.unit.documents.samples import INVOICE, RECEIPT

PATIENCE = 60.0
"""Seconds for one paper, where the deadline is not what is tested: the machine may be busy."""


@pytest.fixture(scope="module")
def renderer():
    renderer = DocumentRenderer(2, deadline=PATIENCE)
    renderer.warm_up()
    yield renderer
    renderer.close()


@pytest.fixture
def paper(texts):
    return write_invoice(INVOICE, Language.RU, texts)


def exists(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_processes_give_the_same_bytes_as_one_another_and_as_this_one(renderer, drawer, paper):
    drawn = []
    threads = [threading.Thread(target=lambda: drawn.append(renderer.render(paper))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(drawn) == 4
    assert set(drawn) == {drawer.draw(paper)}


def test_a_paper_survives_the_death_of_its_process(renderer, paper):
    expected = renderer.render(paper)
    before = renderer.pids
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    assert renderer.render(paper) == expected
    assert renderer.render(paper) == expected
    assert set(renderer.pids) != set(before)
    assert len(renderer.pids) == 2


def test_a_process_is_replaced_after_its_number_of_papers(paper):
    renderer = DocumentRenderer(1, deadline=PATIENCE, recycle_after=3)
    try:
        seen = []
        for _ in range(7):
            seen.append(renderer.pids[0])
            assert renderer.render(paper).startswith(b"%PDF")
        assert [seen.count(pid) for pid in dict.fromkeys(seen)] == [3, 3, 1]
        assert not exists(seen[0])
    finally:
        renderer.close()


def test_a_paper_that_takes_too_long_fails_and_harms_no_other(paper):
    renderer = DocumentRenderer(1, deadline=0.05)
    try:
        renderer.warm_up()
        endless = replace(
            paper, html=paper.html.replace("</main>", "<table><tr><td>x</table>" * 3000 + "</main>")
        )
        (before,) = renderer.pids
        started = time.monotonic()
        with pytest.raises(DocumentFailed, match=r"not done after 0\.05 s"):
            renderer.render(endless)
        assert time.monotonic() - started < PATIENCE
        assert not exists(before)
        renderer._deadline = PATIENCE
        assert renderer.render(paper).startswith(b"%PDF")
    finally:
        renderer.close()


def test_a_paper_that_cannot_be_drawn_fails_alone(renderer, paper):
    before = renderer.pids
    with pytest.raises(DocumentFailed):
        renderer.render(replace(paper, html=paper.html.replace("</h1>", "\ud800</h1>")))
    assert renderer.render(paper).startswith(b"%PDF")
    assert set(renderer.pids) == set(before)


def test_when_all_processes_are_busy_the_payer_is_told(paper):
    renderer = DocumentRenderer(1, deadline=0.2)
    try:
        renderer.warm_up()
        held = renderer._take()
        with pytest.raises(DocumentFailed, match="no rendering process was free"):
            renderer.render(paper)
        renderer._give_back(held)
    finally:
        renderer.close()


def test_when_too_many_wait_already_the_payer_is_told_at_once(paper):
    """Attack 17: papers hold a few threads at most, however many are asked for."""
    renderer = DocumentRenderer(1, deadline=PATIENCE)
    waiting = [threading.Thread(target=renderer.render, args=(paper,)) for _ in range(6)]
    try:
        renderer.warm_up()
        held = renderer._take()
        for thread in waiting:
            thread.start()
        deadline = time.monotonic() + PATIENCE
        while renderer._room._value and time.monotonic() < deadline:
            time.sleep(0.01)
        with pytest.raises(DocumentFailed, match="too many papers wait"):
            renderer.render(paper)
        renderer._give_back(held)
        for thread in waiting:
            thread.join(PATIENCE)
        assert renderer.render(paper).startswith(b"%PDF")
    finally:
        renderer.close()


def test_a_machine_that_cannot_start_a_process_now_may_do_so_later(renderer, paper, monkeypatch):
    def refuse(*args, **settings):
        raise OSError(11, "Resource temporarily unavailable")

    with monkeypatch.context() as scarce:
        scarce.setattr("mpay_gateway.documents.rendering_process.subprocess.Popen", refuse)
        for pid in renderer.pids:
            os.kill(pid, signal.SIGKILL)
        for _ in range(3):
            with pytest.raises(DocumentFailed, match="temporarily unavailable"):
                renderer.render(paper)
    assert renderer.render(paper).startswith(b"%PDF")
    assert len(renderer.pids) == 2


def test_closing_ends_every_process_and_later_papers_fail(paper):
    renderer = DocumentRenderer(1)
    (pid,) = renderer.pids
    assert exists(pid)
    renderer.close()
    renderer.close()
    assert not exists(pid)
    with pytest.raises(DocumentFailed, match="ended"):
        renderer.render(paper)


def test_a_process_that_cannot_start_says_why(monkeypatch, tmp_path):
    (tmp_path / "weasyprint.py").write_text("raise OSError('cannot load library libpango')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    renderer = DocumentRenderer(1)
    try:
        with pytest.raises(DocumentFailed, match="cannot load library libpango"):
            renderer.warm_up()
    finally:
        renderer.close()


def test_a_process_is_given_no_secrets(monkeypatch):
    monkeypatch.setenv("MPAY_SECRET", "canary-8f3a")
    renderer = DocumentRenderer(1, deadline=PATIENCE)
    try:
        renderer.warm_up()
        with open(f"/proc/{renderer.pids[0]}/environ", "rb") as file:  # noqa: PTH123
            environment = file.read()
    finally:
        renderer.close()
    assert b"PATH=" in environment
    assert b"canary-8f3a" not in environment


def test_a_process_has_no_way_out_to_the_network_where_the_system_allows_that():
    """In a child, since a process that has left its network cannot come back."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        child = os.fork()
        if child == 0:
            left = leave_network()
            try:
                socket.create_connection(server.getsockname(), timeout=1).close()
                reached = True
            except OSError:
                reached = False
            os._exit(0 if left != reached else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_rendering_inside_a_unit_of_work_is_refused(renderer, paper):
    with unit_of_work_open("test"), pytest.raises(OutboundCallRefused):
        renderer.render(paper)


def test_at_least_one_process_is_needed():
    with pytest.raises(ValueError, match="at least one"):
        DocumentRenderer(0)


def test_the_core_answers_the_hooks_with_named_documents(renderer, texts):
    core = CoreDocuments(renderer, texts)
    invoice = core.mpay_render_invoice(INVOICE, Medium.A4, Language.EN)
    receipt = core.mpay_render_receipt(RECEIPT, Medium.A4, Language.EN)
    assert (invoice.filename, invoice.media_type) == ("Payment notice 48201937465510.pdf", "application/pdf")
    assert (receipt.filename, receipt.media_type) == ("Receipt 7K3QX9M2B4TVW8HN.pdf", "application/pdf")
    russian = core.mpay_render_receipt(RECEIPT, Medium.A4, Language.RU)
    assert russian.filename == "Квитанция 7K3QX9M2B4TVW8HN.pdf"
    assert invoice.content.startswith(b"%PDF-1.7")
    assert receipt.content.startswith(b"%PDF-1.7")


def test_the_core_leaves_small_receipts_to_plugins(renderer, texts):
    core = CoreDocuments(renderer, texts)
    assert core.mpay_render_receipt(RECEIPT, Medium.A5, Language.EN) is None


def test_a_plugin_answers_before_the_core(renderer, texts):
    import pluggy

    from mpay_gateway.domain.documents import Document
    from mpay_gateway.hooks import hookimpl
    from mpay_gateway.hooks.specs import HookSpecs

    class OwnPaper:
        @hookimpl
        def mpay_render_invoice(self, invoice, medium, language):
            return Document(b"own", "text/plain", "own.txt")

    manager = pluggy.PluginManager("mpay_gateway")
    manager.add_hookspecs(HookSpecs)
    manager.register(OwnPaper())
    manager.register(CoreDocuments(renderer, texts))
    answer = manager.hook.mpay_render_invoice(invoice=INVOICE, medium=Medium.A4, language=Language.RO)
    assert answer.content == b"own"
