-- Amounts are whole bani, times ISO 8601 in UTC.

CREATE TABLE IF NOT EXISTS orders (
    order_key TEXT PRIMARY KEY,
    place TEXT NOT NULL UNIQUE,
    service_id TEXT NOT NULL,
    offer TEXT NOT NULL,
    kind TEXT NOT NULL,
    customer_name TEXT NOT NULL,
    customer_id TEXT,
    detail TEXT NOT NULL,
    slow_seconds REAL,
    created_at TEXT NOT NULL,
    due_at TEXT NOT NULL,
    lookups INTEGER NOT NULL DEFAULT 0,
    part_of TEXT REFERENCES orders (order_key)
);

CREATE INDEX IF NOT EXISTS orders_by_whole ON orders (part_of) WHERE part_of IS NOT NULL;

CREATE TABLE IF NOT EXISTS order_lines (
    order_key TEXT NOT NULL REFERENCES orders (order_key),
    line_id TEXT NOT NULL,
    part INTEGER NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    paid INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (order_key, line_id)
);

CREATE TABLE IF NOT EXISTS payments (
    payment_id TEXT PRIMARY KEY,
    order_key TEXT NOT NULL REFERENCES orders (order_key),
    total INTEGER NOT NULL CHECK (total > 0),
    paid_at TEXT NOT NULL,
    received_at TEXT NOT NULL
);

CREATE INDEX IF NOT EXISTS payments_by_order ON payments (order_key);

CREATE TABLE IF NOT EXISTS lookup_journal (
    number INTEGER PRIMARY KEY,
    service_id TEXT NOT NULL,
    order_key TEXT NOT NULL,
    language TEXT NOT NULL,
    conduct TEXT NOT NULL,
    outcome TEXT NOT NULL,
    received_at TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS confirmation_journal (
    number INTEGER PRIMARY KEY,
    service_id TEXT NOT NULL,
    order_key TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    content TEXT NOT NULL,
    content_digest TEXT NOT NULL,
    delivery TEXT NOT NULL,
    outcome TEXT NOT NULL,
    received_at TEXT NOT NULL
);

CREATE INDEX IF NOT EXISTS confirmations_by_order ON confirmation_journal (order_key);
CREATE INDEX IF NOT EXISTS confirmations_by_payment ON confirmation_journal (payment_id);
