//! `serve` is killed at any moment, under load, in every durable mode: nothing that was accepted is lost, and nothing is
//! given to a second worker. A worker may be sent a job again, as the same delivery: it answers as it did before.
//!
//! `JOB_ORCH_KILLS=200` is the long run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::http::{Client, once};
use crate::robot::{Call, Robot, data};
use crate::serve::{DURABLE, Served};
use crate::states::await_state;

const CLIENTS: usize = 64;

/// What customers and workers have seen.
#[derive(Default)]
struct Diary {
    accepted: Mutex<BTreeSet<u64>>,
    given: Mutex<BTreeMap<u64, BTreeSet<Given>>>,
    next: AtomicU64,
    registrations: AtomicU64,
    ends: AtomicBool,
    port: Mutex<u16>,
}

/// What a worker sees of a job, however often it is sent: which registration it is for, and the name of the delivery.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Given {
    registration: String,
    delivery: String,
}

impl Diary {
    fn client(&self) -> Option<Client> {
        Client::new(*self.port.lock().unwrap()).ok()
    }

    fn submit(&self) {
        while !self.ends.load(Ordering::SeqCst) {
            let Some(mut client) = self.client() else { continue };
            loop {
                let number = self.next.fetch_add(1, Ordering::SeqCst);
                let Ok(answer) = client.submit(&number.to_string()) else { break };
                if answer.status == 202 || answer.status == 200 {
                    self.accepted.lock().unwrap().insert(number);
                }
                if self.ends.load(Ordering::SeqCst) {
                    return;
                }
                thread::sleep(Duration::from_millis(number % 3));
            }
        }
    }

    /// As a worker that is called. One with names registers by the same one until it has an answer.
    fn work(&self, robot: &Robot, has_names: bool) {
        while !self.ends.load(Ordering::SeqCst) {
            let name = self.registrations.fetch_add(1, Ordering::SeqCst).to_string();
            if !self.register_as(&name, robot, has_names) {
                // Let jobs gather.
                thread::sleep(Duration::from_millis(30));
            }
        }
    }

    /// Whether there was a job for this name.
    fn register_as(&self, name: &str, robot: &Robot, has_names: bool) -> bool {
        let registration = format!("/{name}");
        let mut headers = format!("CPEE-CALLBACK: {}\r\n", robot.url(&registration));
        if has_names {
            headers += &format!("Job-Take: {name}\r\n");
        }
        loop {
            let answer = self.client().map(|mut client| client.request("POST", "/register-worker", &headers, ""));
            match answer {
                Some(Ok(answer)) if answer.status == 200 => {
                    let delivery = answer.header("job-delivery").unwrap().to_owned();
                    self.note(&data(&answer.body), Given { registration, delivery });
                    return true;
                }
                Some(Ok(answer)) if answer.status == 202 => return false,
                Some(Ok(answer)) => panic!("{answer:?}"),
                // Killed: it may stand in line.
                Some(Err(_)) | None if has_names => thread::sleep(Duration::from_millis(5)),
                Some(Err(_)) | None => return false,
            }
        }
    }

    /// As a worker that cannot be called: it asks by the same name until it has an answer.
    fn take(&self) {
        while !self.ends.load(Ordering::SeqCst) {
            let name = format!("take-{}", self.registrations.fetch_add(1, Ordering::SeqCst));
            if !self.take_as(&name) {
                // Let jobs gather.
                thread::sleep(Duration::from_millis(30));
            }
        }
    }

    /// Whether there was a job for this name.
    fn take_as(&self, name: &str) -> bool {
        let headers = format!("Job-Take: {name}\r\n");
        loop {
            let answer = self.client().map(|mut client| client.request("POST", "/take-job", &headers, ""));
            match answer {
                Some(Ok(answer)) if answer.status == 200 => {
                    let delivery = answer.header("job-delivery").unwrap().to_owned();
                    self.note(&data(&answer.body), Given { registration: name.to_owned(), delivery });
                    return true;
                }
                Some(Ok(answer)) if answer.status == 204 => return false,
                Some(Ok(answer)) => panic!("{answer:?}"),
                // Killed: it may have been given one.
                Some(Err(_)) | None => thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    fn note(&self, data: &str, given: Given) {
        self.given.lock().unwrap().entry(data.parse().unwrap()).or_default().insert(given);
    }

    fn note_call(&self, call: &Call) {
        let registration = call.head.split(' ').nth(1).unwrap().to_owned();
        self.note(&data(&call.body), Given { registration, delivery: call.header("job-delivery").to_owned() });
    }
}

#[test]
fn nothing_accepted_is_lost_and_nothing_is_given_twice() {
    let kills: u64 = std::env::var("JOB_ORCH_KILLS").map_or(12, |kills| kills.parse().unwrap());
    thread::scope(|scope| {
        for mode in DURABLE {
            scope.spawn(move || torment(mode, kills / 3));
        }
    });
}

fn torment(mode: &str, kills: u64) {
    let mut served = Served::new(mode);
    let (diary, robot) = (Arc::new(Diary::default()), Robot::new());
    *diary.port.lock().unwrap() = served.port;
    let threads: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (diary, robot) = (Arc::clone(&diary), robot.clone());
            thread::spawn(move || match number % 4 {
                0 | 2 => diary.submit(),
                1 => diary.work(&robot, number % 8 == 1),
                _ => diary.take(),
            })
        })
        .collect();
    for round in 0..kills {
        thread::sleep(Duration::from_millis(150 + (round * 37) % 200));
        served.kill();
        served.start();
        *diary.port.lock().unwrap() = served.port;
    }
    thread::sleep(Duration::from_millis(200));
    diary.ends.store(true, Ordering::SeqCst);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    // One more start from what is on the disk, and everything that waits is fetched.
    served.kill();
    served.start();
    let (mut client, last) = (served.client(), Robot::new());
    loop {
        let registration = format!("/{}", diary.registrations.fetch_add(1, Ordering::SeqCst));
        let answer = client.register(&last.url(&registration)).unwrap();
        if answer.status == 202 {
            break;
        }
        let delivery = answer.header("job-delivery").unwrap().to_owned();
        diary.note(&data(&answer.body), Given { registration, delivery });
    }
    thread::sleep(Duration::from_millis(300));
    robot.got().iter().chain(&last.got()).for_each(|call| diary.note_call(call));
    judge(mode, &diary, robot.got().len());
}

fn judge(mode: &str, diary: &Diary, calls: usize) {
    let (accepted, given) = (diary.accepted.lock().unwrap(), diary.given.lock().unwrap());
    let lost: Vec<_> = accepted.iter().filter(|job| !given.contains_key(job)).collect();
    assert!(lost.is_empty(), "{mode}: of {} accepted, {} are lost: {lost:?}", accepted.len(), lost.len());
    let twice: Vec<_> = given.iter().filter(|(_, given)| given.len() > 1).collect();
    let some: Vec<_> = twice.iter().take(5).collect();
    assert!(twice.is_empty(), "{mode}: of {} given, {} are given twice: {some:?}", given.len(), twice.len());
    let mut workers: Vec<_> = given.values().flatten().map(|given| &given.registration).collect();
    workers.sort_unstable();
    let busy: Vec<_> = workers.windows(2).filter(|two| two[0] == two[1]).collect();
    assert!(busy.is_empty(), "{mode}: registered once, given two jobs: {busy:?}");
    assert!(accepted.len() > 20, "{mode}: it was under load, with {} accepted", accepted.len());
    println!("{mode}: {} accepted, {} given, {calls} calls", accepted.len(), given.len());
}

/// A worker that keeps its first call waiting, until the dispatcher is killed, and answers the ones after it.
fn called_again(mode: &str, answer: &str) -> (Served, String, Vec<Call>) {
    let mut served = Served::new(mode);
    let robot = Robot::answering_after_a_cut(answer);
    served.client().register(&robot.url("/first")).unwrap();
    let mut customer = served.client();
    customer.send("POST /submit-job HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1").unwrap();
    robot.wait(1);
    let second = Robot::new();
    assert_eq!(served.client().register(&second.url("/second")).unwrap().status, 202);
    served.kill();
    served.start();
    let calls = robot.wait(2);
    assert_eq!(second.calls(), 0, "{mode}: there is nothing for it");
    let job: serde_json::Value = serde_json::from_str(&calls[0].body).unwrap();
    (served, format!("/jobs/{}", job["Job"]["id"].as_str().unwrap()), calls)
}

#[test]
fn a_worker_that_was_being_called_is_sent_the_same_delivery_again() {
    for mode in DURABLE {
        let (served, job, calls) = called_again(mode, "200 OK");
        for name in ["job-delivery", "job-token", "job-result"] {
            assert_eq!(calls[0].header(name), calls[1].header(name), "{mode}");
        }
        assert_eq!((&calls[0].head, &calls[0].body), (&calls[1].head, &calls[1].body), "{mode}");
        let state = once(served.port, "GET", &job, "", "").body;
        assert!(state.contains(r#""state":"Assigned""#), "{mode}: {state}");
        let token = format!("Authorization: Bearer {}\r\n", calls[0].header("job-token"));
        assert_eq!(once(served.port, "POST", calls[0].header("job-result"), &token, "42").status, 200, "{mode}");
    }
}

#[test]
fn a_worker_that_was_being_called_and_does_not_know_the_job_has_no_place_any_more() {
    for mode in DURABLE {
        let (mut served, job, _) = called_again(mode, "500 No");
        // The customer was never told that it was accepted.
        let state = once(served.port, "GET", &job, "", "").body;
        assert!(state.contains(r#""state":"Assigned""#), "{mode}: {state}");
        let robot = Robot::new();
        served.client().register(&robot.url("/third")).unwrap();
        for number in 2..4 {
            assert_eq!(served.client().submit(&number.to_string()).unwrap().body, r#""Assigned""#, "{mode}");
        }
        assert_eq!(data(&robot.got()[0].body), "3", "{mode}: the second one came before it");
        served.kill();
        served.start();
        assert_eq!(robot.calls(), 1, "{mode}");
    }
}

#[test]
fn a_job_and_a_result_of_several_lines_outlive_a_kill_byte_for_byte() {
    let pretty = "{\n  \"text\": \"a\\nb\",\r\n\t\"list\": [\n    1\n  ]\n}";
    let take = |served: &Served| once(served.port, "POST", "/take-job", "Job-Take: a-1\r\n", "");
    for mode in DURABLE {
        let mut served = Served::new(mode);
        let job = served.client().submit(pretty).unwrap().header("location").unwrap().to_owned();
        let given = take(&served);
        assert!(given.body.contains(pretty), "{mode}: {}", given.body);
        await_state(&served, &job, "Assigned");
        // The last line of the file, and then one that others follow.
        for _ in 0..2 {
            served.kill();
            served.start();
            served.client().submit("1").unwrap();
            assert_eq!(once(served.port, "POST", "/take-job", "", "").status, 200, "{mode}");
            assert_eq!(take(&served).body, given.body, "{mode}");
        }
        let token = format!("Authorization: Bearer {}\r\n", given.header("job-token").unwrap());
        assert_eq!(once(served.port, "POST", &format!("{job}/result"), &token, pretty).status, 200, "{mode}");
        for _ in 0..2 {
            served.kill();
            served.start();
            let result = once(served.port, "GET", &format!("{job}/result"), "", "");
            assert_eq!(result.body, pretty, "{mode}");
            served.client().submit("1").unwrap();
            assert_eq!(once(served.port, "POST", "/take-job", "", "").status, 200, "{mode}");
        }
    }
}
