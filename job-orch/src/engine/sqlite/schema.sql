-- A store of job-orch, version 1. People read the views `jobs`, `results` and `processes`; the tables are the engine's own.
-- Times are milliseconds since 1970, but for `holder.until`, which is milliseconds since the machine was started.

-- One row for each job, with its counters.
CREATE TABLE job (
    number   INTEGER PRIMARY KEY,
    name     TEXT    NOT NULL UNIQUE,
    waiting  INTEGER NOT NULL DEFAULT 0,  -- requests that wait, the delayed ones included
    bytes    INTEGER NOT NULL DEFAULT 0,  -- those of their payloads
    turn     INTEGER NOT NULL DEFAULT 1,  -- the next place in the line
    head     INTEGER NOT NULL DEFAULT 1,  -- what stood in the line before this place has been handed out
    position INTEGER NOT NULL DEFAULT 1,  -- the next place in the broadcast of responses
    is_paused INTEGER NOT NULL DEFAULT 0  -- 1515870810 if nothing is to be handed out: no flipped bit says so
) STRICT;

-- One row for each process that may hold requests. When its time is up, what it holds is anybody's.
CREATE TABLE holder (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    process TEXT    NOT NULL,
    boot    TEXT    NOT NULL,             -- which start of the machine `until` counts from
    until   INTEGER NOT NULL,
    sign    TEXT                          -- the file that it has locked in the folder `-live` beside the store
) STRICT;

-- One row for each request that has not ended well: it waits, runs, or is dead. It is written once: what becomes of it stands
-- in small rows beside it, so that handing out and settling requests touches few pages.
--
-- A `seq` is the number of the job times 2^40, plus a turn. Requests as most are (ready, of priority 0) form the line:
-- from `job.head` on, those that stand there are ready, in this order, with no other row. What was handed out has a row in
-- `held`; all others have one in `aside`. Those that never stood in the line, because they were delayed or have another
-- priority, have 2^39 added to their `seq`, so that the line has none of them in it.
CREATE TABLE request (
    seq        INTEGER PRIMARY KEY,
    id         BLOB    NOT NULL UNIQUE,   -- the bytes of the UUID
    sent       INTEGER NOT NULL,
    version    INTEGER NOT NULL,          -- of the job that wrote it
    codec      INTEGER NOT NULL,          -- 1 is JSON
    checksum   INTEGER NOT NULL,          -- CRC-32 of this row, but for the key
    payload    BLOB    NOT NULL,
    is_call    INTEGER NOT NULL DEFAULT 0,-- whether its sender waited for the answer
    priority   INTEGER NOT NULL DEFAULT 0,
    unique_key TEXT,                      -- until it has ended or is dead
    deadline   INTEGER,
    trace      TEXT,
    retry      TEXT,                      -- JSON: how it is retried, if not as the job says
    dead_key   TEXT                       -- its unique key while it is dead
) STRICT;

-- Not unique: with one that runs, another may wait. Who is accepted is decided under the lock of writers.
CREATE INDEX request_key ON request (seq >> 40, unique_key) WHERE unique_key IS NOT NULL;
CREATE INDEX request_dead_key ON request (seq >> 40, dead_key) WHERE dead_key IS NOT NULL;

-- One row for each key that is taken for longer than its request is there.
CREATE TABLE taken (
    job        INTEGER NOT NULL,
    key        TEXT    NOT NULL,
    until      INTEGER NOT NULL,
    id         BLOB    NOT NULL,          -- of the request that took it
    PRIMARY KEY (job, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX taken_until ON taken (until);

-- One row for each request that runs.
CREATE TABLE held (
    seq        INTEGER PRIMARY KEY,
    holder     INTEGER NOT NULL,
    fence      INTEGER NOT NULL,          -- rises with each claim: only the last one may settle
    attempts   INTEGER NOT NULL,          -- this one included
    turn       INTEGER,                   -- its place in the line, if not that of its `seq`
    failure    TEXT,                      -- JSON: why the attempt before failed
    is_cancelled INTEGER NOT NULL DEFAULT 0 -- another process asks its holder to stop it
) STRICT;

CREATE INDEX held_cancelled ON held (holder) WHERE is_cancelled = 1;

-- One row for each request that waits elsewhere than in the line, or is dead.
CREATE TABLE aside (
    seq        INTEGER PRIMARY KEY,
    job        INTEGER NOT NULL,
    state      INTEGER NOT NULL,          -- 0 ready, 1 delayed, 3 dead
    turn       INTEGER NOT NULL,          -- its place in the line; of the dead, the order in which they died
    due        INTEGER NOT NULL,          -- when it was or will be ready; of the dead, when it died
    priority   INTEGER NOT NULL,
    attempts   INTEGER NOT NULL,
    fence      INTEGER NOT NULL,
    failure    TEXT                       -- JSON: why the last attempt failed
) STRICT;

CREATE INDEX aside_ready   ON aside (job, priority DESC, turn) WHERE state = 0;
CREATE INDEX aside_delayed ON aside (job, due, turn)           WHERE state = 1;
CREATE INDEX aside_dead    ON aside (job, turn)                WHERE state = 3;

-- One row for each request that has ended, and for each gap in the broadcast. A `place` is the number of the job times 2^40,
-- plus a position; positions have no holes.
CREATE TABLE response (
    place      INTEGER PRIMARY KEY,
    id         BLOB    NOT NULL,
    ended      INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    codec      INTEGER NOT NULL,
    checksum   INTEGER NOT NULL,          -- CRC-32 of id, version, codec, payload and is_failure
    payload    BLOB    NOT NULL,
    is_failure INTEGER NOT NULL DEFAULT 0,-- then the payload is the JSON of a failure
    missed     INTEGER NOT NULL DEFAULT 0 -- in a gap: so many responses were skipped here
) STRICT;

CREATE INDEX response_id ON response (id);

CREATE VIEW jobs AS
SELECT job.name AS job,
       lower(format('%s-%s-%s-%s-%s', substr(hex(id), 1, 8), substr(hex(id), 9, 4), substr(hex(id), 13, 4),
                    substr(hex(id), 17, 4), substr(hex(id), 21))) AS id,
       CASE WHEN held.seq IS NOT NULL THEN 'running'
            ELSE CASE coalesce(state, 0) WHEN 0 THEN 'ready' WHEN 1 THEN 'delayed' ELSE 'dead' END END AS state,
       request.priority AS priority,
       coalesce(held.attempts, aside.attempts, 0) AS attempts,
       datetime(sent / 1000, 'unixepoch') AS sent,
       datetime(coalesce(due, sent) / 1000, 'unixepoch') AS due,
       coalesce(unique_key, dead_key) AS unique_key,
       CAST(payload AS TEXT) AS request,
       coalesce(held.failure, aside.failure) AS failure,
       retry,
       request.id AS uuid
FROM request JOIN job ON job.number = request.seq >> 40 LEFT JOIN held USING (seq) LEFT JOIN aside USING (seq);

CREATE VIEW results AS
SELECT job.name AS job,
       lower(format('%s-%s-%s-%s-%s', substr(hex(id), 1, 8), substr(hex(id), 9, 4), substr(hex(id), 13, 4),
                    substr(hex(id), 17, 4), substr(hex(id), 21))) AS id,
       place & ((1 << 40) - 1) AS position,
       CASE is_failure WHEN 0 THEN 'succeeded' ELSE 'failed' END AS outcome,
       datetime(ended / 1000, 'unixepoch') AS ended,
       CAST(payload AS TEXT) AS response,
       response.id AS uuid
FROM response JOIN job ON job.number = place >> 40
WHERE missed = 0;

CREATE VIEW processes AS
SELECT number, process, (SELECT count(*) FROM held WHERE held.holder = holder.number) AS running FROM holder;
