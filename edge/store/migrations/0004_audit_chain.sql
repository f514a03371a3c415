-- The audit log becomes a chain: each line holds the hash of the one before. Lines that are older
-- than the chain have no place in it; the first link is forged onto all of them. The time a line was
-- written with stays beside the one that may be put right once the clock is known.

ALTER TABLE audit ADD COLUMN chain INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN hash TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN written_wall REAL NOT NULL DEFAULT 0;

-- What the chain ends with, and with which line it begins since older ones were given up.
CREATE TABLE audit_head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    count INTEGER NOT NULL,
    hash TEXT NOT NULL,
    given_up INTEGER NOT NULL,
    given_up_count INTEGER NOT NULL,
    given_up_hash TEXT NOT NULL
);
INSERT INTO audit_head VALUES (1, 0, '', 0, 0, '');

CREATE TRIGGER audit_no_update
BEFORE UPDATE OF number, who, action, target, detail, at_mono, at_boot, chain, hash, written_wall
ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
WHEN old.number > (SELECT given_up FROM audit_head)
BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END;
