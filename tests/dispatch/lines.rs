//! The lines over restarts, and their files.

use std::fs;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use job_orch::engine::sqlite::inspect::Inspector;

use crate::http::{Client, once};
use crate::robot::{Robot, data};
use crate::serve::{DURABLE, Served};
use crate::states::{await_figure, await_state};

#[test]
fn both_lines_stay_in_order_over_a_kill_and_an_interruption() {
    for mode in DURABLE {
        let mut served = Served::new(mode);
        for number in 0..6 {
            let answer = served.client().submit(&number.to_string()).unwrap();
            assert_eq!(answer.body, format!(r#"{{"Queued":{{"position":{}}}}}"#, number + 1), "{mode}");
            if number % 2 == 0 {
                served.kill();
            } else {
                served.interrupt();
            }
            served.start();
        }
        let jobs = (0..6).map(|_| data(&served.client().register("http://127.0.0.1:1/").unwrap().body));
        assert_eq!(jobs.collect::<Vec<_>>(), ["0", "1", "2", "3", "4", "5"], "{mode}");

        let robots: Vec<Robot> = (0..4).map(|_| Robot::new()).collect();
        for robot in &robots {
            assert_eq!(served.client().register(&robot.url("/")).unwrap().status, 202);
            served.kill();
            served.start();
        }
        for (number, robot) in robots.iter().enumerate() {
            assert_eq!(served.client().submit(&number.to_string()).unwrap().body, r#""Assigned""#, "{mode}");
            assert_eq!(data(&robot.wait(1)[0].body), number.to_string(), "{mode}");
        }
    }
}

#[test]
fn a_file_shows_its_line_at_every_answer() {
    for mode in ["JsonFile", "CachedJsonFile"] {
        let served = Served::new(mode);
        let shown = |name: &str| -> Vec<serde_json::Value> {
            serde_json::from_str(&fs::read_to_string(served.file(name)).unwrap()).unwrap()
        };
        for number in 0..3 {
            served.client().submit(&format!(r#"{{"n":{number}}}"#)).unwrap();
            assert_eq!(shown("jobs.json").len(), number + 1);
        }
        assert_eq!(shown("jobs.json")[2]["data"]["n"], 2);
        served.client().register("http://127.0.0.1:1/").unwrap();
        assert_eq!(shown("jobs.json")[0]["data"]["n"], 1, "the given one is gone at the answer");
        for _ in 0..2 {
            served.client().register("http://127.0.0.1:1/").unwrap();
        }
        assert_eq!(shown("jobs.json").len(), 0);
        served.client().register("http://127.0.0.1:1/x").unwrap();
        assert_eq!(shown("workers.json")[0]["callback"], "http://127.0.0.1:1/x");
    }
}

#[test]
fn a_file_that_is_written_by_others_counts_where_it_is_not_cached() {
    for (mode, expected) in [("JsonFile", "\"theirs\""), ("CachedJsonFile", "\"ours\"")] {
        let served = Served::new(mode);
        served.client().submit("\"ours\"").unwrap();
        let text = fs::read_to_string(served.file("jobs.json")).unwrap();
        fs::write(served.file("jobs.json"), text.replace("ours", "theirs")).unwrap();
        let given = served.client().register("http://127.0.0.1:1/").unwrap();
        assert_eq!(data(&given.body), expected, "{mode}");
    }
}

#[test]
fn an_unreadable_file_is_named_and_left_alone() {
    let files = [("jobs.json", "JsonFile"), ("workers.json", "CachedJsonFile"), ("jobs.db", "Sqlite")];
    for (name, mode) in files {
        for content in ["[{\"id\":", "{}", "[1]", "", "[{\"id\":\"x\",\"data\":1,\"submitted_at\":\"\"}]"] {
            if name == "jobs.db" && content.is_empty() {
                // An empty file is a new store.
                continue;
            }
            let mut served = Served::idle(&["--mode", mode]);
            let content = content.repeat(if name == "jobs.db" { 200 } else { 1 });
            fs::write(served.file(name), &content).unwrap();
            let mut child = served.command().stderr(Stdio::piped()).spawn().unwrap();
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            assert_eq!(child.wait().unwrap().code(), Some(1), "{name}: {said}");
            assert!(said.contains(name), "{name} {content}: {said}");
            assert_eq!(fs::read_to_string(served.file(name)).unwrap(), content);
        }
    }
}

#[test]
fn what_is_wrong_with_a_file_is_told_with_its_place() {
    let job = r#"{"id":"01a1ff00-c234-755e-be59-74bbb4db6bf6","data":1,"submitted_at":"2026-11-22T06:00:00.000Z"}"#;
    let given = r#"{"Given":"01a1ff00-c234-755e-be59-74bbb4db6bf6"}"#;
    for (name, content, place, reason) in [
        ("jobs.json", format!("[{job},1]"), "entry 2", "`id`, `data` and `submitted_at`"),
        ("jobs.json", format!("[{job},\n{job},{{\"id\":\"x\"}}]"), "entry 3", "UUID"),
        ("workers.json", "[{}]".to_owned(), "entry 1", "`id`"),
        ("workers.json", "[7]".to_owned(), "entry 1", "`id` and `callback`"),
        ("jobs.history", format!("{given}\n{given}\nnothing\n{given}\n"), "line 3", "expected"),
    ] {
        let mut served = Served::idle(&["--mode", "JsonFile"]);
        fs::write(served.file(name), &content).unwrap();
        let said = served.command().stderr(Stdio::piped()).output().unwrap().stderr;
        let said = String::from_utf8(said).unwrap();
        let is_told = [name, place, reason].iter().all(|part| said.contains(part));
        assert!(is_told && !said.contains("Known"), "{said}");
    }
}

#[test]
fn what_cannot_be_stored_is_not_accepted() {
    for mode in ["JsonFile", "CachedJsonFile"] {
        let served = Served::new(mode);
        let health = || once(served.port, "GET", "/healthz", "", "").status;
        assert_eq!(served.client().submit("1").unwrap().status, 202);
        // The new file cannot be made.
        fs::create_dir(served.file("jobs.json.new")).unwrap();
        let refused = served.client().submit("2").unwrap();
        assert_eq!((refused.status, &*refused.body), (503, r#"{"Error":"NotStored"}"#), "{mode}");
        assert_eq!(health(), 503);
        fs::remove_dir(served.file("jobs.json.new")).unwrap();
        assert_eq!(served.client().submit("3").unwrap().body, r#"{"Queued":{"position":2}}"#, "{mode}");
        assert_eq!(health(), 200);
        for number in [1, 3] {
            assert_eq!(data(&served.client().register("http://127.0.0.1:1/").unwrap().body), number.to_string());
        }
    }
    // Somebody else has made it unreadable, while it is served.
    let served = Served::new("JsonFile");
    served.client().submit("1").unwrap();
    fs::write(served.file("jobs.json"), "[{\"id\":").unwrap();
    assert_eq!(served.client().submit("2").unwrap().status, 503);
    assert_eq!(fs::read_to_string(served.file("jobs.json")).unwrap(), "[{\"id\":");
    let health = || once(served.port, "GET", "/healthz", "", "").status;
    assert_eq!(health(), 503);
    fs::write(served.file("jobs.json"), "[]").unwrap();
    assert_eq!((served.client().submit("3").unwrap().status, health()), (202, 200));
}

#[test]
fn two_dispatchers_do_not_share_a_directory() {
    let served = Served::new("JsonFile");
    let mut command = Command::new(env!("CARGO_BIN_EXE_job-orch"));
    command.args(["serve", "--port", "0", "--mode", "Sqlite", "--dir"]).arg(served.directory());
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("another dispatcher works in"), "{said}");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let served = Served::new("InMemory");
    let mut command = Command::new(env!("CARGO_BIN_EXE_job-orch"));
    let output = command.args(["serve", "--port", &served.port.to_string()]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("0.0.0.0:{}: Address already in use", served.port)), "{said}");
}

/// More than the buffers of a connection hold, at both ends.
const LARGE: usize = 17 << 20;

/// Two jobs in line, of which the first one does not fit into the buffers of a connection.
fn with_a_large_job(mode: &str) -> (Served, String) {
    let large = (2 * LARGE).to_string();
    let served = Served::with(&["--mode", mode, "--max-body", &large, "--answer-timeout", "1s"]);
    let answer = served.client().submit(&format!("\"{}\"", "x".repeat(LARGE))).unwrap();
    assert_eq!(answer.body, r#"{"Queued":{"position":1}}"#, "{mode}");
    served.client().submit("2").unwrap();
    (served, answer.header("location").unwrap().to_owned())
}

/// A worker that asks for a job, and reads nothing.
fn ask(served: &Served, job: &str) -> Client {
    let mut client = served.client();
    client.send("POST /take-job HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").unwrap();
    await_state(served, job, "Offered");
    client
}

fn both_are_in_their_places(mode: &str, served: &Served, job: &str) {
    await_state(served, job, "Queued");
    let state = once(served.port, "GET", job, "", "").body;
    assert!(state.contains("\"position\":1"), "{mode}: {state}");
    let sizes = (0..2).map(|_| data(&once(served.port, "POST", "/take-job", "", "").body).len());
    assert_eq!(sizes.collect::<Vec<_>>(), [LARGE + 2, 1], "{mode}");
}

#[test]
fn a_worker_that_hangs_up_before_its_answer_leaves_the_job_in_its_place() {
    for mode in ["InMemory", "CachedJsonFile", "Sqlite"] {
        let (served, job) = with_a_large_job(mode);
        // What it has not read makes this a reset: no byte more can be written.
        drop(ask(&served, &job));
        both_are_in_their_places(mode, &served, &job);
    }
}

#[test]
fn a_worker_that_does_not_read_its_answer_leaves_the_job_in_its_place() {
    let (served, job) = with_a_large_job("InMemory");
    let silent = ask(&served, &job);
    both_are_in_their_places("InMemory", &served, &job);
    drop(silent);
}

#[test]
fn a_slow_callback_holds_up_nobody_else() {
    let served = Served::new("InMemory");
    // It accepts connections and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    served.client().register(&url).unwrap();
    let mut slow = served.client();
    slow.send("POST /submit-job HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n\"slow\"").unwrap();
    let begun = Instant::now();
    std::thread::sleep(Duration::from_millis(100));
    for number in 1..=20 {
        let answer = served.client().submit(&number.to_string()).unwrap();
        assert_eq!(answer.body, format!(r#"{{"Queued":{{"position":{number}}}}}"#));
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn a_line_in_a_store_has_no_place_for_those_that_others_have_cancelled() {
    let served = Served::new("Sqlite");
    let jobs: Vec<String> = (0..20)
        .map(|number| served.client().submit(&number.to_string()).unwrap().header("location").unwrap().to_owned())
        .collect();
    let mut store = Inspector::open(served.file("jobs.db")).unwrap();
    for job in &jobs {
        assert!(store.cancel(job.trim_start_matches("/jobs/").parse().unwrap()).unwrap());
    }
    await_figure(&served, "jobs_waiting", 0);
    let begun = Instant::now();
    assert_eq!(served.client().register("http://127.0.0.1:1/").unwrap().status, 202);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(once(served.port, "GET", &jobs[0], "", "").status, 404);
}
