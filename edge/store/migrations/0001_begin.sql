-- The memory of the box. Every moment is kept as four columns: wall and monotonic seconds, the
-- boot it belongs to and whether the wall clock was believed, so that the times of a boot with a
-- wrong clock can be corrected later.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE incidents (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    rev INTEGER NOT NULL,
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,
    camera TEXT NOT NULL,
    camera_name TEXT NOT NULL,
    zone TEXT NOT NULL,
    zone_name TEXT NOT NULL,
    label TEXT NOT NULL,
    score REAL NOT NULL,
    count INTEGER NOT NULL,
    dwell_s REAL NOT NULL,
    box TEXT,
    evidence TEXT NOT NULL,
    sent INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    opened_wall REAL NOT NULL,
    opened_mono REAL NOT NULL,
    opened_boot TEXT NOT NULL,
    opened_trusted INTEGER NOT NULL,
    seen_wall REAL NOT NULL,
    seen_mono REAL NOT NULL,
    seen_boot TEXT NOT NULL,
    seen_trusted INTEGER NOT NULL,
    closed_wall REAL,
    closed_mono REAL,
    closed_boot TEXT,
    closed_trusted INTEGER
);
CREATE INDEX incidents_open ON incidents (number) WHERE closed_wall IS NULL;
CREATE INDEX incidents_camera ON incidents (camera, number);

-- AUTOINCREMENT: a sequence number is never given twice, also after every row has gone.
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    data BLOB NOT NULL,
    lane INTEGER NOT NULL,
    expires_s REAL,
    incident TEXT,
    rev INTEGER,
    created_wall REAL NOT NULL,
    created_mono REAL NOT NULL,
    created_boot TEXT NOT NULL,
    created_trusted INTEGER NOT NULL
);
CREATE INDEX outbox_order ON outbox (lane, seq);
CREATE INDEX outbox_expiry ON outbox (seq) WHERE expires_s IS NOT NULL;

CREATE TABLE plays (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    announcement TEXT NOT NULL,
    speaker TEXT NOT NULL,
    text TEXT NOT NULL,
    priority INTEGER NOT NULL,
    source TEXT NOT NULL,
    state TEXT NOT NULL,
    incident TEXT NOT NULL,
    command TEXT NOT NULL,
    seconds REAL NOT NULL,
    reason TEXT NOT NULL,
    proof TEXT NOT NULL,
    requested_wall REAL NOT NULL,
    requested_mono REAL NOT NULL,
    requested_boot TEXT NOT NULL,
    requested_trusted INTEGER NOT NULL,
    changed_wall REAL NOT NULL,
    changed_mono REAL NOT NULL,
    changed_boot TEXT NOT NULL,
    changed_trusted INTEGER NOT NULL,
    UNIQUE (announcement, speaker)
);
CREATE INDEX plays_incident ON plays (incident, number) WHERE incident <> '';
CREATE INDEX plays_unfinished ON plays (number) WHERE state IN ('queued', 'started');

CREATE TABLE commands (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    issuer TEXT NOT NULL,
    outcome TEXT NOT NULL,
    sentence TEXT NOT NULL,
    received_wall REAL NOT NULL,
    received_mono REAL NOT NULL,
    received_boot TEXT NOT NULL,
    received_trusted INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE accounts (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    cameras TEXT
) WITHOUT ROWID;

CREATE TABLE sessions (
    token_hash TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (name) ON DELETE CASCADE,
    csrf TEXT NOT NULL,
    created_wall_s REAL NOT NULL,
    expires_wall_s REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_account ON sessions (account);

CREATE TABLE invitations (
    token_hash TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    cameras TEXT,
    expires_wall_s REAL NOT NULL
) WITHOUT ROWID;

CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL,
    at_wall REAL NOT NULL,
    at_mono REAL NOT NULL,
    at_boot TEXT NOT NULL,
    at_trusted INTEGER NOT NULL
);
