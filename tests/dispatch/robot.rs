//! A worker that is called back.

use std::io::{BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::http::{read_body, read_head};

/// A server that takes jobs, and keeps what it got in order.
#[derive(Clone)]
pub(crate) struct Robot(Arc<Inner>);

struct Inner {
    port: u16,
    got: Mutex<Vec<(String, String)>>,
    tokens: Mutex<Vec<String>>,
    came: Condvar,
    answer: String,
    calls: AtomicUsize,
}

impl Robot {
    /// One that answers each call with this status line and these headers.
    pub(crate) fn answering(status: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let robot = Self(Arc::new(Inner {
            port: listener.local_addr().unwrap().port(),
            got: Mutex::default(),
            tokens: Mutex::default(),
            came: Condvar::new(),
            answer: format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"),
            calls: AtomicUsize::new(0),
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

    fn answer(&self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        while let Ok((head, headers)) = read_head(&mut stream) {
            let Ok(body) = read_body(&mut stream, &headers) else { return };
            let token = headers.iter().find(|(name, _)| name == "job-token").unwrap();
            self.0.tokens.lock().unwrap().push(token.1.clone());
            self.0.got.lock().unwrap().push((head, body));
            self.0.calls.fetch_add(1, Ordering::SeqCst);
            self.0.came.notify_all();
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
        self.0.tokens.lock().unwrap().last().unwrap().clone()
    }

    pub(crate) fn calls(&self) -> usize {
        self.0.calls.load(Ordering::SeqCst)
    }

    /// The first lines and bodies so far.
    pub(crate) fn got(&self) -> Vec<(String, String)> {
        self.0.got.lock().unwrap().clone()
    }

    /// Waits until it was called so often.
    pub(crate) fn wait(&self, count: usize) -> Vec<(String, String)> {
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
