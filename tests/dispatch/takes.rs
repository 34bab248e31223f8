//! Workers that cannot be called name their requests: whatever becomes of an answer, the job in it is theirs, once.

use std::io::BufReader;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use crate::http::{Answer, once, read_head};
use crate::robot::data;
use crate::serve::{DURABLE, MODES, Served};

fn take(served: &Served, name: &str) -> Answer {
    once(served.port, "POST", "/take-job", &format!("Job-Take: {name}\r\n"), "")
}

/// What tells one delivery from another.
fn marks(answer: &Answer) -> [Option<&str>; 4] {
    let header = |name| answer.header(name);
    [Some(&*answer.body), header("job-delivery"), header("job-token"), header("job-result")]
}

#[test]
fn who_asks_again_gets_the_same_job_until_it_has_a_result() {
    for mode in MODES {
        let mut served = Served::new(mode);
        for number in 1..=2 {
            served.client().submit(&number.to_string()).unwrap();
        }
        let first = take(&served, "a-1");
        assert_eq!(data(&first.body), "1", "{mode}");
        assert_eq!(marks(&take(&served, "a-1")), marks(&first), "{mode}");
        let second = take(&served, "a-2");
        assert_eq!(data(&second.body), "2", "{mode}");
        if mode != "InMemory" {
            served.kill();
            served.start();
        }
        assert_eq!(marks(&take(&served, "a-1")), marks(&first), "{mode}");
        assert_eq!(marks(&take(&served, "a-2")), marks(&second), "{mode}");
        assert_eq!(take(&served, "a-3").status, 204, "{mode}");
        let token = format!("Authorization: Bearer {}\r\n", first.header("job-token").unwrap());
        assert_eq!(once(served.port, "POST", first.header("job-result").unwrap(), &token, "1").status, 200, "{mode}");
        assert_eq!(take(&served, "a-1").status, 204, "{mode}: it is done");
    }
}

#[test]
fn a_name_is_short_and_plain() {
    let served = Served::new("InMemory");
    for name in ["", "a b", "a/b", "ü", &"x".repeat(65)] {
        let answer = take(&served, name);
        assert_eq!((answer.status, &*answer.body), (400, r#"{"Error":"NotAName"}"#), "{name}");
    }
    assert_eq!(take(&served, &"x".repeat(64)).status, 204);
}

/// Asks for a job that no connection holds at once, reads none of it, and returns once some of it is on its way.
fn begin(served: &Served, headers: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
    let request = format!("POST /take-job HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: 0\r\n\r\n");
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    // The first byte of its head.
    stream.peek(&mut [0]).unwrap();
    stream
}

/// Reads the head of an answer, and none of its job; sends a result all the same. Returns where that is.
fn post_result_early(cut: &mut BufReader<TcpStream>, served: &Served) -> String {
    let head = Answer { status: 200, headers: read_head(cut).unwrap().1, body: String::new() };
    let [path, token] = ["job-result", "job-token"].map(|name| head.header(name).unwrap());
    let token = format!("Authorization: Bearer {token}\r\n");
    assert_eq!(once(served.port, "POST", path, &token, "42").status, 200);
    path.to_owned()
}

fn is_done(served: &Served, result: &str) -> bool {
    let answer = once(served.port, "GET", result, "", "");
    once(served.port, "POST", "/take-job", "", "").status == 204 && (answer.status, &*answer.body) == (200, "42")
}

fn large(mode: &str) -> (Served, String) {
    let served = Served::with(&["--mode", mode, "--allow-local-callbacks", "--max-body", "16777216"]);
    let job = format!("\"{}\"", "x".repeat(6 << 20));
    assert_eq!(served.client().submit(&job).unwrap().status, 202);
    (served, job)
}

#[test]
fn a_job_whose_answer_is_cut_by_a_kill_is_its_workers_if_that_has_a_name() {
    for mode in DURABLE {
        let (mut served, job) = large(mode);
        let cut = begin(&served, "Job-Take: a-1\r\n");
        served.kill();
        drop(cut);
        served.start();
        assert_eq!(take(&served, "b-1").status, 204, "{mode}: it is no one else's");
        assert_eq!(once(served.port, "POST", "/take-job", "", "").status, 204, "{mode}");
        let again = take(&served, "a-1");
        assert!(again.body.contains(&job), "{mode}");
        served.kill();
        served.start();
        assert!(marks(&take(&served, "a-1")) == marks(&again), "{mode}");
        // Nobody could find one without.
        served.client().submit(&job).unwrap();
        let cut = begin(&served, "");
        served.kill();
        drop(cut);
        served.start();
        assert!(take(&served, "b-1").body.contains(&job), "{mode}: it is back in its line");
    }
}

#[test]
fn a_job_whose_answer_is_cut_by_the_worker_is_given_once() {
    for mode in ["InMemory", "CachedJsonFile", "Sqlite"] {
        let (served, job) = large(mode);
        // It asks again before anybody knows that the first connection is broken.
        let cut = begin(&served, "Job-Take: a-1\r\n");
        let again = take(&served, "a-1");
        assert!(again.body.contains(&job), "{mode}");
        drop(cut);
        thread::sleep(Duration::from_millis(300));
        assert_eq!(take(&served, "b-1").status, 204, "{mode}: it is not back in its line");
        assert!(marks(&take(&served, "a-1")) == marks(&again), "{mode}");
        // Who does not ask again has left it to the others.
        served.client().submit(&job).unwrap();
        drop(begin(&served, "Job-Take: c-1\r\n"));
        thread::sleep(Duration::from_millis(300));
        assert!(take(&served, "b-2").body.contains(&job), "{mode}");
        assert_eq!(take(&served, "c-1").status, 204, "{mode}");
    }
}

#[test]
fn a_job_whose_result_came_is_done_whatever_becomes_of_its_answer() {
    for mode in ["InMemory", "CachedJsonFile", "Sqlite"] {
        for name in ["", "Job-Take: a-1\r\n"] {
            let (served, job) = large(mode);
            let mut cut = BufReader::new(begin(&served, name));
            // It has got it by another answer, too.
            assert!(name.is_empty() || take(&served, "a-1").body.contains(&job), "{mode}");
            let result = post_result_early(&mut cut, &served);
            drop(cut);
            thread::sleep(Duration::from_millis(300));
            assert!(is_done(&served, &result), "{mode} {name}");
        }
    }
}

#[test]
fn a_job_whose_result_came_is_done_though_its_answer_is_cut_by_a_kill() {
    for mode in DURABLE {
        let (mut served, _) = large(mode);
        let mut cut = BufReader::new(begin(&served, ""));
        let result = post_result_early(&mut cut, &served);
        for _ in 0..2 {
            served.kill();
            served.start();
            assert!(is_done(&served, &result), "{mode}");
        }
    }
}

#[test]
fn who_does_not_wait_gets_a_job_all_the_same_if_there_is_one() {
    for mode in MODES {
        let served = Served::new(mode);
        for number in 0..32 {
            served.client().submit(&number.to_string()).unwrap();
        }
        let statuses: Vec<u16> = thread::scope(|scope| {
            let takers: Vec<_> = (0..32)
                .map(|number| {
                    let served = &served;
                    scope.spawn(move || take(served, &number.to_string()).status)
                })
                .collect();
            takers.into_iter().map(|taker| taker.join().unwrap()).collect()
        });
        assert_eq!(statuses, [200; 32], "{mode}");
    }
}
