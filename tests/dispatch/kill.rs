//! `serve` is killed at any moment, under load, in every durable mode: nothing that was accepted is lost, and nothing is
//! given to a second worker once the first one has it, but for what stands at `judge`.
//!
//! `JOB_ORCH_KILLS=200` is the long run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::http::Client;
use crate::robot::{Robot, data};
use crate::serve::{DURABLE, Served};

/// How a worker got a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// In the answer to its registration, which it has in whole.
    Answer,
    /// By a call, the answer to which may not have arrived.
    Call,
}

#[derive(Default)]
struct Diary {
    accepted: Mutex<BTreeSet<u64>>,
    given: Mutex<BTreeMap<u64, Vec<Way>>>,
    next: AtomicU64,
    ends: AtomicBool,
    port: Mutex<u16>,
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

    fn work(&self, robot: &Robot) {
        while !self.ends.load(Ordering::SeqCst) {
            let Some(mut client) = self.client() else { continue };
            while let Ok(answer) = client.register(&robot.url("/")) {
                if answer.status == 200 {
                    self.note(&data(&answer.body), Way::Answer);
                } else {
                    // Let jobs gather.
                    thread::sleep(Duration::from_millis(30));
                }
                if self.ends.load(Ordering::SeqCst) {
                    return;
                }
            }
        }
    }

    fn note(&self, data: &str, way: Way) {
        self.given.lock().unwrap().entry(data.parse().unwrap()).or_default().push(way);
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
    let threads: Vec<_> = (0..16)
        .map(|number| {
            let (diary, robot) = (Arc::clone(&diary), robot.clone());
            thread::spawn(move || if number < 8 { diary.submit() } else { diary.work(&robot) })
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
        let answer = client.register(&last.url("/")).unwrap();
        if answer.status == 202 {
            break;
        }
        diary.note(&data(&answer.body), Way::Answer);
    }
    thread::sleep(Duration::from_millis(300));
    let calls = robot.got().into_iter().chain(last.got());
    calls.for_each(|(_, body)| diary.note(&data(&body), Way::Call));
    judge(mode, kills, &diary);
}

fn judge(mode: &str, kills: u64, diary: &Diary) {
    let (accepted, given) = (diary.accepted.lock().unwrap(), diary.given.lock().unwrap());
    let lost: Vec<_> = accepted.iter().filter(|job| !given.contains_key(job)).collect();
    assert!(lost.is_empty(), "{mode}: of {} accepted, {} are lost: {lost:?}", accepted.len(), lost.len());
    // Between sending a job and noting that it was sent there is one system call. Whoever is killed in it gives the job again:
    // seen 0.15 times a kill on a machine with five times the load that it can bear, and 3 to 20 times if nothing is noted.
    let twice: Vec<_> =
        given.iter().filter(|(_, ways)| ways.iter().filter(|way| **way == Way::Answer).count() > 1).collect();
    let bound = usize::try_from(kills).unwrap() / 2 + 1;
    let some: Vec<_> = twice.iter().take(5).collect();
    assert!(twice.len() <= bound, "{mode}: of {} given, {} are given twice: {some:?}", given.len(), twice.len());
    let repeated = given.values().filter(|ways| ways.len() > 1).count();
    assert!(accepted.len() > 20, "{mode}: it was under load, with {} accepted", accepted.len());
    println!("{mode}: {} accepted, {} given, {repeated} called again", accepted.len(), given.len());
}
