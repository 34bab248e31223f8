//! An open file: its writer, its reader, and the channels of this process on it.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::Notify;

use super::checkup::{self, Found, Later};
use super::clock::{Clock, boot, millis, uptime};
use super::committed::Committed;
use super::disk::Disk;
use super::error::{OpenError, StoreError};
use super::file;
use super::groups::{Groups, Locals};
use super::keeper::{Keeper, Outside};
use super::local::Local;
use super::presence::Presence;
use super::reader::Reader;
use super::schema;
use super::tidy::Tidy;
use super::transaction::{Process, Transaction};
use super::writer::{Command, Writer};
use crate::engine::Durability;
use crate::sync::atomic::AtomicBool;
use crate::sync::{Arc, Mutex, lock};

// The model checker's locks are no constants.
static OPENING: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// A receiver looks by itself so many times more rarely than its process: it is told from inside.
const RARER: u32 = 4;

/// What a file is opened with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) durability: Durability,
    pub(super) lease: Duration,
    pub(super) poll: Duration,
    pub(super) retention: Duration,
    pub(super) most_bytes: Option<u64>,
    pub(super) most_payload: u64,
    /// Nothing happens but on the threads that ask, by tokio's clock.
    #[cfg(feature = "testing")]
    pub(super) is_test: bool,
}

#[derive(Debug)]
pub(super) struct Store {
    pub(super) writer: Arc<Writer>,
    pub(super) reader: Reader,
    pub(super) clock: Clock,
    pub(super) durability: Durability,
    pub(super) lease: Duration,
    /// Wakes those who wait for what somebody else does: another process has written or died, or an answer is there.
    pub(super) changed: Arc<Notify>,
    /// Whether this process has sent a step of a run that the store remembers.
    pub(super) has_runs: AtomicBool,
    /// Commits that are to come from connections of the user's.
    pub(super) outside: Arc<Outside>,
    /// How often a receiver looks by itself, if at all.
    pub(super) poll: Option<Duration>,
    most_payload: u64,
    locals: Locals,
    path: PathBuf,
    thread: Mutex<Option<JoinHandle<()>>>,
    checkup: Option<Later>,
}

impl Store {
    pub(super) fn open(path: &Path, settings: Settings) -> Result<Self, OpenError> {
        // One at a time: a file that is made here must be closed before another connection of this process locks it.
        let _alone = OPENING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let path = &*file::find(path)?;
        let refused = |source| schema::refused(path, source);
        let io = |source| OpenError::Io { path: path.to_owned(), source };
        let connection = schema::open(path, settings.most_bytes)?;
        let reader = schema::open_reader(path)?;
        let clock = clock(settings);
        let mut groups = groups(path, settings, connection, clock)?;
        let durability = schema::durability(&groups.connection, groups.disk.is_patient()).map_err(refused)?;
        let (locals, changed) = (Arc::clone(&groups.locals), Arc::clone(&groups.changed));
        let outside = Arc::clone(&groups.outside);
        groups.look_at_others(&[]);
        let store = |writer, reader, thread, checkup| Self {
            writer,
            reader,
            clock,
            durability,
            lease: settings.lease,
            changed,
            has_runs: AtomicBool::new(false),
            outside: Arc::clone(&outside),
            poll: clock.polls().then(|| settings.poll.saturating_mul(RARER)),
            most_payload: settings.most_payload,
            locals,
            path: path.to_owned(),
            thread: Mutex::new(thread),
            checkup,
        };
        #[cfg(feature = "testing")]
        if settings.is_test {
            return Ok(store(Arc::new(Writer::here(groups)), Reader::here(reader), None, None));
        }
        schema::leave_log(&groups.connection).map_err(refused)?;
        groups.tidy = Some(Tidy::spawn(schema::open_tidier(path)?).map_err(io)?);
        let checkup = check_later(path, &groups)?;
        let lookout = groups.presence.as_ref().map(Presence::lookout);
        let (writer, thread) = Writer::spawn(groups).map_err(io)?;
        let writer = Arc::new(writer);
        let keeper = Keeper {
            writer: Arc::downgrade(&writer),
            outside: Arc::clone(&outside),
            lookout,
            lease: settings.lease,
            poll: settings.poll,
        };
        keeper.spawn(path).map_err(io)?;
        Ok(store(writer, Reader::spawn(reader).map_err(io)?, Some(thread), checkup))
    }

    /// Refuses what is larger than this store takes.
    pub(super) fn admit(&self, bytes: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        let (size, most) = (bytes.len() as u64, self.most_payload);
        if size <= most { Ok(bytes) } else { Err(StoreError::TooLarge { size, most }) }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Has the writer serve these channels too.
    pub(super) fn list(&self, local: &Arc<Local>) {
        let mut locals = lock(&self.locals);
        locals.retain(|local| local.strong_count() > 0);
        locals.push(Arc::downgrade(local));
    }
}

/// Waits until everything that was handed over is stored, so that a process may end after its last handle.
impl Drop for Store {
    fn drop(&mut self) {
        drop(self.checkup.take());
        self.writer.command(Command::Close);
        if let Some(thread) = lock(&self.thread).take()
            && thread.thread().id() != std::thread::current().id()
        {
            // A panic of it has been told.
            let _ = thread.join();
        }
    }
}

/// Has a large file looked at while it is in use.
fn check_later(path: &Path, groups: &Groups) -> Result<Option<Later>, OpenError> {
    if !checkup::is_large(&groups.connection).map_err(|source| schema::refused(path, source))? {
        return Ok(None);
    }
    let later = Later::spawn(path.to_owned(), schema::open_reader(path)?, Arc::clone(&groups.damage));
    later.map(Some).map_err(|source| OpenError::Io { path: path.to_owned(), source })
}

fn disk(path: &Path, settings: Settings) -> std::io::Result<Disk> {
    let is_patient = settings.durability >= Durability::PowerLoss;
    #[cfg(feature = "testing")]
    if settings.is_test {
        return if is_patient { Disk::here(path) } else { Ok(Disk::none()) };
    }
    Disk::spawn(path, is_patient)
}

#[cfg(feature = "testing")]
fn clock(settings: Settings) -> Clock {
    if settings.is_test { Clock::of_tokio() } else { Clock::System }
}

#[cfg(not(feature = "testing"))]
fn clock(_: Settings) -> Clock {
    Clock::System
}

/// What the writer is to own: this process is listed, and the log can be synced.
fn groups(path: &Path, settings: Settings, connection: Connection, clock: Clock) -> Result<Groups, OpenError> {
    let refused = |source| schema::refused(path, source);
    let presence = presence(path, settings);
    let sign = presence.as_ref().map(|presence| presence.name().to_owned());
    let process = Process { name: process(), boot: boot(), sign };
    let dead = presence.as_ref().map_or_else(Vec::new, |presence| presence.lookout().dead());
    let holder = join(&connection, clock, settings.lease, &process, &dead).map_err(refused)?;
    let version = Transaction::version(&connection).map_err(refused)?;
    // The log is there now: something was written.
    let disk = disk(path, settings).map_err(|source| OpenError::Io { path: path.to_owned(), source })?;
    Ok(Groups {
        connection,
        path: path.to_owned(),
        clock,
        lease: settings.lease,
        retention: settings.retention,
        process,
        presence,
        holder,
        disk,
        damage: Found::default(),
        tidy: None,
        changes: 0,
        committed: Committed::default(),
        left: None,
        version,
        has_others: true,
        has_old: false,
        later: Vec::new(),
        locals: Locals::default(),
        changed: Arc::default(),
        outside: Arc::default(),
    })
}

/// Writes this process down as one that lives, and buries the dead.
fn join(
    connection: &Connection,
    clock: Clock,
    lease: Duration,
    process: &Process,
    dead: &[String],
) -> rusqlite::Result<i64> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let mut transaction = Transaction::new(connection, clock, -1);
    let joined = transaction.beat(process, uptime() + millis(lease)).and_then(|holder| {
        for sign in dead {
            transaction.bury_process(sign)?;
        }
        // Those that are overdue for less may have waited for the same transaction, and had no turn yet.
        transaction.sweep(&process.boot, uptime() - millis(lease))?;
        transaction.save()?;
        Ok(holder)
    });
    connection.execute_batch(if joined.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    joined
}

/// Says that this process is there. If that cannot be said, the others wait for its lease.
fn presence(path: &Path, settings: Settings) -> Option<Presence> {
    #[cfg(feature = "testing")]
    if settings.is_test {
        // Nobody looks for others.
        return None;
    }
    let _ = settings;
    let told = Presence::of(path);
    told.inspect_err(|error| tracing::info!(target: "job_orch", %error, "a death of this process is seen by its lease"))
        .ok()
}

/// What this process is called, for people.
fn process() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}:{}", host.trim(), std::process::id())
}
