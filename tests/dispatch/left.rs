//! A job in an answer has left the file of its line: the history stands for it until it has arrived, or the file has it again.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use crate::http::once;
use crate::robot::data;
use crate::serve::Served;
use crate::states::await_state;

/// More than the buffers of a connection hold, at both ends.
const LARGE: usize = 6 << 20;

/// A dispatcher with two jobs in line, of which the first one is on its way to a worker that reads nothing of it.
fn half_given(mode: &str) -> (Served, String, TcpStream) {
    let mut served = Served::idle(&["--allow-local-callbacks", "--max-body", "16777216"]);
    start(&mut served, mode);
    let first = served.client().submit(&format!("\"{}\"", "x".repeat(LARGE))).unwrap();
    assert_eq!(served.client().submit("2").unwrap().body, r#"{"Queued":{"position":2}}"#, "{mode}");
    let cut = begin(&served);
    let file = fs::read_to_string(served.file("jobs.json")).unwrap();
    assert!(file.len() < 1000 && file.contains(r#""data":2"#), "{mode}: it shows the second one only");
    (served, first.header("location").unwrap().to_owned(), cut)
}

/// Asks for a job, and reads nothing of it.
fn begin(served: &Served) -> TcpStream {
    begin_as(served, "")
}

fn begin_as(served: &Served, headers: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
    write!(stream, "POST /take-job HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: 0\r\n\r\n").unwrap();
    stream.read_exact(&mut [0; 12]).unwrap();
    stream
}

fn start(served: &mut Served, mode: &str) {
    served.start_with(|command| {
        command.args(["--mode", mode]);
    });
}

fn both_are_given_in_order(served: &Served, mode: &str) {
    let sizes = (0..2).map(|_| data(&once(served.port, "POST", "/take-job", "", "").body).len());
    assert_eq!(sizes.collect::<Vec<_>>(), [LARGE + 2, 1], "{mode}");
    assert_eq!(once(served.port, "POST", "/take-job", "", "").status, 204, "{mode}");
}

fn is_noted_as_lost(served: &Served) -> bool {
    fs::read_to_string(served.file("jobs.history")).unwrap().contains("NotGiven")
}

#[test]
fn a_job_that_comes_back_is_noted_as_lost_when_its_file_has_it() {
    for mode in ["JsonFile", "CachedJsonFile"] {
        let (mut served, _, cut) = half_given(mode);
        drop(cut);
        while !is_noted_as_lost(&served) {
            thread::sleep(Duration::from_millis(1));
        }
        assert!(fs::metadata(served.file("jobs.json")).unwrap().len() > LARGE as u64, "{mode}");
        served.kill();
        start(&mut served, mode);
        both_are_given_in_order(&served, mode);
    }
}

#[test]
fn a_job_that_comes_back_and_whose_file_cannot_be_written_outlives_a_kill() {
    for mode in ["JsonFile", "CachedJsonFile"] {
        let (mut served, job, cut) = half_given(mode);
        // The new file cannot be made.
        fs::create_dir(served.file("jobs.json.new")).unwrap();
        drop(cut);
        await_state(&served, &job, "Queued");
        while once(served.port, "GET", "/healthz", "", "").status != 503 {
            thread::sleep(Duration::from_millis(1));
        }
        assert!(!is_noted_as_lost(&served), "{mode}");
        served.kill();
        fs::remove_dir(served.file("jobs.json.new")).unwrap();
        start(&mut served, mode);
        both_are_given_in_order(&served, mode);
    }
}

#[test]
fn a_job_that_was_in_an_answer_stands_behind_those_that_came_before_it() {
    for mode in ["JsonFile", "CachedJsonFile"] {
        let (mut served, _, cut) = half_given(mode);
        assert_eq!(served.client().submit(&format!("\"{}\"", "x".repeat(LARGE + 1))).unwrap().status, 202, "{mode}");
        assert_eq!(served.client().submit("4").unwrap().status, 202, "{mode}");
        assert_eq!(data(&once(served.port, "POST", "/take-job", "", "").body), "2", "{mode}");
        // The third one is on its way too when the first one comes back.
        let held = begin(&served);
        drop(cut);
        while !is_noted_as_lost(&served) {
            thread::sleep(Duration::from_millis(1));
        }
        served.kill();
        drop(held);
        start(&mut served, mode);
        let sizes = (0..3).map(|_| data(&once(served.port, "POST", "/take-job", "", "").body).len());
        assert_eq!(sizes.collect::<Vec<_>>(), [LARGE + 2, LARGE + 3, 1], "{mode}");
    }
}

#[test]
fn a_job_of_a_store_that_is_a_named_workers_is_so_whatever_mode_comes_between() {
    for between in ["JsonFile", "CachedJsonFile", "Sqlite"] {
        let mut served = Served::idle(&["--allow-local-callbacks", "--max-body", "16777216"]);
        start(&mut served, "Sqlite");
        served.client().submit(&format!("\"{}\"", "x".repeat(LARGE))).unwrap();
        let cut = begin_as(&served, "Job-Take: a-1\r\n");
        served.kill();
        drop(cut);
        for mode in [between, "Sqlite"] {
            start(&mut served, mode);
            assert_eq!(
                once(served.port, "POST", "/take-job", "", "").status,
                204,
                "{between}, {mode}: it is another's"
            );
            let own = once(served.port, "POST", "/take-job", "Job-Take: a-1\r\n", "");
            assert_eq!((own.status, data(&own.body).len()), (200, LARGE + 2), "{between}, {mode}");
            served.kill();
        }
    }
}

#[test]
fn a_job_that_was_in_an_answer_waits_for_the_mode_of_its_file() {
    let (mut served, _, cut) = half_given("CachedJsonFile");
    for mode in ["Sqlite", "InMemory", "Sqlite"] {
        served.kill();
        start(&mut served, mode);
        assert_eq!(once(served.port, "POST", "/take-job", "", "").status, 204, "{mode}");
    }
    served.kill();
    drop(cut);
    start(&mut served, "CachedJsonFile");
    both_are_given_in_order(&served, "CachedJsonFile");
}
