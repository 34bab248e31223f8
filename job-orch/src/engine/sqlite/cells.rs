//! What is read of a row that may be damaged: what is no such value becomes the nearest that is one, for an error would hide all
//! the other rows. Where it matters whether it is what was written, a checksum tells.

use std::time::{Duration, SystemTime};

use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::id::JobId;

/// The last second of the year 9999. What is beyond it is damaged, and nobody writes it as a date.
const LAST: i64 = 253_402_300_799;

/// A text that need not be one: what is no UTF-8 is replaced.
pub(super) fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    Ok(match row.get_ref(column)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Null => String::new(),
    })
}

/// The same, if there is one.
pub(super) fn text_if_any(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<String>> {
    Ok(if row.get_ref(column)? == ValueRef::Null { None } else { Some(text(row, column)?) })
}

/// A number, if it is one.
pub(super) fn number_if_any(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<i64>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Integer(number) => Some(number),
        _ => None,
    })
}

/// A number; zero where there is none.
pub(super) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<i64> {
    Ok(number_if_any(row, column)?.unwrap_or(0))
}

/// A number of a smaller kind: of one that is none of these, the nearest.
pub(super) fn within<N: TryFrom<i64>>(row: &Row<'_>, column: usize, least: N, most: N) -> rusqlite::Result<N> {
    let number = number(row, column)?;
    Ok(N::try_from(number).unwrap_or(if number < 0 { least } else { most }))
}

/// How many there are.
pub(super) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    within(row, column, 0, u64::MAX)
}

/// Whether it is so: everything but zero says that it is.
pub(super) fn flag(row: &Row<'_>, column: usize) -> rusqlite::Result<bool> {
    Ok(number(row, column)? != 0)
}

/// A moment, which the views tell in seconds since 1970, if there is one.
pub(super) fn moment_if_any(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<SystemTime>> {
    let moment = |seconds: i64| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.clamp(0, LAST).unsigned_abs());
    Ok(number_if_any(row, column)?.map(moment))
}

/// The same; where there is none, the first one.
pub(super) fn moment(row: &Row<'_>, column: usize) -> rusqlite::Result<SystemTime> {
    Ok(moment_if_any(row, column)?.unwrap_or(SystemTime::UNIX_EPOCH))
}

/// An id; of one that is damaged, as much as there is.
pub(super) fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<JobId> {
    let (mut id, found) = ([0; 16], row.get_ref(column)?);
    for (byte, found) in id.iter_mut().zip(found.as_bytes().unwrap_or_default()) {
        *byte = *found;
    }
    Ok(JobId::from_bytes(id))
}

/// Bytes; none where there are none.
pub(super) fn bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<u8>> {
    Ok(row.get_ref(column)?.as_bytes().unwrap_or_default().to_vec())
}
