-- What became of the recording of an incident: a file named by its SHA-256, or why there is none.
-- Incidents close to each other share one file.
CREATE TABLE clips (
    incident TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    seconds REAL NOT NULL,
    masked INTEGER NOT NULL,
    problem TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX clips_by_file ON clips (sha256);
