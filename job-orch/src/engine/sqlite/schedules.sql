
-- One row for each job that runs by the clock. Whoever fires a tick moves `last` on in the same transaction: so it is fired once,
-- whichever processes try.
CREATE TABLE schedule (
    job        TEXT    NOT NULL PRIMARY KEY, -- its name: its queues have one schedule together
    expression TEXT    NOT NULL,
    zone       TEXT    NOT NULL,
    missed     TEXT    NOT NULL,             -- what becomes of ticks at which nobody was there: skip, once, all
    overlap    TEXT    NOT NULL,             -- and of one that comes while the last run goes on: allow, skip
    last       INTEGER NOT NULL,             -- up to here it was done; of a new one, when it began
    next       INTEGER,                      -- the tick after that; none if the calendar ends before it
    firing     BLOB,                         -- the request of the last tick that was fired
    checksum   INTEGER NOT NULL              -- CRC-32 of this row
) STRICT, WITHOUT ROWID;

CREATE VIEW schedules AS
SELECT job, expression, zone, missed, overlap, datetime(last / 1000, 'unixepoch') AS last,
       datetime(next / 1000, 'unixepoch') AS next
FROM schedule;
