-- What the township has stays here for a while: it may lose it, and then it asks again. `data` is
-- NULL once the room was needed for something else.
CREATE TABLE sent (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    data BLOB,
    lane INTEGER NOT NULL,
    expires_s REAL,
    incident TEXT,
    rev INTEGER,
    stream TEXT NOT NULL,
    created_wall REAL NOT NULL,
    created_mono REAL NOT NULL,
    created_boot TEXT NOT NULL,
    created_trusted INTEGER NOT NULL,
    sent_wall REAL NOT NULL
);

-- The offset of a boot (wall minus monotonic seconds), known once its clock could be believed.
CREATE TABLE boots (
    boot_id TEXT PRIMARY KEY,
    offset_s REAL NOT NULL
) WITHOUT ROWID;

-- What the township may fetch piece by piece, by the id of the order that allowed it.
CREATE TABLE grants (
    id TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL,
    granted_wall REAL NOT NULL
) WITHOUT ROWID;
