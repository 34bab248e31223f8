//! Unique keys: whose they are, and for how long.

use rusqlite::{OptionalExtension, params};

use super::cells::id;
use super::requests::NewRequest;
use super::transaction::Transaction;
use crate::id::JobId;

impl Transaction<'_> {
    /// The one that has the key of this request and counts: it waits, runs or is dead, or took the key for longer.
    pub(super) fn rival_of(&mut self, job: i64, request: &NewRequest) -> rusqlite::Result<Option<JobId>> {
        let NewRequest { key: Some(key), while_waiting, even_dead, .. } = request else { return Ok(None) };
        let now = self.now;
        self.prepare(
            "SELECT id FROM request WHERE seq >> 40 = ?1 AND unique_key = ?2
                AND NOT (?4 AND EXISTS (SELECT 1 FROM held WHERE held.seq = request.seq))
             UNION ALL SELECT id FROM taken WHERE job = ?1 AND key = ?2 AND until > ?3
             UNION ALL SELECT id FROM request WHERE ?5 AND seq >> 40 = ?1 AND dead_key = ?2",
        )?
        .query_row(params![job, key, now, while_waiting, even_dead], |row| id(row, 0))
        .optional()
    }

    /// Takes a key for longer than its request is there.
    pub(super) fn take_key(&mut self, job: i64, request: &NewRequest) -> rusqlite::Result<()> {
        let (Some(key), Some(until)) = (&request.key, request.key_until) else { return Ok(()) };
        self.prepare("INSERT OR REPLACE INTO taken (job, key, until, id) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![job, key, until, request.id.to_bytes()])
            .map(drop)
    }

    /// Forgets keys whose time is up.
    pub(super) fn free_keys(&mut self) -> rusqlite::Result<()> {
        let now = self.now;
        self.prepare("DELETE FROM taken WHERE until <= ?1")?.execute([now]).map(drop)
    }

    /// What waited is withdrawn, and its key is free.
    pub(super) fn give_key_back(&mut self, job: i64, seq: i64) -> rusqlite::Result<()> {
        self.prepare(
            "DELETE FROM taken WHERE (job, key, id) = (SELECT ?1, unique_key, id FROM request WHERE seq = ?2)",
        )?
        .execute(params![job, seq])
        .map(drop)
    }
}
