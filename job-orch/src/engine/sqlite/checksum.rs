//! The checksum that is stored with all bytes: `SQLite` does not notice a flipped bit in a row.

use super::requests::Payload;
use crate::id::JobId;

/// CRC-32 of the id, the version, the codec and the bytes: bytes of another row, or read as another version, do not pass.
pub(super) fn checksum(id: JobId, payload: &Payload) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&id.to_bytes());
    hasher.update(&payload.version.to_le_bytes());
    hasher.update(&[payload.codec]);
    hasher.update(&payload.bytes);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_shows() {
        let id = JobId::new();
        let payload = Payload { version: 3, codec: 1, bytes: b"{\"path\":\"/tmp\"}".to_vec() };
        let right = checksum(id, &payload);
        for bit in 0..payload.bytes.len() * 8 {
            let mut flipped = payload.clone();
            flipped.bytes[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(checksum(id, &flipped), right, "bit {bit}");
        }
        assert_ne!(checksum(JobId::new(), &payload), right, "the bytes of another request");
        assert_ne!(checksum(id, &Payload { version: 4, ..payload }), right, "another version");
    }
}
