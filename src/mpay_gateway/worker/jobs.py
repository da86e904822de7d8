"""Which flow function does which kind of task."""

from collections.abc import Callable

from mpay_gateway.flow.answer_counting import count_answers
from mpay_gateway.flow.audit.sealing import seal
from mpay_gateway.flow.bookkeeping.statement_intake import read_statement
from mpay_gateway.flow.confirmation_delivery import deliver
from mpay_gateway.flow.evidence.retention import erase_old
from mpay_gateway.flow.inbound.claims import expire
from mpay_gateway.flow.inbound.plugin_jobs import run_job
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.rechecking import recheck
from mpay_gateway.flow.refunds.refunding import refund
from mpay_gateway.flow.reversal import reverse
from mpay_gateway.flow.two_step import finish_authorised
from mpay_gateway.storage.tasks import Lease, TaskKind

JOBS: dict[TaskKind, Callable[[Parts, Lease], None]] = {
    TaskKind.DELIVER: deliver,
    TaskKind.RECHECK: recheck,
    TaskKind.FINISH: finish_authorised,
    TaskKind.REVERSE: reverse,
    TaskKind.REFUND: refund,
    TaskKind.SEAL: seal,
    TaskKind.EXPIRE: expire,
    TaskKind.JOB: run_job,
    TaskKind.STATEMENT: read_statement,
    TaskKind.COUNT: count_answers,
    TaskKind.ERASE: erase_old,
}
