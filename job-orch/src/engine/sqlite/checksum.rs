//! The checksum that is stored with all bytes: `SQLite` does not notice a flipped bit in a row.

use crc32fast::Hasher;

use super::requests::{NewRequest, Payload};
use crate::id::JobId;

/// CRC-32 of the id, the version, the codec and the bytes: bytes of another row, or read as another version, do not pass.
/// And of whatever else must stay as it is.
fn checksum(id: JobId, payload: &Payload, more: &[i64]) -> Hasher {
    let mut hasher = Hasher::new();
    hasher.update(&id.to_bytes());
    hasher.update(&payload.version.to_le_bytes());
    hasher.update(&[payload.codec]);
    hasher.update(&payload.bytes);
    more.iter().for_each(|more| hasher.update(&more.to_le_bytes()));
    hasher
}

/// Of a request, but for where and when it comes into the store.
pub(super) fn of_request(request: &NewRequest) -> u32 {
    let NewRequest { id, priority, is_call, deadline, trace, retry, payload, .. } = request;
    let more = [i64::from(*priority), i64::from(*is_call), deadline.unwrap_or(i64::MIN)];
    let mut hasher = checksum(*id, payload, &more);
    for text in [trace, retry] {
        hasher.update(text.as_deref().unwrap_or_default().as_bytes());
    }
    hasher.finalize()
}

/// Of the row of a request.
pub(super) fn of_row(request: u32, seq: i64, sent: i64) -> u32 {
    let mut hasher = Hasher::new_with_initial(request);
    hasher.update(&seq.to_le_bytes());
    hasher.update(&sent.to_le_bytes());
    hasher.finalize()
}

/// Of a response.
pub(super) fn of_response(id: JobId, is_failure: bool, payload: &Payload) -> u32 {
    checksum(id, payload, &[is_failure.into()]).finalize()
}

/// Of the row of a schedule.
#[cfg(feature = "cron")]
pub(super) fn of_schedule(job: &str, plan: [&[u8]; 4], last: i64, next: Option<i64>, firing: Option<JobId>) -> u32 {
    let mut hasher = Hasher::new();
    for text in [job.as_bytes()].into_iter().chain(plan) {
        hasher.update(text);
        // So that what moves from one to the next shows.
        hasher.update(&[0]);
    }
    for moment in [Some(last), next] {
        hasher.update(&moment.unwrap_or(i64::MIN).to_le_bytes());
    }
    if let Some(firing) = firing {
        hasher.update(&firing.to_bytes());
    }
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_shows() {
        let id = JobId::new();
        let payload = Payload { version: 3, codec: 1, bytes: b"{\"path\":\"/tmp\"}".to_vec() };
        let right = of_response(id, false, &payload);
        for bit in 0..payload.bytes.len() * 8 {
            let mut flipped = payload.clone();
            flipped.bytes[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(of_response(id, false, &flipped), right, "bit {bit}");
        }
        assert_ne!(of_response(JobId::new(), false, &payload), right, "the bytes of another request");
        assert_ne!(of_response(id, false, &Payload { version: 4, ..payload }), right, "another version");
    }
}
