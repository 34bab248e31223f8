//! (S8, S16) What is told: no line that others have written, and no secret.

use std::fs;
use std::time::{Duration, Instant};

use super::{post_result, said};
use crate::http::once;
use crate::robot::Robot;

#[test]
fn s8_nobody_writes_lines_into_the_log() {
    let log = said(&["--log", "trace", "--allow-local-callbacks"], |served| {
        let forged = "2026 ERROR forged";
        for (path, headers) in [
            (format!("/x%0A{}%1b[2J", forged.replace(' ', "%20")), String::new()),
            ("/jobs/%0Aforged%1B".to_owned(), format!("X-Request-Id: {forged}\r\n")),
            ("/take-job".to_owned(), "Job-Take: a%0A\u{9b}\r\n".to_owned()),
            ("/register-worker".to_owned(), "CPEE-CALLBACK: http://robot\u{1b}[2J/\r\n".to_owned()),
            ("/register-worker".to_owned(), "CPEE-CALLBACK: http://127.0.0.1:1/%0A%1b\tx\r\n".to_owned()),
        ] {
            let mut client = served.client();
            // One that is no HTTP finds the connection closed.
            let _ = client.request("POST", &path, &headers, "");
        }
        served.client().submit("\"\\u001b[2J\\n2026 ERROR forged\"").unwrap();
        let robot = Robot::answering("500 \u{1b}[2J\u{85}forged");
        served.client().register(&robot.url("/%1b[2J")).unwrap();
        served.client().submit("\"forged\"").unwrap();
    });
    assert!(log.lines().count() > 10, "{log}");
    let is_strange = |char: char| char.is_control() && char != '\n';
    assert!(!log.contains(is_strange), "{log:?}");
    for line in log.lines() {
        let begins = line.get(..2).is_some_and(|start| start == "20") && line.contains('Z');
        assert!(begins, "no line of ours: {line:?}");
        assert!(!line.starts_with("2026 ERROR"), "{line}");
    }
}

#[test]
fn s16_no_secret_is_told() {
    const CANARY: &str = "canary-7c1f";
    let mut tokens = Vec::new();
    let log = said(&["--log", "debug", "--mode", "CachedJsonFile", "--allow-local-callbacks"], |served| {
        let robot = Robot::answering("500 No");
        let url = robot.url("/").replace("http://", &format!("http://{CANARY}:{CANARY}@"));
        assert_eq!(served.client().register(&url).unwrap().status, 403);
        served.client().register(&robot.url(&format!("/{CANARY}?key={CANARY}"))).unwrap();
        served.client().submit(&format!("\"{CANARY}\"")).unwrap();
        let given = once(served.port, "POST", "/take-job", "", "");
        let token = given.header("job-token").unwrap().to_owned();
        assert_eq!(post_result(served, given.header("job-result").unwrap(), "0"), 401);
        assert_eq!(post_result(served, given.header("job-result").unwrap(), &token), 200);
        let begun = Instant::now();
        while robot.calls() == 0 && begun.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(10));
        }
        for path in ["/metrics", "/healthz", given.header("job-result").unwrap().trim_end_matches("/result")] {
            let told = once(served.port, "GET", path, "", "").body;
            assert!(!told.contains(CANARY) && !told.contains(&token), "{path}: {told}");
        }
        let arguments = fs::read_to_string(format!("/proc/{}/cmdline", served.pid())).unwrap();
        assert!(!arguments.contains(&token));
        tokens.extend([token, robot.token()]);
    });
    assert!(!log.contains(CANARY), "{log}");
    assert!(log.lines().count() > 5 && tokens.iter().all(|token| !log.contains(token)), "{log}");
}
