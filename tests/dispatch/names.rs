//! Workers that can be called name their registrations: whatever becomes of an answer, they stand in line once.

use std::thread;

use crate::http::{Answer, Client, once};
use crate::robot::{Robot, data};
use crate::serve::{MODES, Served};

fn register(client: &mut Client, name: &str, url: &str) -> Answer {
    let headers = format!("CPEE-CALLBACK: {url}\r\nJob-Take: {name}\r\n");
    client.request("POST", "/register-worker", &headers, "").unwrap()
}

fn submit(served: &Served, job: &str) -> String {
    served.client().submit(job).unwrap().body
}

#[test]
fn who_registers_again_stands_in_line_once_and_gets_one_job() {
    for mode in MODES {
        let (mut served, robot) = (Served::new(mode), Robot::new());
        for _ in 0..2 {
            let answer = register(&mut served.client(), "a-1", &robot.url("/a"));
            assert_eq!((answer.status, &*answer.body), (202, r#""Queued""#), "{mode}");
            assert_eq!(answer.header("cpee-callback"), Some("true"), "{mode}");
            if mode != "InMemory" {
                served.kill();
                served.start();
            }
        }
        assert_eq!(register(&mut served.client(), "a-2", &robot.url("/b")).status, 202, "{mode}");
        for job in ["1", "2"] {
            assert_eq!(submit(&served, job), r#""Assigned""#, "{mode}");
        }
        assert_eq!(submit(&served, "3"), r#"{"Queued":{"position":1}}"#, "{mode}: nobody stands there");
        if mode != "InMemory" {
            served.kill();
            served.start();
        }
        let (called, again) = (robot.got(), register(&mut served.client(), "a-1", &robot.url("/a")));
        assert_eq!((again.status, &again.body), (200, &called[0].body), "{mode}");
        for name in ["job-delivery", "job-token", "job-result"] {
            assert_eq!(again.header(name), Some(called[0].header(name)), "{mode}");
        }
        let token = format!("Authorization: Bearer {}\r\n", called[0].header("job-token"));
        assert_eq!(once(served.port, "POST", called[0].header("job-result"), &token, "1").status, 200, "{mode}");
        assert_eq!(data(&register(&mut served.client(), "a-1", &robot.url("/a")).body), "3", "{mode}: it is done");
        assert_eq!(robot.calls(), 2, "{mode}");
    }
}

#[test]
fn without_a_name_each_registration_is_a_place() {
    for mode in MODES {
        let (served, robot) = (Served::new(mode), Robot::new());
        for _ in 0..2 {
            assert_eq!(served.client().register(&robot.url("/")).unwrap().status, 202, "{mode}");
        }
        assert_eq!([submit(&served, "1"), submit(&served, "2")], [r#""Assigned""#; 2], "{mode}");
    }
    let served = Served::new("InMemory");
    let refused = register(&mut served.client(), "a b", "http://127.0.0.1:1/");
    assert_eq!((refused.status, &*refused.body), (400, r#"{"Error":"NotAName"}"#));
}

#[test]
fn who_registers_many_times_at_once_stands_in_line_once() {
    for mode in MODES {
        let (served, robot) = (Served::new(mode), Robot::new());
        thread::scope(|scope| {
            for _ in 0..16 {
                scope
                    .spawn(|| assert_eq!(register(&mut served.client(), "a-1", &robot.url("/")).status, 202, "{mode}"));
            }
        });
        assert_eq!(submit(&served, "1"), r#""Assigned""#, "{mode}");
        assert_eq!(submit(&served, "2"), r#"{"Queued":{"position":1}}"#, "{mode}");
    }
}

#[test]
fn who_registers_again_while_it_is_called_has_the_job_by_that_answer() {
    for mode in MODES {
        let served = Served::with(&["--mode", mode, "--allow-local-callbacks", "--callback-timeout", "1s"]);
        let robot = Robot::answering_after_a_cut("200 OK");
        register(&mut served.client(), "a-1", &robot.url("/"));
        let mut customer = served.client();
        customer.send("POST /submit-job HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1").unwrap();
        robot.wait(1);
        let again = register(&mut served.client(), "a-1", &robot.url("/"));
        assert_eq!((again.status, &*data(&again.body)), (200, "1"), "{mode}");
        // The call was cut off; the worker has the job all the same.
        assert_eq!(customer.receive().unwrap().body, r#""Assigned""#, "{mode}");
        assert_eq!(once(served.port, "POST", "/take-job", "", "").status, 204, "{mode}: it is not in line");
    }
}

#[test]
fn who_is_refused_leaves_no_name_and_takes_none_away() {
    for mode in MODES {
        let served = Served::with(&["--mode", mode, "--allow-local-callbacks", "--max-workers", "1"]);
        let robot = Robot::new();
        let size = || std::fs::metadata(served.file("jobs.history")).map_or(0, |file| file.len());
        let mut client = served.client();
        assert_eq!(register(&mut client, "a-1", &robot.url("/a")).status, 202, "{mode}");
        let before = size();
        for number in 0..1200 {
            let refused = register(&mut client, &format!("b-{number}"), &robot.url("/b"));
            assert_eq!((refused.status, &*refused.body), (503, r#"{"Error":"Full"}"#), "{mode}");
        }
        assert_eq!(size(), before, "{mode}: what is refused is not noted");
        assert_eq!(register(&mut client, "a-1", &robot.url("/a")).status, 202, "{mode}");
        assert_eq!(submit(&served, "1"), r#""Assigned""#, "{mode}");
        assert_eq!(submit(&served, "2"), r#"{"Queued":{"position":1}}"#, "{mode}");
        assert_eq!(data(&register(&mut client, "a-1", &robot.url("/a")).body), "1", "{mode}: it has that already");
    }
}
