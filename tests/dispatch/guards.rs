//! What the service bears, and whom it does not call.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit};

use crate::http::once;
use crate::robot::Robot;
use crate::serve::Served;
use crate::states::await_figure;

/// A listener that nobody may connect to.
struct Canary {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl Canary {
    fn new() -> Self {
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        let canary = Self { port: listener.local_addr().unwrap().port(), connections: Arc::default() };
        let connections = Arc::clone(&canary.connections);
        thread::spawn(move || {
            for stream in listener.incoming() {
                connections.fetch_add(1, Ordering::SeqCst);
                drop(stream);
            }
        });
        canary
    }
}

#[test]
fn without_leave_nobody_inside_is_called() {
    let served = Served::with(&["--mode", "InMemory"]);
    let (canary, mut client) = (Canary::new(), served.client());
    let port = canary.port;
    let name = Command::new("hostname").output().map_or_else(|_| "localhost".into(), |name| name.stdout);
    let name = String::from_utf8(name).unwrap();
    for host in ["127.0.0.1", "localhost", "[::1]", "0x7f000001", "2130706433", "127.1", "[::ffff:127.0.0.1]", "0"] {
        for scheme in ["http", "https"] {
            let answer = client.register(&format!("{scheme}://{host}:{port}/")).unwrap();
            assert_eq!((answer.status, &*answer.body), (403, r#"{"Error":"Forbidden"}"#), "{scheme}://{host}");
        }
    }
    // A name is judged by its addresses, when it is called.
    for name in [name.trim(), "job-orch-canary.invalid"] {
        let answer = client.register(&format!("https://{name}:{port}/")).unwrap();
        assert!(answer.status == 202 || answer.status == 403, "{name}");
    }
    assert_eq!(client.submit("1").unwrap().body, r#"{"Queued":{"position":1}}"#);
    thread::sleep(Duration::from_millis(50));
    assert_eq!(canary.connections.load(Ordering::SeqCst), 0);
    let answer = client.register("https://example.com/").unwrap();
    assert_eq!(answer.status, 200, "who may be called is registered");
}

#[test]
fn no_redirect_is_followed_and_no_proxy_asked() {
    let canary = Canary::new();
    let mut served = Served::idle(&["--allow-local-callbacks"]);
    let proxy = format!("http://127.0.0.1:{}", canary.port);
    served.start_with(|command| {
        command.env("http_proxy", &proxy).env("HTTP_PROXY", &proxy).env("ALL_PROXY", &proxy);
    });
    for status in [301, 302, 303, 307, 308] {
        let robot = Robot::answering(&format!("{status} Go\r\nLocation: http://127.0.0.1:{}/", canary.port));
        served.client().register(&robot.url("/")).unwrap();
        assert_eq!(served.client().submit("1").unwrap().status, 202, "{status} is no yes");
        assert_eq!(robot.calls(), 1);
        assert_eq!(once(served.port, "POST", "/take-job", "", "").status, 200);
    }
    assert_eq!(canary.connections.load(Ordering::SeqCst), 0);
}

#[test]
fn a_worker_that_answers_too_much_or_never_holds_up_nothing() {
    let mut served = Served::idle(&["--allow-local-callbacks", "--callback-timeout", "1s"]);
    served.start();
    // One answers with a body that does not end; the other accepts, and says nothing.
    let endless = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let urls = [&silent, &endless].map(|listener| format!("http://{}/", listener.local_addr().unwrap()));
    thread::spawn(move || {
        let (mut stream, _) = endless.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        while stream.write_all(b"10\r\n0123456789abcdef\r\n").is_ok() {}
    });
    for url in &urls {
        served.client().register(url).unwrap();
    }
    let begun = Instant::now();
    assert_eq!(served.client().submit("1").unwrap().body, r#""Assigned""#);
    let taken = begun.elapsed();
    assert!(taken >= Duration::from_secs(1) && taken < Duration::from_secs(5), "{taken:?}");
}

#[test]
fn clients_that_dawdle_are_shown_the_door_and_the_others_notice_nothing() {
    let mut served = Served::idle(&["--head-timeout", "2s", "--body-timeout", "2s"]);
    served.start();
    let begun = Instant::now();
    let connect = |text: &str| {
        let mut stream = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        stream
    };
    let mut slow: Vec<TcpStream> = (0..200).map(|_| connect("POST /submit-job HT")).collect();
    slow.extend((0..20).map(|_| connect("POST /submit-job HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n\"ab")));
    let mut longest = Duration::ZERO;
    while begun.elapsed() < Duration::from_millis(1500) {
        let asked = Instant::now();
        assert_eq!(once(served.port, "GET", "/healthz", "", "").status, 200);
        longest = longest.max(asked.elapsed());
        for stream in &mut slow {
            let _ = stream.write_all(b"x");
        }
    }
    assert!(longest < Duration::from_secs(1), "{longest:?}");
    for mut stream in slow {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // An answer that says so, or none.
        let mut end = Vec::new();
        match stream.read_to_end(&mut end) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}"),
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}

/// Answers of a healthy client, until `stop`: the time that 99 of 100 take at most, and that of the slowest.
fn healthy(port: u16, stop: &AtomicBool) -> (Duration, Duration) {
    let mut times = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        let asked = Instant::now();
        assert_eq!(once(port, "GET", "/healthz", "", "").status, 200);
        times.push(asked.elapsed());
        thread::sleep(Duration::from_millis(5));
    }
    times.sort_unstable();
    (times[times.len() * 99 / 100], times[times.len() - 1])
}

/// Whether the other end is closed. What it has sent before is of no interest.
fn is_closed(stream: &mut TcpStream) -> bool {
    let mut answer = [0; 1024];
    loop {
        match stream.read(&mut answer) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() != std::io::ErrorKind::WouldBlock,
        }
    }
}

/// (S12) As many as a shell's limit would never bear, each of which sends a byte now and then.
#[test]
fn five_thousand_connections_that_dawdle_are_closed_and_the_others_notice_nothing() {
    const SOCKETS: usize = 5_000;
    let most = rustix::process::getrlimit(Resource::Nofile).maximum;
    if most.is_some_and(|most| most < 2 * SOCKETS as u64) {
        println!("skipped: only {most:?} files may be open here");
        return;
    }
    // Ours; the program raises its own.
    rustix::process::setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most }).unwrap();
    let mut served = Served::idle(&["--connections-per-address", "6000", "--head-timeout", "5s"]);
    served.start_with(|command| {
        let program = command.get_program().to_owned();
        let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
        *command = Command::new("sh");
        command.args(["-c", "ulimit -Sn 1024; exec \"$0\" \"$@\""]);
        command.arg(program).args(arguments).stderr(std::process::Stdio::null());
    });
    let begun = Instant::now();
    let stop = AtomicBool::new(false);
    let mut slow = Vec::new();
    let (p99, longest) = thread::scope(|scope| {
        let healthy = scope.spawn(|| healthy(served.port, &stop));
        for number in 0..SOCKETS {
            let mut stream = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
            let text: &[u8] = if number % 2 == 0 { b"POST /submit-job HT" } else { b"" };
            stream.write_all(text).unwrap();
            stream.set_nonblocking(true).unwrap();
            slow.push(stream);
        }
        let opened = begun.elapsed();
        while begun.elapsed() < opened + Duration::from_secs(15) && !slow.is_empty() {
            slow.retain_mut(|stream| {
                let _ = stream.write_all(b"x");
                !is_closed(stream)
            });
            thread::sleep(Duration::from_millis(500));
        }
        stop.store(true, Ordering::SeqCst);
        healthy.join().unwrap()
    });
    assert_eq!(slow.len(), 0, "some are open still, after {:?}", begun.elapsed());
    println!("99 of 100 answers came in {p99:?}, the last one in {longest:?}");
    assert!(p99 < Duration::from_secs(1) && longest < Duration::from_secs(3), "{p99:?}, {longest:?}");
}

#[test]
fn one_address_has_so_many_connections_and_no_more() {
    let mut served = Served::idle(&["--connections-per-address", "8"]);
    served.start();
    let begun = Instant::now();
    let sit = || {
        // Who has just left may have a seat still.
        loop {
            let mut client = served.client();
            if client.request("GET", "/healthz", "", "").is_ok_and(|answer| answer.status == 200) {
                return client;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "there is no seat");
            thread::sleep(Duration::from_millis(1));
        }
    };
    let mut held: Vec<_> = (0..8).map(|_| sit()).collect();
    for _ in 0..3 {
        assert!(served.client().request("GET", "/healthz", "", "").is_err());
        held.pop();
        held.push(sit());
    }
}

#[test]
fn a_page_of_another_origin_changes_nothing() {
    let served = Served::new("InMemory");
    let host = format!("http://127.0.0.1:{}", served.port);
    let ask = |origin: &str| {
        let headers = format!("Origin: {origin}\r\n");
        once(served.port, "POST", "/submit-job", &headers, "1").status
    };
    assert_eq!((ask(&host), ask("http://evil"), ask("null")), (202, 403, 403));
    let page = once(served.port, "GET", "/public/", "", "");
    let policy = page.header("content-security-policy").unwrap();
    for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "script-src 'self'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
}

#[test]
fn a_request_has_an_id_that_stays_one_line() {
    let served = Served::new("InMemory");
    let id =
        |headers: &str| once(served.port, "GET", "/healthz", headers, "").header("x-request-id").unwrap().to_owned();
    assert_eq!(id("X-Request-Id: abc-1_2.3\r\n"), "abc-1_2.3");
    for strange in ["X-Request-Id: a b\r\n", &format!("X-Request-Id: {}\r\n", "x".repeat(65)), ""] {
        assert_eq!(id(strange).len(), 36, "{strange:?}");
    }
}

#[test]
fn an_interruption_answers_what_has_begun_and_keeps_everything() {
    let mut served = Served::new("CachedJsonFile");
    let mut taker = served.client();
    taker.send("POST /take-job?wait=60 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").unwrap();
    await_figure(&served, "takers_waiting", 1);
    let begun = Instant::now();
    served.interrupt();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(taker.receive().unwrap().status, 204);
    for left in fs::read_dir(served.directory()).unwrap() {
        let name = left.unwrap().file_name().into_string().unwrap();
        assert!(!name.ends_with(".new"), "{name}");
    }
}

#[test]
fn a_worker_that_sends_a_result_and_no_yes_has_the_job() {
    for mode in ["InMemory", "CachedJsonFile", "Sqlite"] {
        let served = Served::with(&["--mode", mode, "--allow-local-callbacks", "--callback-timeout", "1s"]);
        let (silent, next) = (Robot::answering_after_a_cut("500 No"), Robot::new());
        for robot in [&silent, &next] {
            served.client().register(&robot.url("/")).unwrap();
        }
        let submitted = thread::scope(|scope| {
            let submitted = scope.spawn(|| served.client().submit("1").unwrap());
            let call = silent.wait(1).remove(0);
            let token = format!("Authorization: Bearer {}\r\n", call.header("job-token"));
            assert_eq!(once(served.port, "POST", call.header("job-result"), &token, "42").status, 200, "{mode}");
            submitted.join().unwrap()
        });
        assert_eq!(submitted.body, r#""Assigned""#, "{mode}");
        let result = format!("{}/result", submitted.header("location").unwrap());
        assert_eq!(once(served.port, "GET", &result, "", "").body, "42", "{mode}");
        assert_eq!((silent.calls(), next.calls()), (1, 0), "{mode}");
    }
}
