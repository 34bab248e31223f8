//! A worker that is called back.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::http::{read_body, read_head};

/// A server that takes jobs, and keeps what it got in order.
#[derive(Clone)]
pub(crate) struct Robot(Arc<Inner>);

/// What it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) head: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> &str {
        &self.headers.iter().find(|(other, _)| other == name).unwrap().1
    }
}

struct Inner {
    port: u16,
    got: Mutex<Vec<Call>>,
    came: Condvar,
    answer: String,
    calls: AtomicUsize,
    // It does not answer the next call.
    is_slow: AtomicBool,
}

impl Robot {
    /// One that answers each call with this status line and these headers.
    pub(crate) fn answering(status: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let robot = Self(Arc::new(Inner {
            port: listener.local_addr().unwrap().port(),
            got: Mutex::default(),
            came: Condvar::new(),
            answer: format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"),
            calls: AtomicUsize::new(0),
            is_slow: AtomicBool::new(false),
        }));
        let answering = robot.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let robot = answering.clone();
                std::thread::spawn(move || robot.answer(stream));
            }
        });
        robot
    }

    pub(crate) fn new() -> Self {
        Self::answering("200 OK")
    }

    /// One that keeps its first call waiting until that is cut off, and answers the others.
    pub(crate) fn answering_after_a_cut(status: &str) -> Self {
        let robot = Self::answering(status);
        robot.0.is_slow.store(true, Ordering::SeqCst);
        robot
    }

    fn answer(&self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        while let Ok((head, headers)) = read_head(&mut stream) {
            let Ok(body) = read_body(&mut stream, &headers) else { return };
            self.0.got.lock().unwrap().push(Call { head, headers, body });
            self.0.calls.fetch_add(1, Ordering::SeqCst);
            self.0.came.notify_all();
            if self.0.is_slow.swap(false, Ordering::SeqCst) {
                let _ = stream.fill_buf();
                return;
            }
            if stream.get_mut().write_all(self.0.answer.as_bytes()).is_err() {
                return;
            }
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.0.port)
    }

    /// The token that came with the last job.
    pub(crate) fn token(&self) -> String {
        self.0.got.lock().unwrap().last().unwrap().header("job-token").to_owned()
    }

    pub(crate) fn calls(&self) -> usize {
        self.0.calls.load(Ordering::SeqCst)
    }

    /// What it was sent so far.
    pub(crate) fn got(&self) -> Vec<Call> {
        self.0.got.lock().unwrap().clone()
    }

    /// Waits until it was called so often.
    pub(crate) fn wait(&self, count: usize) -> Vec<Call> {
        let begun = Instant::now();
        let mut got = self.0.got.lock().unwrap();
        while got.len() < count {
            assert!(begun.elapsed() < Duration::from_secs(30), "it was called {} times", got.len());
            got = self.0.came.wait_timeout(got, Duration::from_millis(100)).unwrap().0;
        }
        got.clone()
    }
}

/// What the customer sent, out of what a worker got.
pub(crate) fn data(body: &str) -> String {
    let job: serde_json::Value = serde_json::from_str(body).unwrap();
    job["Job"]["data"].to_string()
}
