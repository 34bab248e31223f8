-- A store of job-orch, version 1. People read the views `jobs`, `results` and `processes`; the tables are the engine's own.
-- Times are milliseconds since 1970, but for `holder.until`, which is milliseconds since the machine was started.

-- One row for each job, with its counters.
CREATE TABLE job (
    number   INTEGER PRIMARY KEY,
    name     TEXT    NOT NULL UNIQUE,
    waiting  INTEGER NOT NULL DEFAULT 0,  -- requests that wait, the delayed ones included
    turn     INTEGER NOT NULL DEFAULT 1,  -- the next place in the line
    position INTEGER NOT NULL DEFAULT 1,  -- the next place in the broadcast of responses
    is_paused INTEGER NOT NULL DEFAULT 0  -- then nothing is handed out
) STRICT;

-- One row for each process that may hold requests. When its time is up, what it holds is anybody's.
CREATE TABLE holder (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    process TEXT    NOT NULL,
    boot    TEXT    NOT NULL,             -- which start of the machine `until` counts from
    until   INTEGER NOT NULL
) STRICT;

-- One row for each request that has not ended well: it waits, runs, or is dead.
CREATE TABLE request (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    id         BLOB    NOT NULL UNIQUE,   -- the bytes of the UUID
    job        INTEGER NOT NULL REFERENCES job (number),
    state      INTEGER NOT NULL,          -- 0 ready, 1 delayed, 2 running, 3 dead
    turn       INTEGER NOT NULL,          -- its place in the line; of the dead, the order in which they died
    due        INTEGER NOT NULL,          -- when it was or will be ready; of the dead, when it died
    priority   INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    fence      INTEGER NOT NULL DEFAULT 0,-- rises with each claim: only the last one may settle
    holder     INTEGER,
    unique_key TEXT,
    is_call    INTEGER NOT NULL,          -- whether its sender waited for the answer
    deadline   INTEGER,
    trace      TEXT,
    sent       INTEGER NOT NULL,
    version    INTEGER NOT NULL,          -- of the job that wrote it
    codec      INTEGER NOT NULL,          -- 1 is JSON
    checksum   INTEGER NOT NULL,          -- CRC-32 of id, version, codec and payload
    payload    BLOB    NOT NULL,
    failure    TEXT                       -- JSON: why the last attempt failed
) STRICT;

CREATE INDEX request_ready   ON request (job, priority DESC, turn) WHERE state = 0;
CREATE INDEX request_delayed ON request (job, due, turn)           WHERE state = 1;
CREATE INDEX request_running ON request (holder)                   WHERE state = 2;
CREATE INDEX request_dead    ON request (job, turn)                WHERE state = 3;
CREATE UNIQUE INDEX request_key ON request (job, unique_key)       WHERE unique_key IS NOT NULL;

-- One row for each request that has ended, and for each gap in the broadcast. Positions have no holes.
CREATE TABLE response (
    job        INTEGER NOT NULL REFERENCES job (number),
    position   INTEGER NOT NULL,
    missed     INTEGER NOT NULL,          -- in a gap: so many responses were skipped here
    id         BLOB    NOT NULL,
    is_failure INTEGER NOT NULL,          -- then the payload is the JSON of a failure
    ended      INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    codec      INTEGER NOT NULL,
    checksum   INTEGER NOT NULL,
    payload    BLOB    NOT NULL,
    PRIMARY KEY (job, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX response_id ON response (id);

CREATE VIEW jobs AS
SELECT job.name AS job,
       lower(format('%s-%s-%s-%s-%s', substr(hex(id), 1, 8), substr(hex(id), 9, 4), substr(hex(id), 13, 4),
                    substr(hex(id), 17, 4), substr(hex(id), 21))) AS id,
       CASE state WHEN 0 THEN 'ready' WHEN 1 THEN 'delayed' WHEN 2 THEN 'running' ELSE 'dead' END AS state,
       priority,
       attempts,
       datetime(sent / 1000, 'unixepoch') AS sent,
       datetime(due / 1000, 'unixepoch') AS due,
       unique_key,
       CAST(payload AS TEXT) AS request,
       failure,
       request.id AS uuid
FROM request JOIN job ON job.number = request.job;

CREATE VIEW results AS
SELECT job.name AS job,
       lower(format('%s-%s-%s-%s-%s', substr(hex(id), 1, 8), substr(hex(id), 9, 4), substr(hex(id), 13, 4),
                    substr(hex(id), 17, 4), substr(hex(id), 21))) AS id,
       response.position,
       CASE is_failure WHEN 0 THEN 'succeeded' ELSE 'failed' END AS outcome,
       datetime(ended / 1000, 'unixepoch') AS ended,
       CAST(payload AS TEXT) AS response,
       response.id AS uuid
FROM response JOIN job ON job.number = response.job
WHERE missed = 0;

CREATE VIEW processes AS
SELECT number, process, (SELECT count(*) FROM request WHERE state = 2 AND holder = holder.number) AS running FROM holder;
