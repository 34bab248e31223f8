//! What subscribers read.

use std::time::Duration;

use job_orch::process::{Coordinator, Keep, Limits, OutputError, Pipe, Program};
use job_orch_tests::within_a_minute;
use proptest::prelude::*;

use crate::shell::{check, noise, read, sh, start};

fn keeping(keep: Keep) -> Coordinator {
    Coordinator::options().keep(keep).build()
}

/// A process that writes these bytes.
fn cat(bytes: &[u8]) -> Program {
    Program::new("/bin/cat").stdin_bytes(bytes.to_vec())
}

#[tokio::test]
async fn the_order_between_both_is_that_of_their_coming() {
    let processes = Coordinator::new();
    let id = start(&processes, "echo a; sleep 0.1; echo b >&2; sleep 0.1; echo c").await;
    let mut output = processes.output(id).unwrap();
    let mut came = Vec::new();
    while let Some(blob) = within_a_minute(output.next()).await {
        let blob = blob.unwrap();
        came.push((blob.pipe, blob.bytes));
    }
    let expected = [(Pipe::Stdout, "a\n"), (Pipe::Stderr, "b\n"), (Pipe::Stdout, "c\n")];
    assert_eq!(came, expected.map(|(pipe, text)| (pipe, text.into())));
}

#[tokio::test]
async fn what_is_too_much_for_memory_is_read_from_the_file() {
    let processes = keeping(Keep::usual().memory(64 << 10).file(8 << 20));
    let bytes = noise(3_000_000);
    let id = processes.start(cat(&bytes)).await.unwrap();
    let early = tokio::spawn(read(processes.stdout(id).unwrap()));
    within_a_minute(processes.wait(id)).await.unwrap();
    assert!(early.await.unwrap() == bytes);
    assert!(read(processes.stdout(id).unwrap()).await == bytes);
    assert!(read(processes.output(id).unwrap()).await == bytes);
    assert_eq!(read(processes.stderr(id).unwrap()).await, b"");
}

/// Far more than is kept in memory, as fast as it can be written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_is_read_whole_by_those_who_keep_up_and_by_those_who_come_late() {
    let processes = Coordinator::new();
    let bytes = noise(50_000_000);
    let id = processes.start(cat(&bytes)).await.unwrap();
    let early: Vec<_> = (0..3).map(|_| tokio::spawn(read(processes.stdout(id).unwrap()))).collect();
    within_a_minute(processes.wait(id)).await.unwrap();
    for early in early {
        assert!(early.await.unwrap() == bytes);
    }
    assert!(read(processes.stdout(id).unwrap()).await == bytes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_that_comes_in_waves_is_read_whole() {
    let processes = Coordinator::new();
    // It stops to flood each time, and says something in between.
    let wave = "head -c 6000000 /dev/zero; sleep 0.1; echo calm; sleep 0.1; ";
    let id = start(&processes, &wave.repeat(3)).await;
    let output = read(processes.stdout(id).unwrap()).await;
    let wave = [vec![0; 6_000_000], b"calm\n".to_vec()].concat();
    assert!(output == wave.repeat(3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_waits_for_nobody_who_does_not_read() {
    let processes = Coordinator::new();
    let id = start(&processes, "head -c 200000000 /dev/zero").await;
    let mut output = processes.stdout(id).unwrap();
    let first = within_a_minute(output.next()).await.unwrap().unwrap().len();
    within_a_minute(processes.wait(id)).await.unwrap();
    let (mut read, mut missed) = (first as u64, 0);
    while let Some(blob) = within_a_minute(output.next()).await {
        match blob {
            Ok(blob) => read += blob.len() as u64,
            Err(OutputError::Missed { bytes }) => missed += bytes,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(missed > 100_000_000, "{missed}");
    assert_eq!(read + missed, 200_000_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_ends_with_its_process_and_waits_for_subscribers_if_it_is_to() {
    let processes = keeping(Keep::usual().file(0).wait_for_subscribers());
    let id = start(&processes, "yes").await;
    let mut output = processes.stdout(id).unwrap();
    let mut read = 0;
    while read < 30_000_000 {
        read += within_a_minute(output.next()).await.unwrap().unwrap().len();
    }
    processes.kill(id).unwrap();
    while let Some(blob) = within_a_minute(output.next()).await {
        read += blob.unwrap().len();
    }
    let ended = within_a_minute(processes.wait(id)).await.unwrap();
    assert_eq!(read as u64, ended.written, "nothing of it was dropped");
}

#[tokio::test]
async fn what_is_too_much_for_the_file_is_dropped_and_counted() {
    for file in [0, 200_000, 1_000_000] {
        let processes = keeping(Keep::usual().memory(64 << 10).file(file));
        let bytes = noise(3_000_000);
        let id = processes.start(cat(&bytes)).await.unwrap();
        within_a_minute(processes.wait(id)).await.unwrap();
        let missed = check(processes.stdout(id).unwrap(), &bytes).await;
        let kept = bytes.len() - missed;
        assert!(kept <= file as usize + (128 << 10), "{kept} with {file}");
        assert!(kept >= file as usize / 2 + (16 << 10), "{kept} with {file}");
    }
}

#[tokio::test]
async fn a_subscriber_that_reads_slowly_is_told_what_it_missed() {
    let processes = keeping(Keep::usual().memory(64 << 10).file(0));
    let bytes = noise(1_000_000);
    let id = processes.start(Program::new("/bin/cat").stdin_written()).await.unwrap();
    let output = processes.stdout(id).unwrap();
    processes.write(id, bytes.clone()).await.unwrap();
    processes.close_stdin(id).await.unwrap();
    within_a_minute(processes.wait(id)).await.unwrap();
    assert!(check(output, &bytes).await > 800_000);
}

#[tokio::test]
async fn a_process_waits_for_subscribers_if_it_is_to() {
    let processes = keeping(Keep::usual().memory(64 << 10).file(100_000).wait_for_subscribers());
    let bytes = noise(2_000_000);
    let id = processes.start(cat(&bytes)).await.unwrap();
    let mut output = processes.stdout(id).unwrap();
    let mut read = Vec::new();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(processes.status(id).unwrap(), job_orch::process::Status::Running, "it is held up");
    while let Some(blob) = within_a_minute(output.next()).await {
        read.extend_from_slice(&blob.unwrap());
    }
    assert!(read == bytes);
}

/// Whoever subscribes a moment after the start may be too late.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_waits_for_one_who_reads_from_its_start_however_late() {
    for memory in [64 << 10, 2 << 20] {
        let processes = keeping(Keep::usual().memory(memory).file(0).wait_for_subscribers());
        let bytes = noise(8_000_000);
        let started = processes.start_reading(cat(&bytes)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        drop(started.stderr);
        assert!(read(started.stdout).await == bytes);
    }
}

#[tokio::test]
async fn a_subscriber_that_goes_holds_nobody_up() {
    let processes = keeping(Keep::usual().memory(64 << 10).file(0).wait_for_subscribers());
    let id = processes.start(cat(&noise(2_000_000))).await.unwrap();
    let output = processes.stdout(id).unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(output);
    within_a_minute(processes.wait(id)).await.unwrap();
}

#[tokio::test]
async fn a_process_that_writes_byte_by_byte_is_kept_like_any_other() {
    let processes = keeping(Keep::usual().memory(64 << 10).file(0));
    let id = start(&processes, "i=0; while [ $i -lt 5000 ]; do printf x; printf y >&2; i=$((i+1)); done").await;
    within_a_minute(processes.wait(id)).await.unwrap();
    // Both by turns: the worst there is. What was dropped is counted.
    let (stdout, stderr) = (vec![b'x'; 5000], vec![b'y'; 5000]);
    let missed =
        check(processes.stdout(id).unwrap(), &stdout).await + check(processes.stderr(id).unwrap(), &stderr).await;
    assert!(missed < 9900, "{missed}");
}

#[tokio::test]
async fn a_line_without_an_end_comes_in_parts() {
    let processes = Coordinator::new();
    let script = "head -c 200000 /dev/zero | tr '\\0' x; echo; echo short; printf rest";
    let id = start(&processes, script).await;
    let mut lines = processes.stdout(id).unwrap().lines();
    let mut seen = Vec::new();
    while let Some(line) = within_a_minute(lines.next()).await {
        let line = line.unwrap();
        seen.push((line.bytes.len(), line.goes_on));
    }
    let long = 64 << 10;
    assert_eq!(seen, [(long, true), (long, true), (long, true), (200_000 - 3 * long, false), (5, false), (4, false)]);
}

#[tokio::test]
async fn a_flood_is_ended_by_its_limit() {
    let processes = Coordinator::new();
    let id = processes.start(sh("yes").limits(Limits::none().output(1_000_000))).await.unwrap();
    let ended = within_a_minute(processes.wait(id)).await.unwrap();
    assert_eq!(ended.cause, job_orch::process::Cause::OutputLimit);
    assert!(ended.written > 1_000_000 && ended.written < 3_000_000, "{ended:?}");
}

/// Memory is that of a process, so this one is alone in its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a process of the test below"]
async fn flood() {
    let processes = Coordinator::new();
    let id = start(&processes, "yes").await;
    let mut slow = processes.stdout(id).unwrap();
    within_a_minute(slow.next()).await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = resident();
    let seconds = std::env::var("JOB_ORCH_FLOOD").map_or(2, |seconds| seconds.parse().unwrap());
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let grown = resident().saturating_sub(before);
    assert!(grown < 8 << 20, "{} KiB in {seconds} s", grown >> 10);
    processes.kill(id).unwrap();
    assert!(within_a_minute(processes.wait(id)).await.unwrap().written > 66 << 20, "it was a flood");
}

#[test]
fn s11_a_flood_grows_no_memory() {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    let output = command.args(["output::flood", "--exact", "--ignored"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

/// Bytes of memory that this process has.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// However the bytes come, and however many are kept: who comes early, late or in between reads the same, or knows how
    /// much it has missed.
    #[test]
    fn everybody_reads_the_same(
        writes in proptest::collection::vec(0_usize..30_000, 0..20),
        file in prop_oneof![Just(0_u64), Just(70_000), Just(10_000_000)],
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let processes = keeping(Keep::usual().memory(64 << 10).file(file));
            let id = processes.start(Program::new("/bin/cat").stdin_written()).await.unwrap();
            let all: std::sync::Arc<[u8]> = noise(writes.iter().sum()).into();
            let reader = |output| {
                let all = std::sync::Arc::clone(&all);
                tokio::spawn(async move { check(output, &all).await })
            };
            let mut subscribers = vec![reader(processes.stdout(id).unwrap())];
            let mut rest = &all[..];
            for (number, count) in writes.iter().enumerate() {
                let (now, later) = rest.split_at(*count);
                rest = later;
                processes.write(id, now.to_vec()).await.unwrap();
                if number % 5 == 0 {
                    subscribers.push(reader(processes.output(id).unwrap()));
                }
            }
            processes.close_stdin(id).await.unwrap();
            within_a_minute(processes.wait(id)).await.unwrap();
            subscribers.push(reader(processes.stdout(id).unwrap()));
            for subscriber in subscribers {
                let missed = subscriber.await.unwrap();
                assert!(missed == 0 || file < all.len() as u64, "all of it was kept");
            }
        });
    }
}
