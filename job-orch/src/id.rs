//! [`JobId`]: the name of one request, for as long as anybody may ask for it.

use std::cell::Cell;
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::unix_millis;

/// The id of a request and of its response: a UUID of version 7 (RFC 9562), so ids sort by the time they were made.
///
/// ```
/// use job_orch::JobId;
///
/// let (first, second) = (JobId::new(), JobId::new());
/// assert!(first < second);
/// assert_eq!(first.to_string().parse::<JobId>()?, first);
/// # Ok::<(), job_orch::InvalidJobId>(())
/// ```
// Two words and not 16 bytes, which a compiler would move by one wide load right after two narrow stores: every request
// would wait for that.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "Uuid", into = "Uuid")]
pub struct JobId {
    high: u64,
    low: u64,
}

/// A text that is no [`JobId`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a job id: {text:?}")]
pub struct InvalidJobId {
    text: String,
    #[source]
    source: uuid::Error,
}

impl JobId {
    /// A new id, later than every id this thread has made.
    #[inline]
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a default that differs each time would surprise")]
    pub fn new() -> Self {
        GENERATOR.with(|generator| Ids { generator, now: unix_millis() }.next_id())
    }

    /// For many ids at once: the clock and the thread's generator are looked up once.
    #[inline]
    pub(crate) fn many<T>(make: impl FnOnce(Ids<'_>) -> T) -> T {
        GENERATOR.with(|generator| make(Ids { generator, now: unix_millis() }))
    }

    /// The id as a UUID's 16 bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        *self.to_uuid().as_bytes()
    }

    /// The id of what is called so within a run: the same each time (a UUID of version 5).
    pub(crate) fn within(run: Self, name: &[u8]) -> Self {
        Self::from_uuid(Uuid::new_v5(&run.to_uuid(), name))
    }

    /// Whether it was made by [`within`](JobId::within).
    pub(crate) const fn is_within(self) -> bool {
        self.to_uuid().get_version_num() == 5
    }

    /// The id of these 16 bytes, whatever their version.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self::from_uuid(Uuid::from_bytes(bytes))
    }

    const fn to_uuid(self) -> Uuid {
        Uuid::from_u64_pair(self.high, self.low)
    }

    const fn from_uuid(uuid: Uuid) -> Self {
        let (high, low) = uuid.as_u64_pair();
        Self { high, low }
    }
}

impl From<Uuid> for JobId {
    fn from(uuid: Uuid) -> Self {
        Self::from_uuid(uuid)
    }
}

impl From<JobId> for Uuid {
    fn from(id: JobId) -> Self {
        id.to_uuid()
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_uuid(), f)
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobId({self})")
    }
}

impl FromStr for JobId {
    type Err = InvalidJobId;
    fn from_str(text: &str) -> Result<Self, InvalidJobId> {
        text.parse().map(Self::from_uuid).map_err(|source| InvalidJobId { text: text.to_owned(), source })
    }
}

/// Makes the ids of one thread.
pub(crate) struct Ids<'a> {
    generator: &'a Cell<Generator>,
    // In milliseconds since 1970.
    now: u64,
}

impl Ids<'_> {
    #[inline]
    pub(crate) fn next_id(&self) -> JobId {
        next(self.generator, self.now)
    }
}

/// One thread's generator. `uuid`'s own costs 74 ns an id, half of what a whole streamed job may; this one 4 (measured on
/// the machine of the benchmarks).
#[derive(Clone, Copy)]
struct Generator {
    // The millisecond of the last id.
    millis: u64,
    // Counts within the millisecond: 12 bits of `rand_a` and the upper 20 of `rand_b`. It starts at a random number below
    // half of its range (RFC 9562, 6.2, method 1), so that two threads do not count in step.
    counter: u32,
    // The lower 42 bits of `rand_b`: a Weyl sequence through a mixer, seeded by the system.
    seed: u64,
}

thread_local! {
    static GENERATOR: Cell<Generator> = Cell::new(Generator {
        millis: 0,
        counter: 0,
        seed: RandomState::new().build_hasher().finish(),
    });
}

#[inline]
fn next(cell: &Cell<Generator>, now: u64) -> JobId {
    let mut own = cell.get();
    own.seed = own.seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let random = mix(own.seed);
    if now > own.millis {
        own.millis = now;
        own.counter = (random >> 33) as u32;
    } else if let Some(counter) = own.counter.checked_add(1) {
        own.counter = counter;
    } else {
        // Two thousand million ids in one millisecond, or a clock that was set back: borrow from the future.
        own.millis += 1;
        own.counter = 0;
    }
    cell.set(own);
    let high = (own.millis << 16) | 0x7000 | u64::from(own.counter >> 20);
    let low = (0b10 << 62) | (u64::from(own.counter & 0xF_FFFF) << 42) | (random & 0x3FF_FFFF_FFFF);
    JobId { high, low }
}

const fn mix(seed: u64) -> u64 {
    let mut z = seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A random number from 0 to 1, for jitter.
pub(crate) fn random_unit() -> f64 {
    let bits = GENERATOR.with(|cell| {
        let mut own = cell.get();
        own.seed = own.seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        cell.set(own);
        mix(own.seed)
    });
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_of_version_7_and_ascend_within_a_thread() {
        let ids: Vec<JobId> = (0..100_000).map(|_| JobId::new()).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(
            ids.iter()
                .all(|id| id.to_uuid().get_version_num() == 7 && id.to_uuid().get_variant() == uuid::Variant::RFC4122)
        );
    }

    #[test]
    fn a_clock_set_back_or_a_counter_at_its_end_still_ascends() {
        let cell = Cell::new(Generator { millis: u64::MAX >> 17, counter: u32::MAX - 1, seed: 7 });
        let ids: Vec<JobId> = (0..4).map(|_| next(&cell, 0)).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
    }

    #[test]
    fn an_id_carries_the_time_of_the_clock() {
        let before = unix_millis();
        let id = JobId::new();
        let stamp = id.to_bytes()[..6].iter().fold(0, |stamp, byte| (stamp << 8) | u64::from(*byte));
        assert!((before..=before + 1000).contains(&stamp), "{stamp} after {before}");
    }
}
