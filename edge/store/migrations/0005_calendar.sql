-- What is to be said and by which rule, each single time it is to be said, and every step of that.

CREATE TABLE programmes (
    id TEXT PRIMARY KEY,
    rev INTEGER NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    zone TEXT NOT NULL,
    priority INTEGER NOT NULL,
    chime INTEGER NOT NULL,
    repeat INTEGER NOT NULL,
    start TEXT NOT NULL,
    wait_s REAL NOT NULL,
    late_s REAL NOT NULL,
    rule TEXT NOT NULL,
    active INTEGER NOT NULL,
    planned_until_s REAL NOT NULL,
    who TEXT NOT NULL,
    changed_wall REAL NOT NULL,
    changed_mono REAL NOT NULL,
    changed_boot TEXT NOT NULL,
    changed_trusted INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE occurrences (
    id TEXT PRIMARY KEY,
    programme TEXT NOT NULL REFERENCES programmes (id),
    at_s INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    who TEXT NOT NULL,
    moved INTEGER NOT NULL,
    changed_wall REAL NOT NULL,
    changed_mono REAL NOT NULL,
    changed_boot TEXT NOT NULL,
    changed_trusted INTEGER NOT NULL,
    UNIQUE (programme, at_s)
) WITHOUT ROWID;
CREATE INDEX occurrences_state ON occurrences (state, at_s);
CREATE INDEX occurrences_at ON occurrences (at_s);

CREATE TABLE occurrence_steps (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    occurrence TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    who TEXT NOT NULL,
    at_wall REAL NOT NULL,
    at_mono REAL NOT NULL,
    at_boot TEXT NOT NULL,
    at_trusted INTEGER NOT NULL
);
CREATE INDEX occurrence_steps_of ON occurrence_steps (occurrence);
