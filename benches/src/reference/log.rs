//! The limit of a durable queue: records are appended to a file that was written before, and those that are there together
//! share one `fdatasync`.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::mpsc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

/// Bytes of the file.
const SIZE: usize = 64 << 20;

/// Bytes of it that are written at once.
const PIECE: usize = 64 << 10;

type Record = (Vec<u8>, oneshot::Sender<()>);

/// A log with a thread of its own.
#[derive(Debug)]
pub struct Log {
    records: Option<mpsc::Sender<Record>>,
    thread: Option<JoinHandle<()>>,
}

/// Appends to a log.
#[derive(Clone, Debug)]
pub struct Appender(mpsc::Sender<Record>);

impl Log {
    /// A log in this folder.
    #[must_use]
    pub fn open(folder: &Path) -> Self {
        let mut file = File::create(folder.join("log")).expect("a file");
        // In pieces, as ours: a file system may keep what was written at once as one, and look at all of it for each later write.
        for _ in 0..SIZE / PIECE {
            file.write_all(&[0; PIECE]).expect("room for it");
        }
        file.sync_all().expect("a disk");
        file.rewind().expect("a file");
        let (records, receiver) = mpsc::channel();
        let thread = std::thread::spawn(move || append(&mut file, &receiver));
        Self { records: Some(records), thread: Some(thread) }
    }

    /// One who appends.
    #[must_use]
    pub fn appender(&self) -> Appender {
        Appender(self.records.clone().expect("it is open"))
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.records = None;
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the log ends");
        }
    }
}

fn append(file: &mut File, receiver: &mpsc::Receiver<Record>) {
    let (mut bytes, mut written) = (Vec::new(), 0);
    while let Ok(first) = receiver.recv() {
        let group: Vec<Record> = std::iter::once(first).chain(receiver.try_iter().take(1023)).collect();
        bytes.clear();
        group.iter().for_each(|(record, _)| bytes.extend_from_slice(record));
        written += bytes.len();
        if written > SIZE {
            written = bytes.len();
            file.seek(SeekFrom::Start(0)).expect("a file");
        }
        file.write_all(&bytes).expect("room for it");
        file.sync_data().expect("a disk");
        for (_, reply) in group {
            let _ = reply.send(());
        }
    }
}

impl Appender {
    /// Appends a record, and waits until it is on the disk.
    pub async fn append(&self, record: Vec<u8>) {
        let (reply, answer) = oneshot::channel();
        self.0.send((record, reply)).expect("the log is open");
        answer.await.expect("the log answers");
    }
}
