//! What a store costs while it is full, idle, done, or worked on by another process.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use job_orch::channel::{Channels, Delivery, Envelope, McReceive, MpSend};
use job_orch::prelude::*;
use job_orch::{Client, Engine};
use tempfile::TempDir;

use super::{Nothing, folder, payload};
use crate::threads::two;

/// A store in which so many requests wait.
#[derive(Debug)]
pub struct Full(TempDir);

impl Full {
    /// One that was filled and closed.
    #[must_use]
    pub fn of(count: usize) -> Self {
        let folder = folder();
        let store = Sqlite::open(folder.path().join("jobs.db")).expect("a store");
        two(async move {
            let channels = Engine::open::<Nothing>(&store, &Nothing::SERVING).await.expect("channels");
            for _ in 0..count.div_ceil(20_000) {
                let mut requests = (0..count.min(20_000)).map(|_| Envelope::new(payload())).collect();
                channels.request_sender().send_many(&mut requests).await.expect("all are accepted");
            }
        });
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("jobs.db")
    }

    /// Milliseconds to open it.
    #[must_use]
    pub fn open(&self) -> f64 {
        let start = Instant::now();
        let _store = Sqlite::open(self.file()).expect("a store");
        start.elapsed().as_secs_f64() * 1e3
    }

    /// Microseconds that 99 of 100 claims take at most. What is claimed is given back.
    #[must_use]
    pub fn claim(&self) -> f64 {
        let store = Sqlite::open(self.file()).expect("a store");
        two(async move {
            let channels = Engine::open::<Nothing>(&store, &Nothing::SERVING).await.expect("channels");
            let mut receiver = channels.request_receiver();
            let (mut times, mut held) = (Vec::new(), Vec::new());
            for _ in 0..500 {
                let start = Instant::now();
                held.push(receiver.receive().await.expect("one waits"));
                times.push(start.elapsed());
            }
            for delivery in held {
                delivery.nack(job_orch::channel::Return::Untouched).await.expect("it is held");
            }
            times.sort_unstable();
            times.get(times.len() * 99 / 100).map_or(f64::NAN, |time| time.as_secs_f64() * 1e6)
        })
    }
}

/// The percentage of a core that an idle worker takes over 30 s.
#[must_use]
pub fn idle() -> f64 {
    const TIME: Duration = Duration::from_secs(30);
    let folder = folder();
    let store = Sqlite::open(folder.path().join("jobs.db")).expect("a store");
    two(async move {
        let orch = Orchestrator::on(store).host(Nothing).start().await.expect("it starts");
        orch.call(Nothing, payload()).await.expect("it is answered");
        let before = processor_time();
        tokio::time::sleep(TIME).await;
        let used = processor_time().saturating_sub(before);
        orch.shutdown().await.expect("it drains");
        used.as_secs_f64() / TIME.as_secs_f64() * 100.0
    })
}

/// The processor time of all threads of this process, as far as the system tells.
fn processor_time() -> Duration {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return Duration::ZERO };
    let nanos = tasks.filter_map(|task| {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

/// Bytes of the file for each of many jobs, when all have ended and their time is up.
#[must_use]
pub fn bytes_per_finished() -> f64 {
    const JOBS: u32 = 50_000;
    let folder = folder();
    let file = folder.path().join("jobs.db");
    let lease = Duration::from_millis(60);
    let store = Sqlite::options().keep_responses(Duration::ZERO).lease(lease).open(&file).expect("a store");
    let path = file.clone();
    two(async move {
        let orch = Orchestrator::on(store).host_with(Nothing, Nothing::SERVING.workers(64)).start().await;
        let orch = orch.expect("it starts");
        orch.send_many(Nothing, (0..JOBS).map(|_| payload())).await.expect("all are accepted");
        while orch.counts(Nothing).expect("it is hosted").succeeded < u64::from(JOBS) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // Some are removed with each sign of life: until nothing changes any more.
        let size = || std::fs::metadata(&path).expect("a file").len();
        let (mut before, mut now) = (0, size());
        while before != now {
            tokio::time::sleep(Duration::from_secs(3)).await;
            (before, now) = (now, size());
        }
        orch.shutdown().await.expect("it drains");
    });
    std::fs::metadata(file).expect("a file").len() as f64 / f64::from(JOBS)
}

/// When it ran, in nanoseconds since 1970.
#[job]
pub async fn moment(_: &()) -> u64 {
    now()
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}

/// A worker in another process.
#[derive(Debug, Default)]
pub struct Elsewhere(Option<(TempDir, Child)>);

impl Elsewhere {
    /// Milliseconds from the send to the run in the other process, for half of them at most.
    pub fn wake(&mut self) -> f64 {
        let (folder, _) = self.0.get_or_insert_with(|| {
            let folder = folder();
            let mut command = Command::new(std::env::current_exe().expect("this program"));
            let child = command.arg("sqlite-worker").arg(folder.path()).stdin(Stdio::piped()).spawn();
            (folder, child.expect("a process"))
        });
        let store = Sqlite::open(folder.path().join("jobs.db")).expect("a store");
        two(async move {
            let orch = Orchestrator::on(store).reach(Moment).start().await.expect("it starts");
            let client: Client<Moment, Sqlite> = orch.client(Moment).expect("it is known");
            client.call(()).await.expect("the other process is there");
            let mut times = Vec::new();
            for _ in 0..51 {
                tokio::time::sleep(Duration::from_millis(20)).await;
                let sent = now();
                times.push(client.call(()).await.expect("it is answered").saturating_sub(sent));
            }
            times.sort_unstable();
            orch.shutdown().await.expect("it drains");
            times.get(times.len() / 2).map_or(f64::NAN, |nanos| *nanos as f64 / 1e6)
        })
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        if let Some((_, mut child)) = self.0.take() {
            // Its input ends, and so it does.
            drop(child.stdin.take());
            child.wait().expect("it ends");
        }
    }
}

/// The other process: it works until its input ends.
pub fn work(folder: &Path) {
    let store = Sqlite::open(folder.join("jobs.db")).expect("a store");
    two(async move {
        let orch = Orchestrator::on(store).host(Moment).start().await.expect("it starts");
        let input = || std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        tokio::task::spawn_blocking(input).await.expect("it is read").expect("it ends");
        orch.shutdown().await.expect("it drains");
    });
}
