-- Times are milliseconds since 1970 UTC; amounts are integer minor units.
CREATE TABLE IF NOT EXISTS sessions (
    id TEXT PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    idempotency_key TEXT NOT NULL UNIQUE,
    request_digest TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    currency TEXT NOT NULL,
    description TEXT NOT NULL,
    language TEXT NOT NULL,
    mode TEXT NOT NULL,
    return_url TEXT NOT NULL,
    callback_url TEXT NOT NULL,
    status TEXT NOT NULL,
    stage TEXT NOT NULL,
    test_card TEXT,
    masked_card TEXT,
    decline_reason TEXT,
    authorised_minor INTEGER NOT NULL DEFAULT 0,
    challenge_failures INTEGER NOT NULL DEFAULT 0,
    unknown_answers INTEGER NOT NULL DEFAULT 0,
    sequence INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS sessions_awaiting_the_payer ON sessions (expires_at) WHERE stage IN ('card', 'challenge');
CREATE INDEX IF NOT EXISTS sessions_by_age ON sessions (created_at);

CREATE TABLE IF NOT EXISTS transactions (
    id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (id),
    operation TEXT NOT NULL CHECK (operation IN ('capture', 'reversal')),
    kind TEXT NOT NULL CHECK (kind IN ('capture', 'void', 'reversal')),
    key TEXT,
    asked_minor INTEGER NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    fee_minor INTEGER NOT NULL CHECK (fee_minor >= 0),
    currency TEXT NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (session_id, operation, key)
);
CREATE INDEX IF NOT EXISTS transactions_by_session ON transactions (session_id, at);
CREATE INDEX IF NOT EXISTS transactions_by_time ON transactions (at);

CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY,
    transaction_id TEXT NOT NULL REFERENCES transactions (id),
    account TEXT NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS entries_by_transaction ON entries (transaction_id);
CREATE TRIGGER IF NOT EXISTS entries_never_change BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'ledger entries are insert only'); END;
CREATE TRIGGER IF NOT EXISTS entries_never_vanish BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'ledger entries are insert only'); END;

CREATE TABLE IF NOT EXISTS callbacks (
    id INTEGER PRIMARY KEY,
    event_id TEXT NOT NULL,
    session_id TEXT NOT NULL REFERENCES sessions (id),
    event TEXT NOT NULL,
    url TEXT NOT NULL,
    body TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    in_flight INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    last_outcome TEXT,
    delivered_at INTEGER
);
CREATE INDEX IF NOT EXISTS callbacks_due ON callbacks (due_at) WHERE delivered_at IS NULL;
CREATE INDEX IF NOT EXISTS callbacks_on_their_way ON callbacks (session_id) WHERE in_flight = 1;

CREATE TABLE IF NOT EXISTS agenda (
    id INTEGER PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (id),
    step TEXT NOT NULL,
    due_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS agenda_due ON agenda (due_at);

CREATE TABLE IF NOT EXISTS faults (name TEXT PRIMARY KEY, value TEXT NOT NULL);
