
-- What the caches of jobs with `cache(store = engine)` keep.

-- One row for each kept answer.
CREATE TABLE answer (
    job       INTEGER NOT NULL REFERENCES job (number),
    hash      BLOB    NOT NULL,           -- of the key: a name-based UUID
    key       BLOB    NOT NULL,           -- versions, fingerprint and codec of the job (17 bytes), then the request
    fresh     INTEGER,                    -- until then it is fresh; for ever, if there is none
    gone      INTEGER,                    -- until then it is served, while a fresh one is computed
    used      INTEGER NOT NULL,           -- when it was served last, within an hour
    refreshed INTEGER NOT NULL DEFAULT 0, -- until then, somebody sees to a fresh one
    checksum  INTEGER NOT NULL,           -- CRC-32 of key, fresh, gone and payload
    payload   BLOB    NOT NULL,
    PRIMARY KEY (job, hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX answer_used ON answer (job, used);
CREATE INDEX answer_gone ON answer (gone) WHERE gone IS NOT NULL;

-- How many answers of each job there are.
CREATE TABLE answers_of (
    job     INTEGER PRIMARY KEY REFERENCES job (number),
    entries INTEGER NOT NULL
) STRICT;

CREATE TRIGGER answer_comes AFTER INSERT ON answer BEGIN
    INSERT INTO answers_of (job, entries) VALUES (new.job, 1) ON CONFLICT (job) DO UPDATE SET entries = entries + 1;
END;

CREATE TRIGGER answer_goes AFTER DELETE ON answer BEGIN
    UPDATE answers_of SET entries = entries - 1 WHERE job = old.job;
END;

-- One row for each answer that is being computed. It counts as long as its process lives.
CREATE TABLE flight (
    job    INTEGER NOT NULL REFERENCES job (number),
    hash   BLOB    NOT NULL,
    leader BLOB    NOT NULL,              -- the request that runs
    holder INTEGER NOT NULL,
    PRIMARY KEY (job, hash)
) STRICT, WITHOUT ROWID;

CREATE VIEW answers AS
SELECT job.name AS job,
       CAST(substr(key, 18) AS TEXT) AS request,
       CAST(payload AS TEXT) AS response,
       datetime(fresh / 1000, 'unixepoch') AS fresh_until
FROM answer JOIN job ON job.number = answer.job;
