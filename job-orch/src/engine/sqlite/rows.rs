//! What stands in the rows of several tables: how it is read, and how it is told that it is damaged.

use rusqlite::Row;

use super::cells;
use super::checksum;
use super::places;
use super::requests::{Claimed, Grip, NewRequest, Payload, size};
use crate::outcome::{Failure, FailureKind};

/// Reads a request from its [`columns`](super::requests::columns). Whatever stands in them: a row that could not be read would
/// stop all that stand behind it.
pub(super) fn read_claimed(row: &Row<'_>, fence: i64, attempt: u32) -> rusqlite::Result<Claimed> {
    let (seq, id) = (row.get(0)?, cells::id(row, 1)?);
    let request = NewRequest {
        id,
        run: None,
        priority: cells::within(row, 3, i16::MIN, i16::MAX)?,
        due: None,
        key: None,
        while_waiting: false,
        even_dead: false,
        key_until: None,
        is_call: cells::flag(row, 4)?,
        deadline: cells::number_if_any(row, 5)?,
        trace: cells::text_if_any(row, 6)?,
        retry: cells::text_if_any(row, 11)?,
        payload: read_payload(row, 7)?,
        checksum: read_checksum(row, 9)?,
    };
    let found = checksum::of_row(checksum::of_request(&request), seq, cells::number(row, 2)?);
    let is_whole = agree(request.checksum, found);
    let NewRequest { deadline, trace, retry, is_call, payload, .. } = request;
    Ok(Claimed {
        grip: Grip { job: places::job_of(seq), seq, fence },
        id,
        attempt,
        deadline,
        trace,
        retry,
        is_call,
        version: payload.version,
        size: size(&payload),
        payload: is_whole.map(|()| payload),
    })
}

/// Reads version, codec and payload, which stand from `first` on, with the checksum between them.
pub(super) fn read_payload(row: &Row<'_>, first: usize) -> rusqlite::Result<Payload> {
    Ok(Payload {
        version: cells::within(row, first, 0, u32::MAX)?,
        codec: cells::within(row, first + 1, 0, u8::MAX)?,
        bytes: cells::bytes(row, first + 3)?,
    })
}

/// Reads a checksum. One that is none agrees with nothing.
pub(super) fn read_checksum(row: &Row<'_>, column: usize) -> rusqlite::Result<u32> {
    cells::within(row, column, 0, u32::MAX)
}

/// The error says that and why bytes are damaged.
pub(super) fn agree(stored: u32, found: u32) -> Result<(), String> {
    if stored == found {
        return Ok(());
    }
    Err(format!("its bytes are damaged: their checksum is {found:08x}, and should be {stored:08x}"))
}

pub(super) fn json(failure: &Failure) -> String {
    serde_json::to_string(failure).unwrap_or_default()
}

pub(super) fn read_failure(text: &[u8]) -> Failure {
    serde_json::from_slice(text)
        .unwrap_or_else(|_| Failure::new(FailureKind::Unreadable, "its reason cannot be read", 0))
}
