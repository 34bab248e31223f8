//! Unique keys: whose they are, and for how long.

use rusqlite::{OptionalExtension, params};

use super::requests::{NewRequest, id};
use super::transaction::Transaction;
use crate::id::JobId;

impl Transaction<'_> {
    /// The one that has this key: it waits or runs, or took it for longer.
    pub(super) fn holder_of(&mut self, job: i64, key: &str) -> rusqlite::Result<Option<JobId>> {
        let now = self.now;
        self.prepare(
            "SELECT id FROM request WHERE seq >> 40 = ?1 AND unique_key = ?2
             UNION ALL SELECT id FROM taken WHERE job = ?1 AND key = ?2 AND until > ?3",
        )?
        .query_row(params![job, key, now], |row| id(row, 0))
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
        self.prepare("DELETE FROM taken WHERE job = ?1 AND key = (SELECT unique_key FROM request WHERE seq = ?2)")?
            .execute(params![job, seq])
            .map(drop)
    }
}
