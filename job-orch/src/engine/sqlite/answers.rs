//! The tables of the caches: answers that are kept, and those that are being computed.

use rusqlite::{Connection, OptionalExtension, named_params, params};
use uuid::Uuid;

use super::clock::millis;
use super::transaction::Transaction;
use crate::cache::{Begun, Kept, Policy};
use crate::id::JobId;

/// How stale `used` may be, in milliseconds: a hit need not be a write.
const TOUCH: i64 = 3_600_000;

/// So many answers that are too old are removed at once.
const MOST_REMOVED: i64 = 1000;

/// What tells answers apart. The hash finds a row, and the bytes are compared.
#[derive(Clone, Debug)]
pub(super) struct Key {
    hash: [u8; 16],
    bytes: Vec<u8>,
}

impl Key {
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        Self { hash: *Uuid::new_v5(&Uuid::nil(), &bytes).as_bytes(), bytes }
    }
}

/// A row that was read.
#[derive(Debug)]
pub(super) struct Row {
    key: Vec<u8>,
    fresh: Option<i64>,
    gone: Option<i64>,
    used: i64,
    checksum: u32,
    payload: Vec<u8>,
}

/// A row that was found.
pub(super) enum Found {
    Kept {
        kept: Kept,
        /// Whether it is long since it was noted as used.
        is_long_unused: bool,
    },
    Missing,
    /// It is there, and its bytes are not what was stored.
    Damaged,
}

impl Row {
    fn checksum(&self) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        for time in [self.fresh, self.gone] {
            hasher.update(&time.unwrap_or(i64::MIN).to_le_bytes());
        }
        hasher.update(&self.key);
        hasher.update(&self.payload);
        hasher.finalize()
    }

    fn judge(self, key: &Key, now: i64) -> Found {
        if self.checksum != self.checksum() {
            return Found::Damaged;
        }
        if self.key != key.bytes || self.gone.is_some_and(|gone| gone < now) {
            return Found::Missing;
        }
        let is_stale = self.fresh.is_some_and(|fresh| fresh < now);
        let is_long_unused = now.saturating_sub(self.used) > TOUCH;
        Found::Kept { kept: Kept { bytes: self.payload, is_stale }, is_long_unused }
    }
}

/// What is kept for a key.
pub(super) fn find(connection: &Connection, job: i64, key: &Key, now: i64) -> rusqlite::Result<Found> {
    let row = connection
        .prepare_cached("SELECT key, fresh, gone, used, checksum, payload FROM answer WHERE job = ?1 AND hash = ?2")?
        .query_row(params![job, key.hash], |row| {
            Ok(Row {
                key: row.get(0)?,
                fresh: row.get(1)?,
                gone: row.get(2)?,
                used: row.get(3)?,
                checksum: row.get(4)?,
                payload: row.get(5)?,
            })
        })
        .optional()?;
    Ok(row.map_or(Found::Missing, |row| row.judge(key, now)))
}

/// How many answers of a job are kept.
pub(super) fn entries(connection: &Connection, job: i64) -> rusqlite::Result<i64> {
    let entries = connection
        .prepare_cached("SELECT entries FROM answers_of WHERE job = ?1")?
        .query_row([job], |row| row.get(0))
        .optional()?;
    Ok(entries.unwrap_or(0))
}

/// Whether a living process computes this answer.
pub(super) fn is_in_flight(connection: &Connection, job: i64, key: &Key) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM flight JOIN holder ON holder.number = flight.holder
             WHERE job = ?1 AND hash = ?2)",
        )?
        .query_row(params![job, key.hash], |row| row.get(0))
}

impl Transaction<'_> {
    /// Gives the leave to compute an answer, if it is missing and nobody alive has that leave.
    pub(super) fn begin_answer(&mut self, job: i64, key: &Key, leader: JobId) -> rusqlite::Result<Begun> {
        let now = self.now;
        let holder = self.holder;
        if let Found::Kept { kept: Kept { bytes, is_stale: false }, .. } = find(self.connection()?, job, key, now)? {
            return Ok(Begun::Kept(bytes));
        }
        self.prepare("DELETE FROM flight WHERE job = ?1 AND hash = ?2 AND holder NOT IN (SELECT number FROM holder)")?
            .execute(params![job, key.hash])?;
        self.prepare("INSERT INTO flight (job, hash, leader, holder) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")?
            .execute(params![job, key.hash, leader.to_bytes(), holder])?;
        let leads = self
            .prepare("SELECT leader FROM flight WHERE job = ?1 AND hash = ?2")?
            .query_row(params![job, key.hash], |row| row.get(0).map(JobId::from_bytes))?;
        Ok(if leads == leader { Begun::Granted } else { Begun::Elsewhere })
    }

    /// Takes the leave back.
    pub(super) fn end_flight(&mut self, job: i64, key: &Key, leader: JobId) -> rusqlite::Result<()> {
        let ended = self
            .prepare("DELETE FROM flight WHERE job = ?1 AND hash = ?2 AND leader = ?3")?
            .execute(params![job, key.hash, leader.to_bytes()])?;
        self.has_freed |= ended == 1;
        Ok(())
    }

    /// Takes all leaves back that a dead process had.
    pub(super) fn ground(&mut self, holder: i64) -> rusqlite::Result<()> {
        self.prepare("DELETE FROM flight WHERE holder = ?1")?.execute([holder]).map(drop)
    }

    /// Keeps an answer. Returns how many there are.
    pub(super) fn keep_answer(
        &mut self,
        job: i64,
        key: &Key,
        policy: &Policy,
        payload: &[u8],
    ) -> rusqlite::Result<i64> {
        let now = self.now;
        let fresh = policy.ttl.map(|ttl| self.clock.after(ttl));
        let gone = fresh.map(|fresh| fresh.saturating_add(millis(policy.stale)));
        let (key_bytes, payload) = (key.bytes.clone(), payload.to_vec());
        let row = Row { key: key_bytes, fresh, gone, used: now, checksum: 0, payload };
        self.prepare(
            "INSERT INTO answer (job, hash, key, fresh, gone, used, checksum, payload)
             VALUES (:job, :hash, :key, :fresh, :gone, :used, :checksum, :payload)
             ON CONFLICT (job, hash) DO UPDATE SET key = excluded.key, fresh = excluded.fresh, gone = excluded.gone,
             used = excluded.used, refreshed = 0, checksum = excluded.checksum, payload = excluded.payload",
        )?
        .execute(named_params! {
            ":job": job, ":hash": key.hash, ":key": row.key, ":fresh": fresh, ":gone": gone, ":used": row.used,
            ":checksum": row.checksum(), ":payload": row.payload,
        })?;
        self.evict(job, policy.capacity)
    }

    /// Removes the answers that were used longest ago, beyond as many as may be kept.
    fn evict(&mut self, job: i64, capacity: usize) -> rusqlite::Result<i64> {
        let entries = entries(self.connection()?, job)?;
        let capacity = i64::try_from(capacity.max(1)).unwrap_or(i64::MAX);
        if entries <= capacity {
            return Ok(entries);
        }
        // Some more than that, so that not every answer has to make room for itself.
        let surplus = entries - capacity + capacity / 64;
        self.prepare(
            "DELETE FROM answer WHERE job = ?1 AND hash IN
             (SELECT hash FROM answer WHERE job = ?1 ORDER BY used LIMIT ?2)",
        )?
        .execute(params![job, surplus])?;
        Ok(entries - surplus)
    }

    /// Notes that answers were served.
    pub(super) fn touch_answers(&mut self, job: i64, keys: &[Key]) -> rusqlite::Result<()> {
        let now = self.now;
        let statement = self.prepare("UPDATE answer SET used = ?3 WHERE job = ?1 AND hash = ?2")?;
        keys.iter().try_for_each(|key| statement.execute(params![job, key.hash, now]).map(drop))
    }

    /// Asks to be the one who sees to a fresh answer, for so long.
    pub(super) fn refresh_answer(&mut self, job: i64, key: &Key, until: i64) -> rusqlite::Result<bool> {
        let now = self.now;
        let refreshed = self
            .prepare("UPDATE answer SET refreshed = ?3 WHERE job = ?1 AND hash = ?2 AND refreshed < ?4")?
            .execute(params![job, key.hash, until, now])?;
        Ok(refreshed == 1)
    }

    /// Somebody else may see to a fresh answer.
    pub(super) fn unrefresh_answer(&mut self, job: i64, key: &Key) -> rusqlite::Result<()> {
        self.prepare("UPDATE answer SET refreshed = 0 WHERE job = ?1 AND hash = ?2")?
            .execute(params![job, key.hash])
            .map(drop)
    }

    pub(super) fn clear_answers(&mut self, job: i64) -> rusqlite::Result<()> {
        self.prepare("DELETE FROM answer WHERE job = ?1")?.execute([job]).map(drop)
    }

    /// Removes answers that are not served any more, some of them. Says whether there may be more.
    pub(super) fn remove_gone_answers(&mut self) -> rusqlite::Result<bool> {
        let now = self.now;
        let removed = self
            .prepare(
                "DELETE FROM answer WHERE (job, hash) IN
                 (SELECT job, hash FROM answer WHERE gone < ?1 ORDER BY gone LIMIT ?2)",
            )?
            .execute(params![now, MOST_REMOVED])?;
        Ok(i64::try_from(removed).is_ok_and(|removed| removed >= MOST_REMOVED))
    }
}
