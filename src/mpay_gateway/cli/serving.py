"""The application as each process of the server makes it."""

import ctypes
import os
import signal
import sys
import threading
from multiprocessing.util import Finalize

import structlog

from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.draining import is_leaving
from mpay_gateway.cli.logs import VARIABLE, LogFormat, configure_logs
from mpay_gateway.domain.errors import DocumentFailed
from mpay_gateway.flow.parts import Parts
from mpay_gateway.web import compile_pages, make_app
from mpay_gateway.web.application import WsgiApp
from mpay_gateway.web.crowd import Crowd

PLACES = "MPAY_SERVE_PLACES"
"""Tells the processes of the server how many payers each serves at once."""
PR_SET_PDEATHSIG = 1
"""Linux, prctl(2)."""
_log = structlog.get_logger("serve")


def application() -> WsgiApp:
    """What granian calls in each of its processes: the application of the ini that MPAY_CONFIG names.

    Papers warm up beside it: no payer waits for fonts, and what is missing shows at the start.
    Raises: ConfigurationError.
    """
    end_with_the_parent()
    configure_logs(LogFormat(os.environ[VARIABLE]))
    parts = Configured(None).parts
    app = make_app(parts, leaving=is_leaving, crowd=Crowd(int(os.environ[PLACES])))
    # When the last request is answered: what runs beside them ends in order, and gives its leases back.
    Finalize(None, parts.close, exitpriority=100)
    threading.Thread(target=warm_up_papers, args=(parts,), name="warm-up", daemon=True).start()
    threading.Thread(target=compile_pages, name="compile-pages", daemon=True).start()
    _log.info("gateway_ready", process=parts.process)
    return app


def end_with_the_parent() -> None:
    """Let the kernel stop this process in order when the server's first process dies, however it dies.

    Else it would go on serving at an address that no new server could take.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def warm_up_papers(parts: Parts) -> None:
    """Draw a first page. A failure is logged: the gateway takes payments without papers too."""
    try:
        parts.papers.warm_up()
    except DocumentFailed as error:
        _log.error("papers_not_ready", detail=str(error))
    else:
        _log.info("papers_ready", process=parts.process)
