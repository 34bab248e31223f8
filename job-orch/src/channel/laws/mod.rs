//! The laws of channels, as tests for whoever makes channels: an engine proves itself by one line.
//!
//! A law is an async function, named as the sentence it proves and generic over a [`Fixture`], which opens the
//! channels.
//! [`channel_laws!`](crate::channel_laws) makes one test of each.
//!
//! ```
//! use job_orch::channel::laws::{Fixture, Law};
//! use job_orch::engine::memory::MemoryChannels;
//! use job_orch::settings::Serving;
//!
//! struct InMemory;
//!
//! impl Fixture for InMemory {
//!     type Channels = MemoryChannels<Law>;
//!     async fn open(serving: &Serving) -> Self::Channels {
//!         MemoryChannels::new(serving)
//!     }
//! }
//!
//! job_orch::channel_laws!(memory, InMemory);
//! # fn main() {}
//! ```
#![expect(clippy::expect_used, clippy::panic, reason = "a law that does not hold panics: it is a test")]

pub mod broadcast;
pub mod cancelling;
pub mod capacity;
pub mod closing;
pub mod dead_letters;
pub mod delays;
mod ends;
pub mod fetching;
pub mod lag;
pub mod leaks;
mod list;
mod parcel;
pub mod priorities;
pub mod requests;
pub mod settling;
pub mod uniqueness;
pub mod withdrawing;

use std::future::Future;
use std::panic::resume_unwind;
use std::sync::mpsc;
use std::time::Duration;

use tokio::time::timeout;

pub use parcel::{Law, Parcel};

use super::Channels;
use crate::settings::Serving;

/// How long a law may take by the usual clock.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the laws need from whoever makes channels.
pub trait Fixture: 'static {
    /// The channels.
    type Channels: Channels<Law>;

    /// Opens fresh channels with the capacities and policies of `serving`; nobody else sends or receives on them.
    fn open(serving: &Serving) -> impl Future<Output = Self::Channels> + Send;
}

/// Runs a law on one thread with a clock that jumps whenever every task waits: hours take no time, and a law that waits
/// for ever fails at once.
///
/// # Panics
/// If the law does not hold.
pub fn alone<L: Future<Output = ()>>(law: impl FnOnce() -> L + Send + 'static) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true);
    watched(builder, Duration::from_secs(60 * 60 * 24 * 365), law);
}

/// Runs a law on several threads with the usual clock. A law that waits for ever fails after a minute.
///
/// # Panics
/// If the law does not hold.
pub fn crowded<L: Future<Output = ()>>(law: impl FnOnce() -> L + Send + 'static) {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(4).enable_time();
    watched(builder, PATIENCE, law);
}

/// Runs a law on a thread of its own, so that one that spins for ever fails as well.
fn watched<L: Future<Output = ()>>(
    mut builder: tokio::runtime::Builder,
    limit: Duration,
    law: impl FnOnce() -> L + Send + 'static,
) {
    let (done, waiting) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        // Dropped at the end, also by a panic: that is the sign.
        let _done: mpsc::Sender<()> = done;
        let runtime = builder.build().expect("a runtime");
        runtime.block_on(async { assert!(timeout(limit, law()).await.is_ok(), "the law waits for ever") });
    });
    match waiting.recv_timeout(PATIENCE * 2) {
        Err(mpsc::RecvTimeoutError::Disconnected) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
        _ => panic!("the law spins for ever"),
    }
}

/// Who keeps which law: a table with a line for each law and a column for each engine. `columns` are the names of the
/// modules that [`channel_laws!`](crate::channel_laws) made, and their `EXCEPT`s.
///
/// It says what was promised; whether a promise is kept, its test says.
#[must_use]
pub fn matrix(columns: &[(&str, &[&str])]) -> String {
    let width = LAWS.iter().map(|law| law.len()).max().unwrap_or(0);
    let head = columns.iter().fold(format!("{:width$}", "law"), |line, (name, _)| line + "  " + name);
    LAWS.iter().fold(head, |table, law| {
        columns.iter().fold(format!("{table}\n{law:width$}"), |line, (name, except)| {
            let word = if except.contains(law) { "-" } else { "ok" };
            format!("{line}  {word:<0$}", name.len())
        })
    })
}

macro_rules! names {
    ($($module:ident { $($kind:ident $law:ident,)+ })+) => {
        /// The names of all laws.
        pub const LAWS: &[&str] = &[$($(stringify!($law),)+)+];
    };
}
crate::__channel_laws_list!(names);

/// Makes a module with one test for each law of channels: `channel_laws!(memory, InMemory)`.
///
/// The first argument names the module, the second is the [`Fixture`](crate::channel::laws::Fixture). Laws that the
/// channels do not keep are listed, and their tests are shown as ignored:
///
/// ```
/// # use job_orch::{channel::laws::{Fixture, Law}, engine::memory::MemoryChannels, settings::Serving};
/// # struct Mine;
/// # impl Fixture for Mine {
/// #     type Channels = MemoryChannels<Law>;
/// #     async fn open(serving: &Serving) -> Self::Channels { MemoryChannels::new(serving) }
/// # }
/// job_orch::channel_laws!(mine, Mine, except: [a_request_can_be_withdrawn]);
/// # fn main() {}
/// ```
///
/// The name of a law that does not exist does not compile:
///
/// ```compile_fail,E0080
/// # use job_orch::{channel::laws::{Fixture, Law}, engine::memory::MemoryChannels, settings::Serving};
/// # struct Mine;
/// # impl Fixture for Mine {
/// #     type Channels = MemoryChannels<Law>;
/// #     async fn open(serving: &Serving) -> Self::Channels { MemoryChannels::new(serving) }
/// # }
/// job_orch::channel_laws!(mine, Mine, except: [a_request_can_be_undone]);
/// # fn main() {}
/// ```
///
/// The module also has `EXCEPT`, the names of those laws, for [`matrix`](crate::channel::laws::matrix).
#[macro_export]
macro_rules! channel_laws {
    ($engine:ident, $fixture:ty $(, except: [$($except:ident),* $(,)?])? $(,)?) => {
        mod $engine {
            #[allow(unused_imports)]
            use super::*;

            /// The laws that these channels do not keep.
            #[allow(dead_code)]
            pub(super) const EXCEPT: &[&str] = &[$($(stringify!($except)),*)?];

            macro_rules! law {
                $($(($module:ident $kind:ident $except) => {
                    #[test]
                    #[ignore = "these channels do not keep this law"]
                    fn $except() {}
                };)*)?
                ($module:ident $kind:ident $law:ident) => {
                    #[test]
                    fn $law() {
                        $crate::channel::laws::$kind($crate::channel::laws::$module::$law::<$fixture>);
                    }
                };
            }
            $crate::__channel_laws_list!($crate::__channel_laws_each, law);
            // A name that no law has is an error here.
            const _: () = $crate::channel::laws::exist(EXCEPT);
        }
    };
}

/// Fails to compile where a name is not a law's.
#[doc(hidden)]
#[expect(clippy::indexing_slicing, reason = "a `const fn` has no iterators")]
pub const fn exist(names: &[&str]) {
    let mut at = 0;
    while at < names.len() {
        let mut law = 0;
        while !is_same(names[at].as_bytes(), LAWS[law].as_bytes()) {
            law += 1;
            assert!(law < LAWS.len(), "`except` names a law that does not exist");
        }
        at += 1;
    }
}

#[expect(clippy::indexing_slicing, reason = "as above")]
const fn is_same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}
