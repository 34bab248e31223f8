//! (S5, S6) What is too deep, too large, or only announced.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::refusal;
use crate::http::{Client, once};
use crate::serve::Served;

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
    for length in ["4194304", "4194305", "9223372036854775807", "18446744073709551616", "-1", "1, 2"] {
        let mut stream = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
        write!(stream, "POST /submit-job HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n1").unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert!(!answer.starts_with("HTTP/1.1 20"), "{length}: {answer}");
    }
    // In a file too.
    for deep in ["[".repeat(1_000_000), "[[".repeat(500_000) + &"]]".repeat(500_000)] {
        let mut served = Served::idle(&["--mode", "CachedJsonFile"]);
        fs::write(served.file("jobs.json"), &deep).unwrap();
        let said = refusal(&mut served);
        assert!(said.contains("jobs.json"), "{said}");
    }
}

/// How much memory a dispatcher has asked for, used or not, in MiB.
fn asked_for(served: &Served) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", served.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmPeak:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

#[test]
fn s5_nobody_makes_room_for_what_is_only_announced() {
    const LENGTH: u64 = 16 << 20;
    let mut served = Served::idle(&["--max-body", &LENGTH.to_string()]);
    served.start_with(|command| {
        // Each heap of a thread would ask for 64 MiB.
        command.env("MALLOC_ARENA_MAX", "1");
    });
    once(served.port, "POST", "/submit-job", "", "1");
    let before = asked_for(&served);
    let half_open: Vec<TcpStream> = (0..64)
        .map(|_| {
            let mut stream = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
            let head = "POST /submit-job HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n";
            write!(stream, "{head}Content-Length: {LENGTH}\r\n\r\n").unwrap();
            // It begins to read.
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).unwrap();
            assert_eq!(&answer, b"HTTP/1.1 100");
            stream.write_all(b"1").unwrap();
            stream
        })
        .collect();
    let after = asked_for(&served);
    assert!(
        after < before + 128,
        "{} announce 1 GiB: it has asked for {after} MiB, and {before} before",
        half_open.len()
    );
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
