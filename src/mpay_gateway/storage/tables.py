"""All tables. Amounts are integers of minor units; times are UTC; texts that are hashed are canonical JSON."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from mpay_gateway.storage.types import UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Id = String(64)
_Key = String(64)
_Name = String(128)
# SQLite gives an increasing key only to the exact type INTEGER.
_Serial = BigInteger().with_variant(Integer, "sqlite")


def _money() -> tuple[Column[int], Column[str]]:
    return Column("amount_minor", BigInteger, nullable=False), Column("currency", String(3), nullable=False)


services = Table(
    "services", metadata,
    Column("id", _Id, primary_key=True),
    Column("connector", _Name, nullable=False),
    Column("document", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)  # fmt: skip

orders = Table(
    "orders", metadata,
    Column("service_id", _Id, primary_key=True),
    Column("order_key", _Key, primary_key=True),
    Column("first_seen_at", UtcDateTime, nullable=False),
    Column("acknowledgements", Integer, nullable=False, server_default="0",
           comment="How often its service has said that it knows."),
    comment="One row per order: the lock under which claims are taken.",
)  # fmt: skip

order_snapshots = Table(
    "order_snapshots", metadata,
    Column("id", _Id, primary_key=True),
    Column("service_id", _Id, nullable=False),
    Column("order_key", _Key, nullable=False),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("version", String(64), nullable=False),
    Column("document", Text, nullable=False),
    Column("deviations", Text, nullable=False, server_default="[]"),
    Column("skew_ms", BigInteger),
    Column("known", Integer, nullable=False, server_default="0",
           comment="Of the order's acknowledgements, when it was asked for."),
    Index(None, "service_id", "order_key", "requested_at"),
    comment="One GetOrderDetails answer for one order.",
)  # fmt: skip

invoices = Table(
    "invoices", metadata,
    Column("id", _Id, primary_key=True),
    Column("service_id", _Id, nullable=False),
    Column("order_key", _Key, nullable=False),
    Column("snapshot_id", ForeignKey("order_snapshots.id"), nullable=False),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Index("uq_invoices_open", "service_id", "order_key", unique=True,
          sqlite_where=text("closed_at IS NULL"), postgresql_where=text("closed_at IS NULL")),
)  # fmt: skip

visits = Table(
    "visits", metadata,
    Column("token", _Id, primary_key=True),
    Column("service_id", _Id, nullable=False),
    Column("order_key", _Key, nullable=False),
    Column("return_url", Text, nullable=False),
    Column("channel", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("invoice_id", ForeignKey("invoices.id")),
    Column("factor_passed", Boolean, nullable=False),
    Column("accepted_version", String(64), nullable=False),
    Column("amount_minor", BigInteger),
    Column("form_token", _Id, nullable=False),
    Column("filled", Text, nullable=False, server_default="{}", comment="What the payer gave in the order's fields."),
    Column("chosen_from", _Id, nullable=False, server_default="",
           comment="The visit whose key stands for several orders, one of which was chosen."),
    comment="A payer's place: what the 128-bit address of his pages stands for.",
)  # fmt: skip

provider_accounts = Table(
    "provider_accounts", metadata,
    Column("id", _Id, primary_key=True),
    Column("plugin", _Name, nullable=False),
    Column("first_used_at", UtcDateTime, nullable=False),
)  # fmt: skip

instrument_switches = Table(
    "instrument_switches", metadata,
    Column("instrument_id", _Id, primary_key=True),
    Column("disabled_until", UtcDateTime),
    Column("reason", Text, nullable=False),
    Column("actor", _Name, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)  # fmt: skip

payments = Table(
    "payments", metadata,
    Column("id", _Id, primary_key=True),
    Column("invoice_id", ForeignKey("invoices.id"), nullable=False),
    Column("snapshot_id", ForeignKey("order_snapshots.id"), nullable=False),
    Column("service_id", _Id, nullable=False),
    Column("order_key", _Key, nullable=False),
    Column("instrument_id", _Id, nullable=False),
    Column("account_id", ForeignKey("provider_accounts.id"), nullable=False),
    Column("channel", String(16), nullable=False),
    Column("device", _Id, nullable=False),
    Column("description", Text, nullable=False, comment="What the provider is told, the same at every start."),
    Column("details", Text, nullable=False, comment="What the instrument adds to the start."),
    *_money(),
    Column("state", String(16), nullable=False),
    Column("reference", _Id, nullable=False),
    Column("remote_reference", Text, nullable=False),
    Column("next_step", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("decline_reason", String(32)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("session_until", UtcDateTime, nullable=False),
    Column("captured_at", UtcDateTime),
    Column("next_check_at", UtcDateTime),
    Column("checks", Integer, nullable=False),
    Column("visit_token", _Id, nullable=False),
    Column("form_token", _Id, nullable=False),
    Column("receipt_token", _Id, nullable=False, unique=True),
    Column("language", String(2), nullable=False),
    Column("version", Integer, nullable=False),
    UniqueConstraint("account_id", "reference"),
    Index(None, "account_id", "remote_reference"),
    Index(None, "service_id", "order_key"),
    Index(None, "visit_token"),
    Index("uq_payments_form_token", "form_token", unique=True,
          sqlite_where=text("form_token <> ''"), postgresql_where=text("form_token <> ''")),
)  # fmt: skip

captures = Table(
    "captures", metadata,
    Column("id", _Id, primary_key=True),
    Column("payment_id", ForeignKey("payments.id"), nullable=False, index=True),
    Column("account_id", ForeignKey("provider_accounts.id"), nullable=False),
    Column("transaction_id", _Name, nullable=False),
    *_money(),
    Column("state", String(16), nullable=False),
    Column("captured_at", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    UniqueConstraint("account_id", "transaction_id"),
    Index(None, "captured_at"),  # a day's captures, for reconciliation and settlement
)  # fmt: skip

heard_returns = Table(
    "heard_returns", metadata,
    Column("payment_id", ForeignKey("payments.id"), primary_key=True),
    *_money(),
    Column("asked_at", UtcDateTime, nullable=False),
    comment="What providers say went back, in all, of payments whose money is in review.",
)  # fmt: skip

capture_intents = Table(
    "capture_intents", metadata,
    Column("id", _Id, primary_key=True),
    Column("payment_id", ForeignKey("payments.id"), nullable=False, unique=True),
    Column("key", _Id, nullable=False, unique=True),
    *_money(),
    Column("state", String(16), nullable=False),
    Column("wanted", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_error", Text, nullable=False),
    comment="Two-step: the decision to take held money, stored before the provider is asked.",
)  # fmt: skip

claims = Table(
    "claims", metadata,
    Column("id", _Id, primary_key=True),
    Column("service_id", _Id, nullable=False),
    Column("order_key", _Key, nullable=False),
    Column("snapshot_id", ForeignKey("order_snapshots.id"), nullable=False),
    Column("payment_id", ForeignKey("payments.id"), nullable=False, unique=True),
    *_money(),
    Column("payable_minor", BigInteger, comment="What was payable when the claim was taken; null when unknown."),
    Column("advance", Boolean, nullable=False),
    Column("shares", Text, nullable=False, comment="Line id and minor units of each line's part."),
    Column("state", String(16), nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("acknowledged_at", UtcDateTime),
    Column("acknowledgement", Integer, comment="Which one of its order; null: none yet."),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "service_id", "order_key"),
)  # fmt: skip

WAITING = "state <> 'confirmed' AND state <> 'given-up'"
"""Deliveries whose service has still to be told: the index holds no others, and is used where these words stand."""

deliveries = Table(
    "deliveries", metadata,
    Column("id", _Id, primary_key=True),
    Column("payment_id", ForeignKey("payments.id"), nullable=False, unique=True),
    Column("service_id", _Id, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("unanswered", Integer, nullable=False),
    Column("content", Text, nullable=False),
    Column("content_digest", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("confirmed_at", UtcDateTime),
    Column("parked_reason", Text, nullable=False),
    Column("note", Text, nullable=False, server_default="", comment="What an operator said of it last."),
    Column("owner", _Name, nullable=False, server_default="", comment="Who looks after a parked one."),
    Column("last_error", Text, nullable=False),
    Index(None, "service_id", "state"),
    Index("ix_deliveries_waiting", "service_id", "created_at",
          sqlite_where=text(WAITING), postgresql_where=text(WAITING)),
)  # fmt: skip

filled_fields = Table(
    "filled_fields", metadata,
    Column("payment_id", ForeignKey("payments.id"), primary_key=True),
    Column("content", Text, nullable=False),
    comment="What the payer gave in the order's fields, by their ids.",
)  # fmt: skip

reversals = Table(
    "reversals", metadata,
    Column("id", _Id, primary_key=True),
    Column("payment_id", ForeignKey("payments.id"), nullable=False, index=True),
    Column("capture_id", ForeignKey("captures.id"), unique=True),
    Column("key", _Id, nullable=False, unique=True),
    *_money(),
    Column("returned_minor", BigInteger, nullable=False, server_default="0",
           comment="What the provider says that it gave back on our word."),
    Column("ground", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    Column("last_error", Text, nullable=False),
)  # fmt: skip

decisions = Table(
    "decisions", metadata,
    Column("id", _Id, primary_key=True),
    Column("payment_id", ForeignKey("payments.id"), nullable=False, index=True),
    Column("act", String(16), nullable=False),
    Column("subject", _Id, nullable=False),
    *_money(),
    Column("reason", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("opened_by", _Name, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("decided_by", _Name, nullable=False),
    Column("decided_at", UtcDateTime),
    Index("uq_decisions_open", "subject", unique=True,
          sqlite_where=text("state = 'proposed'"), postgresql_where=text("state = 'proposed'")),
    comment="What two operators decide together; one open proposal for each subject.",
)  # fmt: skip

refunds = Table(
    "refunds", metadata,
    Column("id", _Id, primary_key=True),
    Column("payment_id", ForeignKey("payments.id"), nullable=False, index=True),
    Column("capture_id", ForeignKey("captures.id"), nullable=False, index=True),
    Column("decision_id", ForeignKey("decisions.id"), unique=True),
    Column("key", _Id, nullable=False, unique=True),
    *_money(),
    Column("returned_minor", BigInteger, nullable=False, comment="What the provider says that it gave back."),
    Column("ground", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("released_at", UtcDateTime, comment="Since when money may leave."),
    Column("done_at", UtcDateTime),
    Column("acknowledged_at", UtcDateTime),
    Column("last_error", Text, nullable=False),
    comment="Confirmed money that goes back, in parts or whole.",
)  # fmt: skip

inbox = Table(
    "inbox", metadata,
    Column("id", _Id, primary_key=True),
    Column("account_id", _Id, nullable=False),
    Column("event_id", _Name, nullable=False),
    Column("reference", _Name, nullable=False),
    Column("remote_reference", Text, nullable=False),
    Column("payment_id", ForeignKey("payments.id")),
    Column("state", String(16), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("account_id", "event_id"),
    Index(None, "payment_id", "state"),
    # Orphans are looked for at each start of a payment.
    Index("ix_inbox_orphans", "account_id", "reference",
          sqlite_where=text("state = 'orphan'"), postgresql_where=text("state = 'orphan'")),
    Index("ix_inbox_remote_orphans", "account_id", "remote_reference",
          sqlite_where=text("state = 'orphan' AND remote_reference <> ''"),
          postgresql_where=text("state = 'orphan' AND remote_reference <> ''")),
    comment="Authenticated callbacks, kept before they are answered.",
)  # fmt: skip

intakes = Table(
    "intakes", metadata,
    Column("account_id", _Id, primary_key=True),
    Column("key", _Name, primary_key=True),
    Column("service_id", _Id, nullable=False),
    Column("order_key", _Key, nullable=False),
    *_money(),
    Column("device", _Id, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(32)),
    Column("payment_id", ForeignKey("payments.id"), index=True),
    Column("message", LargeBinary, nullable=False, comment="Of a refusal, as it came."),
    Column("at", UtcDateTime, nullable=False),
    comment="What a terminal or a network said under each key of its own, and what came of it.",
)  # fmt: skip

plugin_records = Table(
    "plugin_records", metadata,
    Column("namespace", _Id, primary_key=True),
    # Compared byte by byte on every database: listing goes by ranges of keys.
    Column("key", String(128).with_variant(String(128, collation="C"), "postgresql"), primary_key=True),
    Column("value", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    comment="What plugins keep for themselves, each instance in its namespace.",
)  # fmt: skip

tasks = Table(
    "tasks", metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),
    Column("subject", _Id, nullable=False),
    Column("due", UtcDateTime, comment="Null: nothing to do now; the row keeps the fence."),
    Column("lease_until", UtcDateTime),
    Column("leased_by", _Name, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("service_id", _Id, nullable=False, server_default="", comment="Whom a delivery goes to, else empty."),
    Column("wishes", BigInteger, nullable=False, server_default="0", comment="How often it was hurried."),
    UniqueConstraint("kind", "subject"),
    Index("ix_tasks_queue", "service_id", "due",
          sqlite_where=text("due IS NOT NULL"), postgresql_where=text("due IS NOT NULL")),
    comment="The one table that workers claim from.",
)  # fmt: skip

breakers = Table(
    "breakers", metadata,
    Column("kind", String(16), primary_key=True),
    Column("subject", _Id, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("opened_at", UtcDateTime, comment="Null: closed."),
    Column("probe_at", UtcDateTime),
    Column("about", _Id, nullable=False),
    Column("last_error", Text, nullable=False),
    comment="Which counterparts answer no calls of a kind: one small row each, shared by all processes.",
)  # fmt: skip

restorations = Table(
    "restorations", metadata,
    Column("epoch", Integer, primary_key=True, autoincrement=False),
    Column("since", UtcDateTime, nullable=False),
    Column("noticed_at", UtcDateTime, nullable=False),
    Column("noticed_by", _Name, nullable=False),
    Column("reason", Text, nullable=False),
    Column("reconciled_at", UtcDateTime),
    Column("finished_at", UtcDateTime, comment="Null: nothing new may begin."),
    Column("finished_by", _Name, nullable=False),
    comment="When the database went back to a backup.",
)  # fmt: skip

ledger_accounts = Table(
    "ledger_accounts", metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False, unique=True),
)  # fmt: skip

ledger_transactions = Table(
    "ledger_transactions", metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),
    Column("subject", _Id, nullable=False),
    Column("payment_id", ForeignKey("payments.id"), index=True),
    Column("at", UtcDateTime, nullable=False),
    UniqueConstraint("kind", "subject"),
)  # fmt: skip

ledger_entries = Table(
    "ledger_entries", metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("transaction_id", ForeignKey("ledger_transactions.id"), nullable=False, index=True),
    Column("account_id", ForeignKey("ledger_accounts.id"), nullable=False, index=True),
    *_money(),
    comment="Debits are positive, credits negative. Insert only.",
)  # fmt: skip

audit = Table(
    "audit", metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("payment_id", _Id, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", _Name, nullable=False),
    Column("machine", String(16), nullable=False),
    Column("subject", _Id, nullable=False),
    Column("event", String(32), nullable=False),
    Column("before", String(16), nullable=False),
    Column("after", String(16), nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    UniqueConstraint("payment_id", "seq"),
    comment="Every change of a state, chained per payment. Insert only.",
)  # fmt: skip

evidence = Table(
    "evidence", metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("subject", _Id, nullable=False, comment="A payment, or the snapshot that a look-up led to."),
    Column("seq", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("direction", String(8), nullable=False),
    Column("operation", _Name, nullable=False),
    Column("meta", Text, nullable=False),
    Column("body_digest", String(64), nullable=False),
    Column("body_size", BigInteger, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    UniqueConstraint("subject", "seq"),
    # By time, for people. On PostgreSQL a summary of pages, which costs those who add rows next to nothing.
    Index(None, "at", postgresql_using="brin"),
    comment="Every message sent and received, chained per subject. Insert only.",
)  # fmt: skip

fruitless_lookups = Table(
    "fruitless_lookups", metadata,
    Column("subject", _Id, primary_key=True, comment="Of its messages in the evidence."),
    Column("service_id", _Id, nullable=False),
    Column("order_key", _Key, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "service_id", "order_key"),
    comment="Look-ups that led to no order, by the order that was asked for.",
)  # fmt: skip

service_certificates = Table(
    "service_certificates", metadata,
    Column("service_id", _Id, primary_key=True),
    Column("fingerprint", String(64), primary_key=True, comment="SHA-256 of its DER."),
    Column("pem", Text, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    comment="Every certificate that was ever registered for a service: its old messages verify with old ones.",
)  # fmt: skip

evidence_bodies = Table(
    "evidence_bodies", metadata,
    Column("evidence_id", ForeignKey("evidence.id"), primary_key=True),
    Column("body", LargeBinary, nullable=False),
    comment="Bodies apart from their digests: retention may erase a body, the chain still verifies.",
)  # fmt: skip

heard_answers = Table(
    "heard_answers", metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("service_id", _Id, nullable=False),
    Column("answer_to", String(16), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("subject", _Id, nullable=False, comment="Of its messages in the evidence."),
    Column("took_ms", BigInteger),
    Column("skew_ms", BigInteger),
    Column("deviations", Text, nullable=False),
    comment="Answers of services that wait to be counted, written in the commit that each led to.",
)  # fmt: skip

deviations = Table(
    "deviations", metadata,
    Column("service_id", _Id, primary_key=True),
    Column("answer_to", String(16), primary_key=True),
    Column("code", _Id, primary_key=True),
    Column("path", String(200), primary_key=True),
    Column("times", BigInteger, nullable=False),
    Column("first_seen_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("example", Text, nullable=False),
    Column("subject", _Id, nullable=False, comment="Of the messages of the last time, in the evidence."),
    comment="How each service deviates from the contract, and how often.",
)  # fmt: skip

answer_days = Table(
    "answer_days", metadata,
    Column("service_id", _Id, primary_key=True),
    Column("answer_to", String(16), primary_key=True),
    Column("day", Date, primary_key=True, comment="UTC."),
    Column("answers", BigInteger, nullable=False),
    Column("took", Text, nullable=False, comment="How often each time in milliseconds, to two digits."),
    Column("skew", Text, nullable=False, comment="The same of its clock minus ours."),
    Column("last_skew_ms", BigInteger),
    Column("last_at", UtcDateTime, nullable=False),
    comment="A day of one service's answers: how fast, and how its clock went.",
)  # fmt: skip

heard_signatures = Table(
    "heard_signatures", metadata,
    Column("service_id", _Id, primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("subject", _Id, nullable=False, comment="The payment or the snapshot that it told of."),
    Column("heard_at", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False, index=True),
    comment="Signatures that were believed, as long as a copy of them would be fresh.",
)  # fmt: skip

operators = Table(
    "operators", metadata,
    Column("name", _Name, primary_key=True),
    Column("token_hash", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("disabled_at", UtcDateTime),
)  # fmt: skip

pos_terminals = Table(
    "pos_terminals", metadata,
    Column("id", _Id, primary_key=True),
    Column("caller", _Id, nullable=False, comment="Who registered it, as the settings name him."),
    Column("organization_name", String(120), nullable=False),
    Column("organization_idno", String(13), nullable=False),
    Column("office_address", String(255), nullable=False),
    Column("organization_service", String(120), nullable=False),
    Column("counter", String(60), nullable=False),
    Column("terminal_id", String(36), nullable=False),
    Column("vendor_name", String(60), nullable=False),
    Column("intended_ip", String(45), nullable=False, comment="The only address that it may call from."),
    Column("registered_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("disabled_at", UtcDateTime),
    Column("disabled_why", Text, nullable=False),
    UniqueConstraint("caller", "vendor_name", "terminal_id"),
    Index(None, "intended_ip", "caller"),
    comment="POS terminals at counters. What became of each is noted in the evidence.",
)  # fmt: skip

unsealed_chains = Table(
    "unsealed_chains", metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("chain", String(16), nullable=False),
    Column("subject", _Id, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    comment="Chains that grew since they were sealed, written in the commit of their rows.",
)  # fmt: skip

seal_certificates = Table(
    "seal_certificates", metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("pem", Text, nullable=False),
    comment="Certificates of the keys that seals were signed with. Insert only.",
)  # fmt: skip

seals = Table(
    "seals", metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("previous", String(64), nullable=False, unique=True),
    Column("root", String(64), nullable=False),
    Column("chains", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("first", Text, nullable=False),
    Column("last", Text, nullable=False),
    Column("signer", ForeignKey("seal_certificates.fingerprint"), nullable=False),
    Column("signature", Text, nullable=False),
    comment="The chain of seals over the heads of audit and evidence chains. Insert only.",
)  # fmt: skip

seal_heads = Table(
    "seal_heads", metadata,
    Column("seal_number", ForeignKey("seals.number"), nullable=False, index=True),
    Column("chain", String(16), primary_key=True),
    Column("subject", _Id, primary_key=True),
    Column("first_seq", Integer, nullable=False),
    Column("last_seq", Integer, primary_key=True),
    Column("digest", String(64), nullable=False),
    comment="Where each sealed chain ended. Insert only.",
)  # fmt: skip

statements = Table(
    "statements", metadata,
    Column("id", _Id, primary_key=True),
    Column("account_id", _Id, nullable=False),
    Column("day", Date, nullable=False, comment="In the provider's own calendar."),
    Column("digest", String(64), nullable=False),
    Column("line_count", Integer, nullable=False),
    Column("evidence", _Id, nullable=False, comment="The subject of the messages that it came by."),
    Column("read_at", UtcDateTime, nullable=False),
    Column("problems", Text, nullable=False, server_default="",
           comment="What could not be read beside it, a line each."),
    UniqueConstraint("account_id", "day", "digest"),
    comment="A provider's statement of one day; a day that grew has another one.",
)  # fmt: skip

statement_lines = Table(
    "statement_lines", metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("statement_id", ForeignKey("statements.id"), nullable=False, index=True),
    Column("account_id", _Id, nullable=False),
    Column("day", Date, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("occurrence", Integer, nullable=False, comment="How many equal lines stood before it in the statement."),
    Column("movement", String(64), nullable=False, comment="What can be posted once; the posting's subject."),
    Column("transaction_id", _Name, nullable=False),
    Column("reference", _Name, nullable=False),
    Column("kind", _Name, nullable=False),
    Column("gross_minor", BigInteger, nullable=False),
    Column("fee_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("payment_id", ForeignKey("payments.id"), index=True),
    Column("capture_id", ForeignKey("captures.id"), index=True, unique=True),
    Column("reversal_id", ForeignKey("reversals.id"), unique=True),
    Column("refund_id", ForeignKey("refunds.id")),
    Column("rest_of_id", ForeignKey("reversals.id"), comment="The reversal of which it is what another line left."),
    UniqueConstraint("account_id", "day", "digest", "occurrence"),
    Index(None, "movement"),
    Index(None, "account_id", "transaction_id"),
    Index("uq_statement_lines_refund_id", "refund_id", unique=True),
    Index("uq_statement_lines_rest_of_id", "rest_of_id", unique=True),
    Index(None, "account_id", "at"),
    Index("ix_statement_lines_undecided", "account_id", "id",
          sqlite_where=text("outcome IN ('waiting', 'unknown')"),
          postgresql_where=text("outcome IN ('waiting', 'unknown')")),
    comment="Each line once, and what it is in our books.",
)  # fmt: skip

dismissals = Table(
    "dismissals", metadata,
    Column("id", _Id, primary_key=True),
    Column("line_id", ForeignKey("statement_lines.id"), nullable=False, index=True),
    Column("outcome", String(16), nullable=False, comment="What the line was then."),
    Column("reason", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("opened_by", _Name, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("decided_by", _Name, nullable=False),
    Column("decided_at", UtcDateTime),
    Index("uq_dismissals_open", "line_id", unique=True,
          sqlite_where=text("state = 'proposed'"), postgresql_where=text("state = 'proposed'")),
    comment="What two operators agree on about lines that nothing explains; one open proposal for each.",
)  # fmt: skip

settlement_days = Table(
    "settlement_days", metadata,
    Column("day", Date, primary_key=True, comment="In Chisinau."),
    Column("closed_at", UtcDateTime, nullable=False),
    comment="Days whose money is on its way to the services: what turns up later goes into a later day.",
)  # fmt: skip

settlements = Table(
    "settlements", metadata,
    Column("id", _Id, primary_key=True),
    Column("day", ForeignKey("settlement_days.day"), nullable=False),
    Column("account", Text, nullable=False, comment="The payable account: service and IBAN."),
    *_money(),
    Column("content", Text, nullable=False, comment="The file, the same at every run."),
    UniqueConstraint("day", "account", "currency"),
    comment="What one beneficiary gets of one day.",
)  # fmt: skip

settlement_entries = Table(
    "settlement_entries", metadata,
    Column("entry_id", ForeignKey("ledger_entries.id"), primary_key=True),
    Column("settlement_id", ForeignKey("settlements.id"), nullable=False, index=True),
    comment="Which entry of a payable account is in which settlement: in one at most.",
)  # fmt: skip
