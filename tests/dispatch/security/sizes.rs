//! (S5, S6) What is too deep, too large, or only announced.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::refusal;
use crate::http::{Client, once};
use crate::serve::Served;

fn resident(served: &Served) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", served.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn s5_what_is_nested_a_million_deep_is_refused() {
    let served = Served::with(&["--max-body", "4194304"]);
    let refused = |body: &str| {
        let answer = once(served.port, "POST", "/submit-job", "", body);
        assert_eq!((answer.status, &*answer.body), (400, r#"{"Error":"NotJson"}"#), "{}", &body[..20]);
    };
    refused(&("[".repeat(1_000_000) + &"]".repeat(1_000_000)));
    refused(&"[".repeat(1_000_000));
    refused(&"{\"a\":".repeat(500_000));
    // Nobody makes room for what is only announced.
    let before = resident(&served);
    for length in ["4194304", "4194305", "9223372036854775807", "18446744073709551616", "-1", "1, 2"] {
        let mut stream = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
        write!(stream, "POST /submit-job HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n1").unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert!(!answer.starts_with("HTTP/1.1 20"), "{length}: {answer}");
    }
    assert!(resident(&served) < before + 1024, "it grew by more than 1 MiB");
    // In a file too.
    for deep in ["[".repeat(1_000_000), "[[".repeat(500_000) + &"]]".repeat(500_000)] {
        let mut served = Served::idle(&["--mode", "CachedJsonFile"]);
        fs::write(served.file("jobs.json"), &deep).unwrap();
        let said = refusal(&mut served);
        assert!(said.contains("jobs.json"), "{said}");
    }
}

#[test]
fn s6_a_body_has_a_limit_however_it_is_sent() {
    const MOST: usize = 1000;
    let served = Served::with(&["--max-body", "1000"]);
    let job = |size: usize| format!("\"{}\"", "x".repeat(size - 2));
    let chunked = |body: &str| {
        let mut client = served.client();
        client.send("POST /submit-job HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
        let mut chunks = body.as_bytes().chunks(100).map(|chunk| std::str::from_utf8(chunk).unwrap());
        // It may hang up as soon as it is too much.
        let _ = chunks.try_for_each(|chunk| client.send(&format!("{:x}\r\n{chunk}\r\n", chunk.len())));
        let _ = client.send("0\r\n\r\n");
        client.receive().map(|answer| answer.status)
    };
    for (size, status) in [(MOST - 1, 202), (MOST, 202), (MOST + 1, 413), (10 * MOST, 413)] {
        assert_eq!(once(served.port, "POST", "/submit-job", "", &job(size)).status, status, "{size}");
        assert_eq!(chunked(&job(size)).unwrap(), status, "{size} in chunks");
    }
    // Nothing is unpacked: what is compressed is no JSON.
    let packed = "Content-Encoding: gzip\r\nContent-Type: application/json\r\n";
    assert_eq!(once(served.port, "POST", "/submit-job", packed, "\u{1f}\u{b}\u{8}").status, 400);
    // A result has the same limit, and so has a URL by the size of a head.
    let given = once(served.port, "POST", "/take-job", "", "");
    let header = |name| given.header(name).unwrap();
    let token = format!("Authorization: Bearer {}\r\n", header("job-token"));
    for (size, status) in [(MOST + 1, 413), (MOST, 200)] {
        assert_eq!(once(served.port, "POST", header("job-result"), &token, &job(size)).status, status, "{size}");
    }
    let long = format!("https://example.com/{}", "x".repeat(20_000));
    assert!(Client::new(served.port).unwrap().register(&long).map_or(431, |answer| answer.status) >= 400);
}
