"""What calls leave behind, whenever they end."""

from sqlalchemy import event

from mpay_gateway.domain.errors import OutcomeUnknown
from mpay_gateway.domain.evidence import MessageMeta
from mpay_gateway.flow.settling import settle


def test_an_answer_that_comes_while_the_question_is_stored_stops_nothing(gateway, monkeypatch):
    """A call past its deadline goes on in a thread of its own, and reports to the sink that is just being saved."""
    payment = gateway.start("ORDER-1")
    late: list[object] = []

    def fetch(account_id: str, to_check: object, reading: object) -> object:
        to_check.evidence.sent(b"question", MessageMeta("fetch"))
        late.append(lambda: to_check.evidence.received(b"answer", MessageMeta("fetch", status=200)))
        raise OutcomeUnknown("no answer in time")

    def answer_comes(connection: object, cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO evidence ") and late:
            late.pop()()

    monkeypatch.setattr(gateway.calls, "fetch_confirmation", fetch)
    event.listen(gateway.parts.units.engine, "after_cursor_execute", answer_comes)
    settle(gateway.parts, payment.id)
    assert late == []
    assert gateway.now(payment).checks == 1
    rows = gateway.parts.units.read(lambda work: work.evidence.of_subject(payment.id))
    assert [row.direction for row in rows if row.operation == "fetch"] == ["sent"]
