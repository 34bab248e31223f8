//! What opens the channels that are put to the laws.
#![expect(clippy::expect_used, reason = "a fixture that cannot go on fails its test")]

use std::cell::RefCell;
use std::path::Path;

use job_orch::Durability;
use job_orch::Engine as _;
use job_orch::channel::laws::{Fixture, Law};
use job_orch::channel::{AnyReceiver, AnySender, Channels, Envelope, Response};
use job_orch::engine::memory::MemoryChannels;
use job_orch::engine::sqlite::{self, SqliteChannels};
use job_orch::settings::Serving;
use tempfile::TempDir;
use tokio::runtime::{Handle, RuntimeFlavor};

pub(crate) struct Memory;

impl Fixture for Memory {
    type Channels = MemoryChannels<Law>;
    async fn open(serving: &Serving) -> Self::Channels {
        MemoryChannels::new(serving)
    }
}

/// Channels whose types are forgotten.
pub(crate) struct Boxed;

impl Fixture for Boxed {
    type Channels = AnyChannels;
    async fn open(serving: &Serving) -> Self::Channels {
        AnyChannels(MemoryChannels::new(serving))
    }
}

#[derive(Clone)]
pub(crate) struct AnyChannels(MemoryChannels<Law>);

impl Channels<Law> for AnyChannels {
    type RequestSender = AnySender<Envelope<Law>>;
    type RequestReceiver = AnyReceiver<Envelope<Law>>;
    type ResponseSender = AnySender<Response<Law>>;
    type ResponseReceiver = AnyReceiver<Response<Law>>;

    fn request_sender(&self) -> Self::RequestSender {
        AnySender::new(self.0.request_sender())
    }
    fn request_receiver(&self) -> Self::RequestReceiver {
        AnyReceiver::new(self.0.request_receiver())
    }
    fn response_sender(&self) -> Self::ResponseSender {
        AnySender::new(self.0.response_sender())
    }
    fn response_receiver(&self) -> Self::ResponseReceiver {
        AnyReceiver::new(self.0.response_receiver())
    }
    fn close(&self) {
        self.0.close();
    }
}

thread_local! {
    // Each law has a thread: the folders of its stores go with it.
    static FOLDERS: RefCell<Vec<TempDir>> = const { RefCell::new(Vec::new()) };
}

/// A store of its own for each channel.
pub(crate) struct Sqlite;

impl Fixture for Sqlite {
    type Channels = SqliteChannels<Law>;
    async fn open(serving: &Serving) -> Self::Channels {
        // Laws are many, and about other things than the disk.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.expect("a folder");
        let options = sqlite::Sqlite::options().durability(Durability::ProcessCrash);
        let is_alone = Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread;
        let options = if is_alone { options.for_tests() } else { options };
        let store = options.open(folder.path().join("jobs.db")).expect("a store");
        FOLDERS.with_borrow_mut(|folders| folders.push(folder));
        store.open(serving).await.expect("channels")
    }
}
