
-- One row for each step of a run that was sent: a run that is taken up again finds here what it has done.
CREATE TABLE step (
    id         BLOB    NOT NULL PRIMARY KEY, -- of the step's request: made of the run, and of the place in it
    run        BLOB    NOT NULL,             -- of a hosted flow, the id of its request
    noted      INTEGER NOT NULL,             -- when it was sent or ended
    is_failure INTEGER,                      -- none while it waits or runs
    version    INTEGER,
    codec      INTEGER,
    checksum   INTEGER,                      -- CRC-32 of id, version, codec, payload and is_failure
    payload    BLOB
) STRICT, WITHOUT ROWID;

CREATE INDEX step_run   ON step (run);
CREATE INDEX step_noted ON step (noted);
