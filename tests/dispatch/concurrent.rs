//! Many at once.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::robot::{Robot, data};
use crate::serve::{MODES, Served};

const CLIENTS: usize = 64;
const JOBS_OF_ONE: usize = 20;

#[test]
fn of_64_clients_each_job_is_given_once() {
    for mode in MODES {
        let served = Served::new(mode);
        let (robot, pulled) = (Robot::new(), AtomicUsize::new(0));
        let given = thread::scope(|scope| {
            let submitters: Vec<_> = (0..CLIENTS / 2)
                .map(|client| {
                    let served = &served;
                    scope.spawn(move || {
                        let mut http = served.client();
                        for job in 0..JOBS_OF_ONE {
                            let answer = http.submit(&format!("{}", client * JOBS_OF_ONE + job)).unwrap();
                            assert!(answer.status == 200 || answer.status == 202, "{answer:?}");
                        }
                    })
                })
                .collect();
            let workers: Vec<_> = (0..CLIENTS / 2)
                .map(|_| {
                    let (served, robot, pulled) = (&served, &robot, &pulled);
                    scope.spawn(move || {
                        let (mut http, mut given) = (served.client(), Vec::new());
                        // Each job wants one registration.
                        for _ in 0..JOBS_OF_ONE {
                            let answer = http.register(&robot.url("/")).unwrap();
                            match answer.status {
                                200 => given.push(data(&answer.body)),
                                202 => {}
                                _ => panic!("{answer:?}"),
                            }
                        }
                        pulled.fetch_add(given.len(), Ordering::SeqCst);
                        given
                    })
                })
                .collect();
            submitters.into_iter().for_each(|submitter| submitter.join().unwrap());
            workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect::<Vec<_>>()
        });
        let all = CLIENTS / 2 * JOBS_OF_ONE;
        let called = robot.wait(all - given.len());
        let mut jobs: Vec<String> = given.into_iter().chain(called.iter().map(|call| data(&call.body))).collect();
        assert_eq!(jobs.len(), all, "{mode}");
        jobs.sort_unstable();
        jobs.dedup();
        assert_eq!(jobs.len(), all, "{mode}: none is given twice");
    }
}

#[test]
fn one_client_after_the_other_finds_its_jobs_in_order_among_others() {
    for mode in MODES {
        let served = Served::new(mode);
        thread::scope(|scope| {
            for client in 0..8 {
                let served = &served;
                scope.spawn(move || {
                    let mut http = served.client();
                    for job in 0..20 {
                        assert_eq!(http.submit(&format!("[{client},{job}]")).unwrap().status, 202);
                    }
                });
            }
        });
        let mut http = served.client();
        let mut last = [-1_i64; 8];
        for _ in 0..160 {
            let job: Vec<i64> =
                serde_json::from_str(&data(&http.register("http://127.0.0.1:1/").unwrap().body)).unwrap();
            let client = usize::try_from(job[0]).unwrap();
            assert_eq!(job[1], last[client] + 1, "{mode}");
            last[client] = job[1];
        }
    }
}

#[test]
fn a_job_that_comes_back_meets_the_workers_that_wait_by_itself() {
    for mode in MODES {
        let served = Served::new(mode);
        // The first worker takes the job and never answers; meanwhile another one registers.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        served.client().register(&format!("http://{}/", silent.local_addr().unwrap())).unwrap();
        let mut slow = served.client();
        slow.send("POST /submit-job HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1").unwrap();
        let (mut stream, _) = silent.accept().unwrap();
        let robot = Robot::new();
        assert_eq!(served.client().register(&robot.url("/")).unwrap().status, 202);
        // It dies.
        use std::io::Read as _;
        let _ = stream.read(&mut [0; 1024]).unwrap();
        drop((stream, silent));
        let begun = Instant::now();
        assert_eq!(slow.receive().unwrap().body, r#""Assigned""#, "{mode}");
        assert_eq!(robot.calls(), 1);
        assert!(begun.elapsed() < Duration::from_secs(9), "{mode}: a worker that dies is not waited for");
    }
}

#[test]
fn names_of_ids_are_all_different() {
    let served = Served::new("InMemory");
    let ids: BTreeSet<String> = (0..100)
        .map(|_| {
            served.client().submit("1").unwrap();
            served.client().register("http://127.0.0.1:1/").unwrap().body[14..50].to_owned()
        })
        .collect();
    assert_eq!(ids.len(), 100);
}

#[test]
fn a_customer_does_not_wait_for_all_workers_that_say_nothing() {
    // The system connects, and nobody answers.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    for mode in MODES {
        let served = Served::with(&["--mode", mode, "--allow-local-callbacks", "--callback-timeout", "200ms"]);
        let robot = Robot::new();
        for url in [&*url; 8].into_iter().chain([&*robot.url("/")]) {
            assert_eq!(served.client().register(url).unwrap().status, 202, "{mode}");
        }
        let begun = Instant::now();
        assert_eq!(served.client().submit("1").unwrap().body, r#"{"Queued":{"position":1}}"#, "{mode}");
        assert!(begun.elapsed() < Duration::from_millis(1200), "{mode}: {:?}", begun.elapsed());
        // The others are called all the same, and who stands behind them gets it.
        assert_eq!(data(&robot.wait(1)[0].body), "1", "{mode}");
    }
}
