-- Two rules of one kind on one zone have incidents of their own; the first of them has no name, so
-- that what is open stays what it was. A false alarm may say why. Tunings are what the box proposed
-- to look less at, and what became of it.

ALTER TABLE incidents ADD COLUMN rule TEXT NOT NULL DEFAULT '';
ALTER TABLE incidents ADD COLUMN reason TEXT NOT NULL DEFAULT '';

CREATE TABLE tunings (
    id TEXT PRIMARY KEY,
    camera TEXT NOT NULL,
    kind TEXT NOT NULL,
    what TEXT NOT NULL,
    score REAL NOT NULL,
    polygon TEXT NOT NULL,
    evidence TEXT NOT NULL,
    state TEXT NOT NULL,
    who TEXT NOT NULL,
    made_wall REAL NOT NULL,
    made_mono REAL NOT NULL,
    made_boot TEXT NOT NULL,
    made_trusted INTEGER NOT NULL,
    changed_wall REAL NOT NULL,
    changed_mono REAL NOT NULL,
    changed_boot TEXT NOT NULL,
    changed_trusted INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX tunings_camera ON tunings (camera, state);
