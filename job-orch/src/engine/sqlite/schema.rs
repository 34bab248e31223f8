//! Opening a file: what it must be, what it is turned into, and how `SQLite` is to treat it.

use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::error::OpenError;
use crate::engine::Durability;

/// `JORO`: marks a file as a store.
const APPLICATION: i64 = 0x4A4F_524F;

/// What turns a store of each version into one of the next. Their number is the newest version.
const MIGRATIONS: &[&str] =
    &[concat!(include_str!("schema.sql"), include_str!("answers.sql"), include_str!("steps.sql"))];

/// Before 3.51.3, two connections that write and checkpoint at once could damage the file.
const SAFE_SQLITE: i32 = 3_051_003;

/// How long a process waits for another one's transaction.
const BUSY: Duration = Duration::from_secs(30);

const KNOWN: i64 = MIGRATIONS.len() as i64;

/// Opens the connection that writes, and makes the file a store of the newest version.
pub(super) fn open(path: &Path, durability: Durability, most_bytes: Option<u64>) -> Result<Connection, OpenError> {
    if rusqlite::version_number() < SAFE_SQLITE {
        return Err(OpenError::OldSqlite(rusqlite::version()));
    }
    prepare_file(path)?;
    let mut connection = connect(path)?;
    let level = if durability >= Durability::PowerLoss { "FULL" } else { "NORMAL" };
    connection.pragma_update(None, "synchronous", level).map_err(|source| refused(path, source))?;
    adopt(path, &mut connection)?;
    if let Some(most) = most_bytes {
        limit(&connection, most).map_err(|source| refused(path, source))?;
    }
    Ok(connection)
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

/// What an accepted request survives, as far as the connection's own answers prove it.
pub(super) fn durability(connection: &Connection) -> rusqlite::Result<Durability> {
    let journal: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    Ok(match (journal.as_str(), synchronous) {
        ("wal", 2..) => Durability::PowerLoss,
        ("wal", 1) => Durability::ProcessCrash,
        _ => Durability::Memory,
    })
}

fn connect(path: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connect = || {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(64);
        connection.pragma_update(None, "mmap_size", 0)?;
        Ok(connection)
    };
    connect().map_err(|source| refused(path, source))
}

/// Makes sure that the file is there, is local, and is nobody else's to write.
///
/// A file that is there is looked at by its path alone: to open and close it would take the locks away that another
/// connection of this process has on it.
fn prepare_file(path: &Path) -> Result<(), OpenError> {
    let io = |source| OpenError::Io { path: path.to_owned(), source };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(io(error)),
    }
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(path).map_err(io)?);
        if mode & 0o022 != 0 {
            return Err(OpenError::Open { path: path.to_owned(), mode: mode & 0o777 });
        }
    }
    if is_remote(path).map_err(io)? {
        return Err(OpenError::Network { path: path.to_owned() });
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn is_remote(path: &Path) -> std::io::Result<bool> {
    // NFS, SMB, CIFS, SMB2, Coda, AFS, Ceph, 9P.
    const REMOTE: [u32; 8] =
        [0x6969, 0x517B, 0xFF53_4D42, 0xFE53_4D42, 0x7375_7245, 0x5346_414F, 0x00C3_6400, 0x0102_1997];
    let kind = rustix::fs::statfs(path)?.f_type & 0xFFFF_FFFF;
    Ok(u32::try_from(kind).is_ok_and(|kind| REMOTE.contains(&kind)))
}

#[cfg(not(target_os = "linux"))]
fn is_remote(_: &Path) -> std::io::Result<bool> {
    Ok(false)
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
        (APPLICATION, _) => Ok(found < KNOWN),
        _ => Err(OpenError::NotAStore { path }),
    }
}

fn number(connection: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, pragma, |row| row.get(0))
}

fn refused(path: &Path, source: rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match source.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => OpenError::NotAStore { path },
        _ => OpenError::Sqlite { path, source },
    }
}
