//! Processes as jobs, beside `tokio::process`.

use std::process::Stdio;
use std::time::{Duration, Instant};

use job_orch::process::{Coordinator, Program};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;

use crate::footprint;
use crate::table::{Group, Plan, Target, Verdict};
use crate::threads::two_with_io;

/// Bytes that one process writes.
const FLOOD: u64 = 512 << 20;

/// Short processes, and how many of them run at once.
const SHORT: usize = 1000;
const AT_ONCE: usize = 16;

/// Bytes that many subscribers read, and how many they are.
const SHARED: usize = 1 << 20;
const SUBSCRIBERS: usize = 10_000;

fn gib_per_second(bytes: u64, time: Duration) -> f64 {
    bytes as f64 / f64::from(1 << 30) / time.as_secs_f64()
}

/// Reads a pipe to its end; returns the bytes.
async fn drain(mut pipe: impl AsyncRead + Unpin) -> u64 {
    let (mut buffer, mut all) = (vec![0; 64 << 10], 0);
    loop {
        match pipe.read(&mut buffer).await.expect("the pipe is read") {
            0 => return all,
            count => all += count as u64,
        }
    }
}

/// What an expert reads the output of a process with.
fn bare_flood() -> f64 {
    two_with_io(async {
        let start = Instant::now();
        let mut command = Command::new("/usr/bin/head");
        command.args(["-c", &FLOOD.to_string(), "/dev/zero"]).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let read = drain(child.stdout.take().expect("a pipe")).await;
        child.wait().await.expect("it ends");
        assert_eq!(read, FLOOD);
        gib_per_second(read, start.elapsed())
    })
}

fn flood() -> f64 {
    two_with_io(async {
        let processes = Coordinator::new();
        let start = Instant::now();
        let program = Program::new("/usr/bin/head").args(["-c", &FLOOD.to_string(), "/dev/zero"]);
        let id = processes.start(program).await.expect("it starts");
        let mut output = processes.stdout(id).expect("it is known");
        let mut read = 0;
        while let Some(blob) = output.next().await {
            read += blob.expect("nothing is missed").len() as u64;
        }
        processes.wait(id).await.expect("it is known");
        let time = start.elapsed();
        assert_eq!(read, FLOOD);
        processes.shutdown().await;
        gib_per_second(read, time)
    })
}

/// Runs so many short processes, some at once, by what runs one. Returns how many a second.
async fn short<F: Future<Output = ()> + Send + 'static>(one: impl Fn() -> F + Clone + Send + 'static) -> f64 {
    let start = Instant::now();
    let worker = || {
        let one = one.clone();
        async move {
            for _ in 0..SHORT / AT_ONCE {
                one().await;
            }
        }
    };
    let workers: Vec<_> = (0..AT_ONCE).map(|_| tokio::spawn(worker())).collect();
    for worker in workers {
        worker.await.expect("a worker ends");
    }
    (SHORT / AT_ONCE * AT_ONCE) as f64 / start.elapsed().as_secs_f64()
}

fn bare_short() -> f64 {
    two_with_io(short(|| async {
        let mut command = Command::new("/bin/true");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let (stdout, stderr) = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
        tokio::join!(drain(stdout), drain(stderr));
        assert!(child.wait().await.expect("it ends").success());
    }))
}

fn our_short() -> f64 {
    two_with_io(async {
        let processes = Coordinator::new();
        let shared = processes.clone();
        let rate = short(move || {
            let processes = shared.clone();
            async move {
                let id = processes.start(Program::new("/bin/true")).await.expect("it starts");
                let ended = processes.wait(id).await.expect("it is known");
                assert!(ended.status.is_success());
            }
        });
        let rate = rate.await;
        processes.shutdown().await;
        rate
    })
}

/// Ten thousand tasks read the output of one process while it comes. For a program that looks at its own memory.
///
/// # Panics
/// If one of them does not read all of it.
pub async fn subscribers(grown: impl FnOnce() -> f64) -> f64 {
    let processes = Coordinator::new();
    let id = processes.start(Program::new("/bin/cat").stdin_written()).await.expect("it starts");
    let subscribe = |_| {
        let mut output = processes.stdout(id).expect("it is known");
        tokio::spawn(async move {
            let mut read = 0;
            while let Some(blob) = output.next().await {
                read += blob.expect("nothing is missed").len();
            }
            read
        })
    };
    let tasks: Vec<_> = (0..SUBSCRIBERS).map(subscribe).collect();
    processes.write(id, vec![b'x'; SHARED]).await.expect("it reads");
    processes.close_stdin(id).await.expect("it is known");
    for task in tasks {
        assert_eq!(task.await.expect("a subscriber ends"), SHARED);
    }
    let grown = grown();
    processes.shutdown().await;
    grown - SHARED as f64
}

/// The table.
pub(super) fn table(plan: &Plan, verdict: &mut Verdict) {
    verdict.begin("Processes: against `tokio::process`");
    Group::new("GiB/s")
        .contender("ours", flood)
        .contender("bare pipe", bare_flood)
        .row("output to one subscriber", "ours", "bare pipe", Some(Target::AtLeast(0.5, 0.9)))
        .measure(plan, verdict);
    Group::new("per s")
        .contender("ours", our_short)
        .contender("bare", bare_short)
        .row("short processes", "ours", "bare", Some(Target::AtLeast(0.7, 0.95)))
        .measure(plan, verdict);
    Group::new("MiB")
        .contender("resident", || footprint::figure(footprint::SUBSCRIBERS, "2"))
        .figure("10,000 subscribers to 1 MiB", "resident", Some(Target::AtMost(64.0, 16.0)))
        .measure(&Plan { rounds: plan.rounds.min(3), only: plan.only.clone() }, verdict);
}
