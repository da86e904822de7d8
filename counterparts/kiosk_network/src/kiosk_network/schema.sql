-- Money in the boxes of the kiosks, by the network's own number of the payment.
CREATE TABLE IF NOT EXISTS transactions (
    txn_id      INTEGER PRIMARY KEY,
    kiosk       TEXT NOT NULL,
    account     TEXT NOT NULL,
    sum_minor   INTEGER NOT NULL,
    state       TEXT NOT NULL,           -- taken, accepted, refused
    taken_at    TEXT NOT NULL,           -- UTC, RFC 3339
    tries       INTEGER NOT NULL DEFAULT 0,
    result      INTEGER,                 -- of the last answer that was read
    prv_txn     TEXT NOT NULL DEFAULT '',
    comment     TEXT NOT NULL DEFAULT '',
    next_try    REAL NOT NULL DEFAULT 0  -- seconds since 1970
);
CREATE INDEX IF NOT EXISTS by_state ON transactions (state, next_try);

-- Every call, as long as an answer was read or given up on.
CREATE TABLE IF NOT EXISTS calls (
    id      INTEGER PRIMARY KEY,
    txn_id  INTEGER NOT NULL,
    command TEXT NOT NULL,
    outcome TEXT NOT NULL,               -- the result, or why there is none
    prv_txn TEXT NOT NULL DEFAULT ''
);
