"""What looks like a guard of money bears a mark, so that a mutant breaks it, or says here why it needs none."""

import ast
from collections.abc import Iterator

from tests.architecture import checkout

LAYERS = ("domain", "storage", "flow", "worker")
REFUSALS = {"Conflict", "InvalidTransition", "NotPayable", "NotAtCounters", "NotAuthorised"}
"""What a function raises that keeps somebody from doing what he may not do, or may not do any more."""
FACTS = {"state", "fence", "version", "capture_id", "unanswered"}
"""What stored rows are judged by before they are written."""
WRITES = {"change", "change_capture", "amend", "post", "renew"}
"""Methods that move money's rows."""

_LOCKED = "compare-and-set of a row that its caller holds: no world on SQLite reaches it"
_AFTER = "writes down what was decided before it was called; whoever decides is marked"
_SEEN = "simulated operators say what is so; `tests/unit/flow/test_mended_reversals.py` has others"
_OF_NO_MONEY = "no money hangs on it; `tests/unit/flow/test_dismissing.py` decides on lines"
_NO_THIRTY_DAYS = "no world lasts for thirty days; `tests/unit/flow/test_ended_silence.py` has some"
_PEOPLE = "keeps people from what is no harm to money: `tests/unit` knows the answer that they get"
UNMARKED = {
    "storage.capture_intents:CaptureIntents.change": _LOCKED,
    "storage.claims:Claims.change": _LOCKED,
    "storage.decisions:Decisions.add": _LOCKED,
    "storage.decisions:Decisions.decide": _LOCKED,
    "storage.dismissals:Dismissals.add": _LOCKED,
    "storage.deliveries:Deliveries.change": _LOCKED,
    "storage.payments:Payments.change_capture": _LOCKED,
    "storage.payments:Payments._store": _LOCKED,
    "storage.refunds:Refunds._store": _LOCKED,
    "storage.reversals:Reversals.change": _LOCKED,
    "storage.payments:Payments.add": "says that an account has no free reference left: nothing was begun",
    "storage.records:PluginRecords.put": "a plugin's own data: no money of the core's hangs on it",
    "flow.audit.sealing:seal_now": "tells a person that somebody else seals; the lease is the guard",
    "flow.bookkeeping.dismissing:_unexplained": _OF_NO_MONEY,
    "flow.bookkeeping.statement_intake:_lease": "tells a person that somebody else reads; the lease is the guard",
    "flow.captures:_Recording._captured": _AFTER,
    "flow.captures:_Recording._claim_order": _AFTER,
    "flow.counter:open_at_counter": "keeps payers from where their service takes no money; nothing is begun",
    "flow.decisions:_held": "a decision is decided once: the table has no other edge, and `transition` is marked",
    "flow.decisions:_refuse_what_may_have_gone": "no simulated database goes back in time; "
    "`tests/unit/flow/test_restored_refunds.py` has one",
    "flow.decisions:_review": "money is reviewed once: the table has no other edge, and `transition` is marked",
    "flow.delivery_release:give_back": _AFTER,
    "flow.delivery_release:give_up_delivery": "the table gives up what is parked, once, and `transition` is marked",
    "flow.delivery_release:refuse_unanswered": "the invariant of the shop's books knows it; `test_decisions.py` too",
    "flow.foreign_returns:dismiss": _PEOPLE,
    "flow.held_deliveries:hurry_delivery": "what is given up has no other edge, and `transition` is marked",
    "flow.held_deliveries:park_delivery": _PEOPLE,
    "flow.held_deliveries:take_parked": _PEOPLE,
    "flow.hold_calls:wrong_void": _AFTER,
    "flow.hold_calls:_capture_later": _AFTER,
    "flow.hold_calls:_void_done": _AFTER,
    "flow.hold_calls:_void_later": _AFTER,
    "flow.holds:leave_to_people": _AFTER,
    "flow.holds:note_taken": _AFTER,
    "flow.inbound.acceptance:check_same": "a caller that says two things under one key: no simulated network does; "
    "`tests/unit/flow/test_payment_intake.py` does",
    "flow.inbound.payment_intake:Port._place": "a plugin that confirms otherwise has no place at the port",
    "flow.invoicing:_agreed": "shows what changed; `start.agreed` guards what is paid",
    "flow.operating.restoring:begin_by_hand": _PEOPLE,
    "flow.operating.restoring:finish": "no simulated database goes back in time",
    "flow.operators:actor_of": "who acts is known before the flow is asked; simulated operators have no tokens",
    "flow.operators:OperatorBook._give_token": "spares a token; who holds one is known before the flow is asked",
    "flow.paid_elsewhere:make_room": "a rival pays in just that minute in few worlds, which watch it; "
    "`test_paid_elsewhere.py` has each case",
    "flow.receipt:invoice_pdf": "a paper, and no money",
    "flow.refunds.acts:acknowledge_refund": _PEOPLE,
    "flow.refunds.unanswered:_for_people": _NO_THIRTY_DAYS,
    "flow.refunds.opening:_refuse_what_went_since": "no simulated database goes back in time; "
    "`tests/unit/flow/test_restored_refunds.py` has one",
    "flow.reversal_acts:acknowledge_reversal": _SEEN,
    "flow.reversal_acts:refuse_what_went_since": "a bank's people send one of two equal sums just then in no world; "
    "`tests/unit/flow/test_heard_reversals.py` has them",
    "flow.reversal_acts:_left": _SEEN,
    "flow.reversal_acts:_refuse_what_may_be_back": "no simulated operator gives the command; "
    "`tests/unit/flow/test_asked_before_a_retry.py` has some",
    "flow.reversal_acts:_for_people": _SEEN,
    "flow.reversal_acts:retry_reversal": "no simulated operator gives the command; `test_mended_reversals.py` has some",
    "flow.review:accept_capture": "the room is asked for by `room_for`, which is marked",
    "flow.reviewed_returns:refuse_known_returns": "no world has a check that shows it; "
    "`tests/unit/flow/test_reviewed_returns.py` does",
    "flow.reviewed_returns:refuse_what_went_back": "no world has a check that shows it; "
    "`tests/unit/flow/test_reviewed_returns.py` does",
    "flow.two_step:_void": _AFTER,
}


def functions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """Functions of modules and classes by name. One within another belongs to the outer one."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from functions(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.FunctionDef):
            yield f"{prefix}{node.name}", node


def name_of(node: ast.AST | None) -> str:
    match node:
        case ast.Call(func=called):
            return name_of(called)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def is_marked(function: ast.FunctionDef) -> bool:
    return any(name_of(each) == "guards" for each in function.decorator_list)


def refuses(function: ast.FunctionDef) -> bool:
    return any(isinstance(each, ast.Raise) and name_of(each.exc) in REFUSALS for each in ast.walk(function))


def questions(function: ast.FunctionDef) -> Iterator[ast.expr]:
    for node in ast.walk(function):
        match node:
            case (
                ast.If(test=asked) | ast.IfExp(test=asked) | ast.While(test=asked) | ast.Match(subject=asked)
            ):
                yield asked
            case ast.match_case(guard=ast.expr() as asked):
                yield asked
            case ast.comprehension(ifs=asked):
                yield from asked


def decides(function: ast.FunctionDef) -> bool:
    """Whether it asks how a stored row stands, and writes one."""
    judges = any(
        isinstance(each, ast.Attribute) and each.attr in FACTS
        for asked in questions(function)
        for each in ast.walk(asked)
    )
    calls = (each for each in ast.walk(function) if isinstance(each, ast.Call))
    return judges and any(isinstance(each.func, ast.Attribute) and name_of(each) in WRITES for each in calls)


def looks_like_a_guard(function: ast.FunctionDef) -> bool:
    return refuses(function) or decides(function)


def unmarked_guards() -> set[str]:
    return {
        f"{'.'.join(path.relative_to(checkout.CORE).with_suffix('').parts)}:{name}"
        for layer in LAYERS
        for path in checkout.modules(checkout.CORE / layer)
        if "migrations" not in path.parts
        for name, function in functions(checkout.parse(path))
        if looks_like_a_guard(function) and not is_marked(function)
    }


def test_what_looks_like_a_guard_is_marked_or_says_why_not():
    found = unmarked_guards()
    assert sorted(found - set(UNMARKED)) == [], (
        "mark it with @guards and break it by a mutant, or say why not"
    )
    assert sorted(set(UNMARKED) - found) == [], "is marked, or looks like no guard any more"


GUARDS = (
    "raise Conflict('taken')",
    "raise NotPayable",
    "def inner():\n        raise InvalidTransition('again')",
    "if row.state is State.DUE:\n        rows.change(row)",
    "if row.fence != lease.fence and late:\n        work.tasks.renew(lease)",
    "work.ledger.post('x') if not void.capture_id else None",
    "match row.state:\n        case State.DUE:\n            work.payments.amend(row)",
    "[work.payments.change(each) for each in rows if each.version == known]",
)
NO_GUARDS = (
    "raise NotFound('nobody')",
    "raise",
    "if row.state is State.DUE:\n        return row",
    "rows.change(row)",
    "if row.amount:\n        rows.change(row)",
)


def function(body: str, mark: str = "") -> ast.FunctionDef:
    ((_, found),) = functions(ast.parse(f"{mark}def f():\n    {body}\n"))
    return found


def test_the_rule_sees_every_form_of_a_guard():
    assert [body for body in GUARDS if not looks_like_a_guard(function(body))] == []
    assert [body for body in NO_GUARDS if looks_like_a_guard(function(body))] == []


def test_the_rule_sees_methods_and_marks():
    tree = ast.parse("class A:\n    def f(self):\n        raise Conflict")
    assert [(name, looks_like_a_guard(each)) for name, each in functions(tree)] == [("A.f", True)]
    assert is_marked(function("pass", "@guards('x')\n"))
    assert not is_marked(function("pass", "@cache\n"))
