//! What customers and workers learn beyond the two seed calls: states, results, events, long polls.

use std::io::Read as _;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::http::{Answer, Client, once};
use crate::robot::{Robot, data};
use crate::serve::{DURABLE, MODES, Served};

fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

/// Submits a job; returns where it is.
fn submit(served: &Served, job: &str) -> String {
    let answer = served.client().submit(job).unwrap();
    answer.header("location").unwrap().to_owned()
}

fn get(served: &Served, path: &str) -> Answer {
    once(served.port, "GET", path, "", "")
}

fn post_result(served: &Served, job: &str, token: &str, result: &str) -> Answer {
    once(served.port, "POST", &format!("{job}/result"), &format!("Authorization: Bearer {token}\r\n"), result)
}

/// Waits until a job is in this state: its worker may have the last byte before the service has noted that.
pub(crate) fn await_state(served: &Served, job: &str, state: &str) {
    let begun = Instant::now();
    while json(&get(served, job))["state"] != state {
        assert!(begun.elapsed() < Duration::from_secs(10), "{}", get(served, job).body);
        thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until a figure is so high.
pub(crate) fn await_figure(served: &Served, figure: &str, value: usize) {
    let (begun, line) = (Instant::now(), format!("\njob_orch_dispatch_{figure} {value}\n"));
    loop {
        let figures = get(served, "/metrics").body;
        if figures.contains(&line) {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{line}: {figures}");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_job_is_followed_from_the_line_to_its_result() {
    for mode in MODES {
        let served = Served::new(mode);
        let (first, second) = (submit(&served, "1"), submit(&served, "2"));
        let state = json(&get(&served, &second));
        assert_eq!((&state["state"], &state["position"]), (&"Queued".into(), &2.into()), "{mode}");
        let given = served.client().register("http://127.0.0.1:1/").unwrap();
        assert_eq!(given.header("job-result"), Some(&*format!("{first}/result")));
        assert_eq!(json(&get(&served, &second))["position"], 1, "{mode}");
        await_state(&served, &first, "Assigned");
        assert_eq!(get(&served, &format!("{first}/result")).status, 202, "{mode}");

        let token = given.header("job-token").unwrap();
        let result = r#"{"ok": 1.0}"#;
        assert_eq!(post_result(&served, &first, token, result).body, r#""Done""#, "{mode}");
        let answer = get(&served, &format!("{first}/result"));
        assert_eq!((answer.status, &*answer.body), (200, result), "{mode}");
        assert_eq!(json(&get(&served, &first))["state"], "Done", "{mode}");
        let again = post_result(&served, &first, token, "2");
        assert_eq!((again.status, &*again.body), (409, r#"{"Error":"Ended"}"#));
    }
}

#[test]
fn states_and_results_outlive_a_kill() {
    for mode in DURABLE {
        let mut served = Served::new(mode);
        let jobs = [1, 2, 3].map(|number| submit(&served, &number.to_string()));
        let tokens: Vec<String> = (0..2)
            .map(|_| served.client().register("http://127.0.0.1:1/").unwrap().header("job-token").unwrap().to_owned())
            .collect();
        await_state(&served, &jobs[1], "Assigned");
        let result = r#"{"ok": "√", "n": 12345678901234567890123}"#;
        assert_eq!(post_result(&served, &jobs[0], &tokens[0], result).status, 200, "{mode}");
        let before = get(&served, &jobs[0]).body;
        for _ in 0..2 {
            served.kill();
            served.start();
            assert_eq!(get(&served, &jobs[0]).body, before, "{mode}");
            assert_eq!(get(&served, &format!("{}/result", jobs[0])).body, result, "{mode}");
            assert_eq!(post_result(&served, &jobs[0], &tokens[0], "2").status, 409, "{mode}");
            assert_eq!(json(&get(&served, &jobs[1]))["state"], "Assigned", "{mode}");
            assert_eq!(json(&get(&served, &jobs[2]))["position"], 1, "{mode}");
        }
        assert_eq!(post_result(&served, &jobs[1], &tokens[0], "2").status, 401, "{mode}");
        thread::scope(|scope| {
            let waiting = scope.spawn(|| get(&served, &format!("{}/result?wait=30", jobs[1])));
            assert_eq!(post_result(&served, &jobs[1], &tokens[1], "2").status, 200, "{mode}");
            assert_eq!(waiting.join().unwrap().body, "2", "{mode}");
        });
    }
}

#[test]
fn a_result_that_the_disk_refuses_is_not_taken() {
    let mut served = Served::new("JsonFile");
    let job = submit(&served, "1");
    let given = served.client().register("http://127.0.0.1:1/").unwrap();
    let token = given.header("job-token").unwrap();
    served.interrupt();
    // A full disk, as far as this process can tell.
    served.start_with(|command| {
        let program = command.get_program().to_owned();
        let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
        *command = std::process::Command::new("sh");
        command.args(["-c", "trap '' XFSZ; ulimit -f 2; exec \"$0\" \"$@\""]);
        command.arg(program).args(arguments).stderr(std::process::Stdio::null());
    });
    let refused = post_result(&served, &job, token, &format!("\"{}\"", "x".repeat(2000)));
    assert_eq!((refused.status, &*refused.body), (503, r#"{"Error":"NotStored"}"#));
    assert_eq!(json(&get(&served, &job))["state"], "Assigned");
    assert_eq!(post_result(&served, &job, token, "1").status, 200, "it may be tried again");
    served.kill();
    served.start();
    assert_eq!(get(&served, &format!("{job}/result")).body, "1");
}

#[test]
fn only_the_worker_that_was_given_the_job_last_sends_its_result() {
    let served = Served::new("InMemory");
    let (late, robot) = (Robot::answering("500 No"), Robot::new());
    for robot in [&late, &robot] {
        served.client().register(&robot.url("/")).unwrap();
    }
    let job = submit(&served, "1");
    let (stale, fresh) = (late.token(), robot.token());
    assert_ne!(stale, fresh);
    for wrong in [&*stale, "", "00000000000000000000000000000000", "x"] {
        assert_eq!(post_result(&served, &job, wrong, "1").status, 401, "{wrong}");
    }
    assert_eq!(once(served.port, "POST", &format!("{job}/result"), "", "1").status, 401);
    await_state(&served, &job, "Assigned");
    let other = "/jobs/01a1ff00-c234-755e-be59-74bbb4db6bf6";
    assert_eq!(post_result(&served, other, &fresh, "1").status, 404);
    assert_eq!(post_result(&served, &job, &fresh, "{").status, 400);
    assert_eq!(post_result(&served, &job, &fresh, "1").status, 200);
    for path in ["/jobs/x", "/jobs/", other, "/jobs/%00", "/jobs/..%2f..%2fetc%2fpasswd"] {
        assert_eq!(get(&served, path).status, 404, "{path}");
    }
}

#[test]
fn a_result_is_awaited() {
    let served = Served::new("InMemory");
    let job = submit(&served, "1");
    assert_eq!(get(&served, &format!("{job}/result?wait=x")).status, 400);
    let begun = Instant::now();
    assert_eq!(get(&served, &format!("{job}/result?wait=1")).status, 202);
    assert!(begun.elapsed() >= Duration::from_secs(1));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| get(&served, &format!("{job}/result?wait=30")));
        let given = served.client().register("http://127.0.0.1:1/").unwrap();
        post_result(&served, &job, given.header("job-token").unwrap(), "42");
        assert_eq!(waiting.join().unwrap().body, "42");
    });
}

#[test]
fn workers_that_cannot_be_called_wait_for_jobs_in_order() {
    for mode in MODES {
        let served = Served::new(mode);
        assert_eq!(once(served.port, "POST", "/take-job", "", "").status, 204, "{mode}");
        let mut takers: Vec<Client> = Vec::new();
        for number in 1..4 {
            let mut client = served.client();
            client.send("POST /take-job?wait=30 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").unwrap();
            takers.push(client);
            await_figure(&served, "takers_waiting", number);
        }
        for (number, taker) in takers.iter_mut().enumerate() {
            assert_eq!(served.client().submit(&number.to_string()).unwrap().status, 202);
            assert_eq!(data(&taker.receive().unwrap().body), number.to_string(), "{mode}");
        }
    }
}

#[test]
fn a_taker_that_hangs_up_takes_nothing() {
    let served = Served::new("InMemory");
    let mut client = served.client();
    client.send("POST /take-job?wait=30 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").unwrap();
    await_figure(&served, "takers_waiting", 1);
    drop(client);
    await_figure(&served, "takers_waiting", 0);
    let job = submit(&served, "1");
    assert_eq!(json(&get(&served, &job))["position"], 1);
    assert_eq!(data(&once(served.port, "POST", "/take-job", "", "").body), "1");
}

#[test]
fn states_come_by_themselves() {
    let served = Served::new("InMemory");
    let (first, second) = (submit(&served, "1"), submit(&served, "2"));
    let mut events = std::net::TcpStream::connect(("127.0.0.1", served.port)).unwrap();
    std::io::Write::write_all(&mut events, format!("GET {second}/events HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes())
        .unwrap();
    let mut seen = String::new();
    let mut await_text = |text: &str| {
        let mut buffer = [0; 1024];
        while !seen.contains(text) {
            let read = events.read(&mut buffer).unwrap();
            assert!(read > 0, "it ended before {text}: {seen}");
            seen.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        }
        seen.clone()
    };
    assert!(await_text("\"position\":2").contains("content-type: text/event-stream"));
    assert_eq!(data(&served.client().register("http://127.0.0.1:1/").unwrap().body), "1");
    await_text("\"position\":1");
    let given = served.client().register("http://127.0.0.1:1/").unwrap();
    await_text("Assigned");
    post_result(&served, &second, given.header("job-token").unwrap(), "1");
    await_text("Done");
    await_text("\r\n0\r\n\r\n");
    assert_eq!(get(&served, &format!("{first}x/events")).status, 404);
}

#[test]
fn what_it_offers_is_what_it_describes() {
    let served = Served::new("InMemory");
    let description = json(&get(&served, "/openapi.json"));
    assert_eq!(description["openapi"], "3.1.0");
    let paths = description["paths"].as_object().unwrap();
    assert!(paths.len() >= 12, "{paths:?}");
    for (path, operations) in paths {
        let real = path.replace("{id}", "01a1ff00-c234-755e-be59-74bbb4db6bf6");
        for (method, operation) in operations.as_object().unwrap() {
            let status = once(served.port, &method.to_uppercase(), &real, "", "").status;
            assert!(status != 405 && (status != 404 || path.contains("{id}")), "{method} {path}: {status}");
            let answers = operation["responses"].as_object().unwrap();
            assert!(
                answers.contains_key(&status.to_string()),
                "{method} {path} answers {status}, which is not described"
            );
            assert!(!operation["summary"].as_str().unwrap().is_empty(), "{path}");
        }
    }
}

#[test]
fn figures_and_health_follow_what_happens() {
    let served = Served::new("InMemory");
    let robot = Robot::new();
    served.client().register(&robot.url("/")).unwrap();
    for _ in 0..3 {
        submit(&served, "1");
    }
    let figures = get(&served, "/metrics").body;
    for line in ["jobs_assigned_total 1", "jobs_queued_total 2", "jobs_waiting 2", "callbacks_taken_total 1"] {
        assert!(figures.contains(&format!("\njob_orch_dispatch_{line}\n")), "{line}: {figures}");
    }
    assert_eq!(get(&served, "/healthz").body, r#"{"jobs":2,"status":"Up","workers":0}"#);
}
