//! The scan of the log before the file is opened. `SQLite` reads the log up to the first frame that is not as it was written,
//! and takes that for its end: what a loss of power has torn off was promised to nobody. But a frame that was damaged later
//! looks the same, and everything behind it would be gone without a word. Two things tell them apart. A torn frame does not
//! become whole by turning one bit around. And behind it there are no more commits than can have been under way at once: the
//! disk may have kept later ones and not earlier ones, but only of those that nobody was told of.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::Path;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// The first bytes of a log; the last bit says in which order the bytes of its checksums are.
const MAGIC: u32 = 0x377F_0682;

/// So many commits at most are in the log and not yet on the disk, of all processes together: those of some eight that commit
/// as fast as they can (see `disk`).
const MOST_UNDER_WAY: usize = 640;

/// Two running sums over pairs of words.
type Sums = (u32, u32);

/// Where a log is damaged, if it is: so many bytes from its beginning.
pub(super) fn damage(log: &Path) -> io::Result<Option<u64>> {
    let file = match File::open(log) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut reader = BufReader::with_capacity(1 << 18, file);
    let mut header = [0; HEADER];
    if !fill(&mut reader, &mut header)? || header.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    match Scan::of(&header) {
        Some(scan) => scan.run(&mut reader),
        // It is written and synced before any frame.
        None => Ok(Some(0)),
    }
}

/// What is known of a log from its header, and up to where it was read.
struct Scan {
    is_big: bool,
    page: usize,
    salt: [u8; 8],
    sums: Sums,
    // Where the first bad frame is.
    bad: Option<u64>,
    // Whole commits behind it.
    commits: usize,
}

impl Scan {
    fn of(header: &[u8; HEADER]) -> Option<Self> {
        let magic = word(header, 0, true);
        let is_big = magic & 1 == 1;
        let page = word(header, 8, true);
        let sums = sum((0, 0), &header[..24], is_big);
        let is_good = magic & !1 == MAGIC && page.is_power_of_two() && (512..=65_536).contains(&page);
        if !is_good || sums != (word(header, 24, true), word(header, 28, true)) {
            return None;
        }
        let mut salt = [0; 8];
        salt.copy_from_slice(&header[16..24]);
        Some(Self { is_big, page: page as usize, salt, sums, bad: None, commits: 0 })
    }

    fn run(mut self, reader: &mut impl Read) -> io::Result<Option<u64>> {
        let mut frame = vec![0; FRAME_HEADER + self.page];
        let mut at = HEADER as u64;
        while fill(reader, &mut frame)? {
            if self.is_damaged(at, &frame) {
                return Ok(self.bad);
            }
            at += frame.len() as u64;
        }
        Ok(None)
    }

    /// Takes the next frame in. Says whether it shows that the log is damaged, and not only at its end.
    fn is_damaged(&mut self, at: u64, frame: &[u8]) -> bool {
        let found = sum(sum(self.sums, &frame[..8], self.is_big), &frame[FRAME_HEADER..], self.is_big);
        let stored = (word(frame, 16, true), word(frame, 20, true));
        let (turned_salt, is_whole) = (bits(&frame[8..16], &self.salt), found == stored);
        // The next one goes on from what is stored here, whether that is right or not.
        self.sums = stored;
        if self.bad.is_some() {
            self.commits += usize::from(is_whole && turned_salt == 0 && is_commit(frame));
            return self.commits > MOST_UNDER_WAY;
        }
        if is_whole && turned_salt == 0 {
            return false;
        }
        self.bad = Some(at);
        match turned_salt {
            0 => is_one_bit(stored, found, (frame.len() - FRAME_HEADER + 8) / 8),
            1 => is_whole,
            _ => false,
        }
    }
}

/// Whether a transaction ends with this frame.
fn is_commit(frame: &[u8]) -> bool {
    word(frame, 4, true) > 0
}

/// Whether turning one bit around, of the sums or of what they were made from, makes them agree.
fn is_one_bit(stored: Sums, found: Sums, pairs: usize) -> bool {
    if (stored.0 ^ found.0).count_ones() + (stored.1 ^ found.1).count_ones() == 1 {
        return true;
    }
    let missing = (stored.0.wrapping_sub(found.0), stored.1.wrapping_sub(found.1));
    // What one more in the first or in the second word of a pair makes of the sums, from the last pair to the first.
    let (mut first, mut second): (Sums, Sums) = ((1, 1), (0, 1));
    for _ in 0..pairs {
        for bit in 0..32 {
            for (a, b) in [first, second] {
                let more = (a << bit, b << bit);
                if missing == more || missing == (more.0.wrapping_neg(), more.1.wrapping_neg()) {
                    return true;
                }
            }
        }
        first = pass(first);
        second = pass(second);
    }
    false
}

/// What becomes of a difference of the sums over one more pair.
const fn pass((a, b): Sums) -> Sums {
    let a = a.wrapping_add(b);
    (a, b.wrapping_add(a))
}

fn sum((mut a, mut b): Sums, bytes: &[u8], is_big: bool) -> Sums {
    for at in (0..bytes.len() & !7).step_by(8) {
        a = a.wrapping_add(word(bytes, at, is_big)).wrapping_add(b);
        b = b.wrapping_add(word(bytes, at + 4, is_big)).wrapping_add(a);
    }
    (a, b)
}

fn word(bytes: &[u8], at: usize, is_big: bool) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    if is_big { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
}

/// How many bits differ.
fn bits(one: &[u8], other: &[u8]) -> u32 {
    one.iter().zip(other).map(|(one, other)| (one ^ other).count_ones()).sum()
}

/// Fills the buffer; not at the end of the file.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

    use std::os::unix::fs::FileExt as _;

    use super::*;

    /// A log of so many commits, of whose fourth frame nothing has come to the disk.
    fn torn(commits: i64) -> Option<u64> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("some.db");
        let connection = rusqlite::Connection::open(&file).unwrap();
        let settings = "PRAGMA page_size = 512; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0";
        connection.execute_batch(settings).unwrap();
        connection.execute_batch("CREATE TABLE it (number INTEGER)").unwrap();
        for number in 0..commits {
            connection.execute("INSERT INTO it VALUES (?1)", [number]).unwrap();
        }
        let log = folder.path().join("some.db-wal");
        let frame = (FRAME_HEADER + 512) as u64;
        let third = HEADER as u64 + 3 * frame;
        std::fs::File::options().write(true).open(&log).unwrap().write_all_at(&[0; 536], third).unwrap();
        damage(&log).unwrap()
    }

    #[test]
    fn what_a_loss_of_power_may_leave_is_no_damage() {
        assert_eq!(torn(300), None);
        assert!(torn(MOST_UNDER_WAY as i64 + 10).is_some(), "so many commits behind it were not under way at once");
    }
}
