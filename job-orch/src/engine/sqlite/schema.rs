//! Opening a file: what it must be, what it is turned into, and how `SQLite` is to treat it.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::checkup;
use super::disk::log_of;
use super::error::OpenError;
use super::file;
use super::frames;
use crate::engine::Durability;

/// `JORO`: marks a file as a store.
const APPLICATION: i64 = 0x4A4F_524F;

/// What turns a store of each version into one of the next. Their number is the newest version.
const MIGRATIONS: &[&str] = &[concat!(
    include_str!("schema.sql"),
    include_str!("answers.sql"),
    include_str!("steps.sql"),
    include_str!("schedules.sql")
)];

/// Before 3.51.3, two connections that write and checkpoint at once could damage the file.
const SAFE_SQLITE: i32 = 3_051_003;

/// How long a process waits for another one's transaction.
const BUSY: Duration = Duration::from_secs(30);

/// A log that has grown beyond so many bytes is cut when it begins anew.
const MOST_LOG: i64 = 32 << 20;

/// So often, and after so long, a log is looked at again before it is called damaged.
const PATIENCE: usize = 5;
const MOMENT: Duration = Duration::from_millis(20);

/// The newest version.
pub(super) const KNOWN: i64 = MIGRATIONS.len() as i64;

/// An empty store of the newest version, in memory.
pub(super) fn model() -> rusqlite::Result<Connection> {
    let model = Connection::open_in_memory()?;
    MIGRATIONS.iter().try_for_each(|migration| model.execute_batch(migration))?;
    Ok(model)
}

/// Opens the connection that writes, and makes the file a store of the newest version.
pub(super) fn open(path: &Path, most_bytes: Option<u64>) -> Result<Connection, OpenError> {
    let connection = open_unchecked(path)?;
    if let Some(what) = checkup::damage(&connection).map_err(|source| refused(path, source))? {
        return Err(OpenError::Damaged { path: path.to_owned(), what });
    }
    if let Some(most) = most_bytes {
        limit(&connection, most).map_err(|source| refused(path, source))?;
    }
    Ok(connection)
}

/// The same, of a file whose rows may be damaged.
pub(super) fn open_unchecked(path: &Path) -> Result<Connection, OpenError> {
    if rusqlite::version_number() < SAFE_SQLITE {
        return Err(OpenError::OldSqlite(rusqlite::version()));
    }
    file::prepare(path)?;
    scan_log(path)?;
    let mut connection = connect(path)?;
    patiently(|| adopt(path, &mut connection))?;
    Ok(connection)
}

/// Refuses a log that is damaged. One that another process writes at the moment may look so, but not for long.
fn scan_log(path: &Path) -> Result<(), OpenError> {
    let log = log_of(path);
    let damage = || frames::damage(&log).map_err(|source| OpenError::Io { path: log.clone(), source });
    let mut found = damage()?;
    for _ in 0..PATIENCE {
        if found.is_none() {
            return Ok(());
        }
        std::thread::sleep(MOMENT);
        found = damage()?;
    }
    match found {
        None => Ok(()),
        Some(at) => Err(OpenError::Damaged { what: format!("the frame {at} bytes from its beginning"), path: log }),
    }
}

fn limit(connection: &Connection, most_bytes: u64) -> rusqlite::Result<()> {
    let pages = most_bytes / u64::try_from(number(connection, "page_size")?.max(1)).unwrap_or(1);
    let pages = i64::try_from(pages).unwrap_or(i64::MAX).clamp(1, 0xFFFF_FFFE);
    // It answers with the limit that holds now.
    connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
}

/// Opens one more connection, to a file that is a store already.
pub(super) fn open_reader(path: &Path) -> Result<Connection, OpenError> {
    let connection = connect(path)?;
    connection.pragma_update(None, "query_only", true).map_err(|source| refused(path, source))?;
    Ok(connection)
}

/// Opens one more connection, for transactions of the user's: each of its commits lasts.
pub(super) fn open_for_user(path: &Path) -> Result<Connection, OpenError> {
    let connection = connect(path)?;
    connection.pragma_update(None, "synchronous", SYNCHRONOUS).map_err(|source| refused(path, source))?;
    Ok(connection)
}

/// How `PRAGMA synchronous` must be set at least where commits are the user's: `FULL`, whatever the store promises. Nobody counts
/// them, and after many that lie in the log unsynced it would look damaged if a loss of power took a part of it (see `frames`).
pub(super) const SYNCHRONOUS: i64 = 2;

/// Opens one more connection, for whoever tidies the log.
pub(super) fn open_tidier(path: &Path) -> Result<Connection, OpenError> {
    let connection = connect(path)?;
    leave_log(&connection).map_err(|source| refused(path, source))?;
    Ok(connection)
}

/// Commits of this connection leave the log as it is: somebody else tidies it.
pub(super) fn leave_log(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))
}

/// What an accepted request survives, as far as the connection's own answers prove it; is the log synced, before anybody is
/// told?
pub(super) fn durability(connection: &Connection, is_synced: bool) -> rusqlite::Result<Durability> {
    let journal: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    Ok(match (journal.as_str(), synchronous) {
        // Below that, the log would be begun anew before what it held is on the disk.
        ("wal", 1..) if is_synced => Durability::PowerLoss,
        ("wal", _) => Durability::ProcessCrash,
        _ => Durability::Memory,
    })
}

fn connect(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connect = || {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(64);
        // Else a statement with `LIMIT ?` is planned anew whenever it is given another value.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.pragma_update(None, "mmap_size", 0)?;
        // Enough for the file to stay whole; that commits last is the matter of `disk`.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update_and_check(None, "journal_size_limit", MOST_LOG, |_| Ok(()))?;
        Ok(connection)
    };
    connect().map_err(|source| refused(path, source))
}

/// Tries again while another process has the file: that one changes its journal, for instance, which `SQLite` does not wait for.
fn patiently<T>(mut attempt: impl FnMut() -> Result<T, OpenError>) -> Result<T, OpenError> {
    let begun = Instant::now();
    loop {
        match attempt() {
            Err(OpenError::Sqlite { source, .. }) if is_busy(&source) && begun.elapsed() < BUSY => {
                std::thread::sleep(Duration::from_millis(2));
            }
            other => return other,
        }
    }
}

/// Whether somebody else is writing, or has written since this transaction first read.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked))
}

/// Makes an empty file a store, and an old store a new one. Leaves any other file as it is.
fn adopt(path: &Path, connection: &mut Connection) -> Result<(), OpenError> {
    let refuse = |source| refused(path, source);
    if !check(path, connection)? {
        return Ok(());
    }
    // Both only outside of a transaction, and the first only before there is a table.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL").map_err(refuse)?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(refuse)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(refuse)?;
    // Another process may have done it meanwhile.
    if check(path, &transaction)? {
        let version = number(&transaction, "user_version").map_err(refuse)?;
        for migration in MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or(0)) {
            transaction.execute_batch(migration).map_err(refuse)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION).map_err(refuse)?;
        transaction.pragma_update(None, "user_version", KNOWN).map_err(refuse)?;
    }
    transaction.commit().map_err(refuse)
}

/// Whether the file is a store that needs work, or empty. One that is neither is refused.
fn check(path: &Path, connection: &Connection) -> Result<bool, OpenError> {
    let look = || {
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((number(connection, "application_id")?, number(connection, "user_version")?, tables))
    };
    let (application, found, tables) = look().map_err(|source| refused(path, source))?;
    let path = path.to_owned();
    match (application, tables) {
        (0, 0) => Ok(true),
        (APPLICATION, _) if found > KNOWN => Err(OpenError::Newer { path, found, known: KNOWN }),
        // It is made one in the same transaction in which it gets a version.
        (APPLICATION, _) if found < 1 => {
            Err(OpenError::Damaged { path, what: format!("it says that its version is {found}") })
        }
        (APPLICATION, _) => Ok(found < KNOWN),
        _ => Err(OpenError::NotAStore { path }),
    }
}

fn number(connection: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, pragma, |row| row.get(0))
}

/// What it means that `SQLite` refuses a file.
pub(super) fn refused(path: &Path, source: rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match source.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => OpenError::NotAStore { path },
        Some(rusqlite::ErrorCode::DatabaseCorrupt) => OpenError::Damaged { path, what: source.to_string() },
        _ => OpenError::Sqlite { path, source },
    }
}
