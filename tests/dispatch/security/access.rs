//! (S3, S16, S22) A dispatcher that has a token tells and takes nothing without it.

use std::fs;

use super::{refusal, said};
use crate::http::{Answer, once};
use crate::robot::Robot;
use crate::serve::Served;

const TOKEN: &str = "correct-horse-battery-staple";

/// What needs no token: what tells nothing, and a worker's result, which has a token of its own.
const OPEN: [&str; 10] = [
    "get /healthz",
    "get /openapi.json",
    "get /public",
    "get /public/",
    "get /public/config.json",
    "get /public/drink.css",
    "get /public/drink.js",
    "get /public/glass.svg",
    "get /public/index.html",
    "post /jobs/{id}/result",
];

/// A dispatcher that has the token, and what else it is told.
fn guarded(arguments: &[&str]) -> (Served, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let served = Served::with(&[arguments, &["--token-file", file.to_str().unwrap()]].concat());
    (served, folder)
}

fn ask(served: &Served, way: &str, header: &str) -> Answer {
    let (method, path) = way.split_once(' ').unwrap();
    let path = path.replace("{id}", "01a1ff00-c234-755e-be59-74bbb4db6bf6");
    once(served.port, &method.to_uppercase(), &path, header, "1")
}

/// All that is served, as it is described.
fn ways(served: &Served) -> Vec<(String, serde_json::Value)> {
    let text = once(served.port, "GET", "/openapi.json", "", "").body;
    let description: serde_json::Value = serde_json::from_str(&text).unwrap();
    let paths = description["paths"].as_object().unwrap().clone();
    let ways = paths.into_iter().flat_map(|(path, operations)| {
        let operations = operations.as_object().unwrap().clone();
        operations.into_iter().map(move |(method, operation)| (format!("{method} {path}"), operation))
    });
    ways.collect()
}

#[test]
fn s3_without_its_token_nothing_is_told_and_nothing_changes() {
    let (served, _folder) = guarded(&["--allow-local-callbacks"]);
    let own = format!("Authorization: Bearer {TOKEN}\r\n");
    let foreign = [
        String::new(),
        format!("Authorization: Bearer {}\r\n", &TOKEN[1..]),
        format!("Authorization: Bearer {TOKEN}x\r\n"),
        format!("Authorization: Bearer {}\r\n", TOKEN.replace('h', "H")),
        format!("Authorization: Basic {TOKEN}\r\n"),
        "Authorization: Bearer \r\n".to_owned(),
        format!("X-Authorization: Bearer {TOKEN}\r\n"),
    ];
    let mut open = Vec::new();
    for (way, operation) in ways(&served) {
        if operation["security"].is_null() {
            open.push(way);
            continue;
        }
        for header in &foreign {
            let refused = ask(&served, &way, header);
            assert_eq!((refused.status, &*refused.body), (401, r#"{"Error":"Token"}"#), "{way} {header}");
            assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
        }
        for header in [&own, &own.replace("Bearer", "bearer"), &own.replace("Bearer", "BEARER ")] {
            assert_ne!(ask(&served, &way, header).status, 401, "{way}");
        }
    }
    open.sort_unstable();
    assert_eq!(open, OPEN);
    for way in OPEN.iter().filter(|way| way.starts_with("get")) {
        assert_eq!(ask(&served, way, "").status, 200, "{way}");
    }
}

#[test]
fn s3_a_worker_sends_its_result_with_the_token_of_its_job() {
    let (served, _folder) = guarded(&[]);
    let own = format!("Authorization: Bearer {TOKEN}\r\n");
    assert_eq!(once(served.port, "POST", "/submit-job", &own, "1").status, 202);
    let given = once(served.port, "POST", "/take-job", &own, "");
    let result = given.header("job-result").unwrap();
    assert_eq!(once(served.port, "POST", result, &own, "1").status, 401, "it is not the job's");
    let job = format!("Authorization: Bearer {}\r\n", given.header("job-token").unwrap());
    assert_eq!(once(served.port, "POST", "/submit-job", &job, "1").status, 401, "it is not the dispatcher's");
    // However the scheme is written.
    assert_eq!(once(served.port, "POST", result, &job.replace("Bearer", "bEARER"), "1").status, 200);
}

#[test]
fn s3_without_a_token_nothing_asks_for_one() {
    let served = Served::new("InMemory");
    assert!(ways(&served).iter().all(|(_, operation)| operation["security"].is_null()));
}

#[test]
fn s3_a_file_without_a_token_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token-file");
    let name = file.to_str().unwrap();
    assert!(refusal(&mut Served::idle(&["--token-file", name])).contains(name), "there is none");
    for text in ["", "\n", "fifteen-letters", "two words in one file", "caf\u{e9}-caf\u{e9}-caf\u{e9}"] {
        fs::write(&file, text).unwrap();
        let said = refusal(&mut Served::idle(&["--token-file", name]));
        assert!(said.contains(name) && said.contains("16 to 1024"), "{text:?}: {said}");
        assert!(text.trim().is_empty() || !said.contains(text), "{said}");
    }
}

#[test]
fn s16_the_token_is_told_to_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    fs::write(&file, format!("{TOKEN}\r\n")).unwrap();
    let arguments = ["--log", "trace", "--allow-local-callbacks", "--token-file", file.to_str().unwrap()];
    let log = said(&arguments, |served| {
        let own = format!("Authorization: Bearer {TOKEN}\r\n");
        let robot = Robot::new();
        let callback = format!("{own}CPEE-CALLBACK: {}\r\n", robot.url("/"));
        assert_eq!(once(served.port, "POST", "/register-worker", &callback, "").status, 202);
        assert_eq!(once(served.port, "POST", "/submit-job", &own, "1").body, r#""Assigned""#);
        let call = format!("{:?}", robot.wait(1));
        assert!(!call.contains(TOKEN), "{call}");
        let told = once(served.port, "GET", "/metrics", &own, "").body
            + &once(served.port, "GET", "/openapi.json", "", "").body;
        assert!(!told.contains(TOKEN));
        assert!(!fs::read_to_string(format!("/proc/{}/cmdline", served.pid())).unwrap().contains(TOKEN));
    });
    assert!(log.contains("serving on") && !log.contains(TOKEN), "{log}");
    // Who asks for a token need not be told that there is none.
    assert!(!log.contains("WARN"), "{log}");
}
