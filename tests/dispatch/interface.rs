//! What the service says, byte for byte.

use crate::http::once;
use crate::robot::{Robot, data};
use crate::serve::{MODES, Served};

#[test]
fn a_job_waits_and_is_given_to_the_worker_that_comes() {
    for mode in MODES {
        let served = Served::new(mode);
        let mut client = served.client();
        for position in 1..=3 {
            let answer = client.submit(&format!(r#"{{"drink":"tea", "n": {position}.0}}"#)).unwrap();
            assert_eq!(
                (answer.status, answer.body.clone()),
                (202, format!(r#"{{"Queued":{{"position":{position}}}}}"#)),
                "{mode}"
            );
            assert_eq!(answer.header("content-type"), Some("application/json"));
        }
        for number in 1..=3 {
            let answer = client.register("http://127.0.0.1:9/").unwrap();
            assert_eq!(answer.status, 200, "{mode}");
            assert_eq!(answer.header("cpee-callback"), None);
            let text = &answer.body;
            let (id, rest) = text.strip_prefix(r#"{"Job":{"id":""#).unwrap().split_at(36);
            assert_eq!(id.matches('-').count(), 4);
            // As the customer wrote it.
            let rest = rest.strip_prefix(&format!(r#"","data":{{"drink":"tea", "n": {number}.0}},"submitted_at":"2"#));
            assert!(rest.unwrap().ends_with(r#"Z"}}"#), "{mode}: {text}");
        }
        let answer = client.register("http://127.0.0.1:9/").unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (202, r#""Queued""#), "{mode}");
        assert_eq!(answer.header("cpee-callback"), Some("true"));
    }
}

#[test]
fn a_worker_waits_and_is_called_with_the_job_that_comes() {
    for mode in MODES {
        let served = Served::new(mode);
        let (mut client, first, second) = (served.client(), Robot::new(), Robot::new());
        for robot in [&first, &second] {
            assert_eq!(client.register(&robot.url("/take?a=1")).unwrap().status, 202);
        }
        for (number, robot) in [(1, &first), (2, &second)] {
            let answer = client.submit(&number.to_string()).unwrap();
            assert_eq!((answer.status, answer.body.as_str()), (200, r#""Assigned""#), "{mode}");
            let got = robot.got();
            assert_eq!(got.len(), 1, "{mode}: the worker has it before the customer is told");
            assert_eq!(got[0].head, "PUT /take?a=1 HTTP/1.1");
            assert!(got[0].body.starts_with(r#"{"Job":{"id":""#), "{mode}");
            assert_eq!(data(&got[0].body), number.to_string());
        }
        assert_eq!(client.submit("3").unwrap().body, r#"{"Queued":{"position":1}}"#, "{mode}: a worker gets one job");
    }
}

#[test]
fn a_worker_that_fails_is_dropped_and_the_next_one_is_called() {
    for mode in MODES {
        let served = Served::new(mode);
        let mut client = served.client();
        let (bad, moved, good) =
            (Robot::answering("500 No"), Robot::answering("302 Found\r\nLocation: /"), Robot::new());
        for url in ["http://127.0.0.1:1/".to_owned(), bad.url("/"), moved.url("/"), good.url("/")] {
            assert_eq!(client.register(&url).unwrap().status, 202);
        }
        assert_eq!(client.submit("1").unwrap().body, r#""Assigned""#, "{mode}");
        assert_eq!((bad.calls(), moved.calls(), good.calls()), (1, 1, 1), "{mode}");
        assert_eq!(client.register(&bad.url("/")).unwrap().status, 202);
        assert_eq!(client.submit("2").unwrap().body, r#"{"Queued":{"position":1}}"#, "{mode}");
        assert_eq!((bad.calls(), good.calls()), (2, 1), "{mode}: who took its job or failed has no place any more");
    }
}

#[test]
fn a_worker_says_where_it_is_called_back() {
    let served = Served::new("InMemory");
    let register = |headers: &str| once(served.port, "POST", "/register-worker", headers, "");
    for (headers, error) in [
        ("", r#"{"Error":"Missing"}"#),
        ("CPEE-CALLBACK: robot\r\n", r#"{"Error":"NotAUrl"}"#),
        ("CPEE-CALLBACK: \r\n", r#"{"Error":"NotAUrl"}"#),
        ("CPEE-CALLBACK: caf\u{e9}\r\n", r#"{"Error":"NotAString"}"#),
    ] {
        let answer = register(headers);
        assert_eq!((answer.status, answer.body.as_str()), (400, error), "{headers:?}");
    }
}

#[test]
fn what_is_no_job_is_refused_by_name() {
    let served = Served::new("InMemory");
    let deep = "[".repeat(200) + &"]".repeat(200);
    let long = format!("\"{}\"", "x".repeat(1024 * 1024));
    for (body, status, error) in [
        ("", 400, "NotJson"),
        ("{", 400, "NotJson"),
        ("1 2", 400, "NotJson"),
        (&*deep, 400, "NotJson"),
        (&*long, 413, "TooLarge"),
    ] {
        let answer = once(served.port, "POST", "/submit-job", "", body);
        assert_eq!((answer.status, answer.body), (status, format!(r#"{{"Error":"{error}"}}"#)));
    }
    assert_eq!(once(served.port, "GET", "/submit-job", "", "").status, 405);
    assert_eq!(once(served.port, "GET", "/nowhere", "", "").status, 404);
    assert_eq!(once(served.port, "POST", "/submit-job", "", "null").body, r#"{"Queued":{"position":1}}"#);
}

#[test]
fn the_page_learns_its_port() {
    let served = Served::new("InMemory");
    let answer = once(served.port, "GET", "/public/config.json", "", "");
    assert_eq!((answer.status, answer.body), (200, format!(r#"{{"server_port":{}}}"#, served.port)));
}

#[test]
fn the_two_lines_have_modes_of_their_own() {
    let arguments = ["--job-queue-mode", "JsonFile", "--worker-queue-mode", "Sqlite", "--allow-local-callbacks"];
    let mut served = Served::with(&arguments);
    let robot = Robot::new();
    assert_eq!(served.client().register(&robot.url("/")).unwrap().status, 202);
    served.kill();
    assert!(
        served.file("jobs.db").exists() && served.file("jobs.json").exists() && !served.file("workers.json").exists()
    );
    served.start();
    assert_eq!(served.client().submit("7").unwrap().body, r#""Assigned""#);
}

#[test]
fn what_is_no_id_is_that_of_no_job() {
    let served = Served::new("InMemory");
    for id in ["%ff", "%00", "x", "..", "01a1ff00-c234-755e-be59-74bbb4db6bf6", &"x".repeat(9000)] {
        for what in ["", "/result", "/events"] {
            let answer = once(served.port, "GET", &format!("/jobs/{id}{what}"), "", "");
            assert_eq!((answer.status, &*answer.body), (404, r#"{"Error":"NotFound"}"#), "{id}{what}");
        }
        let token = "Authorization: Bearer 9ded156409eb4202ae8e1ad3376681c5\r\n";
        let refused = once(served.port, "POST", &format!("/jobs/{id}/result"), token, "1");
        assert!(
            matches!(refused.status, 401 | 404) && refused.header("content-type") == Some("application/json"),
            "{id}"
        );
    }
}

#[test]
fn a_limit_that_no_clock_can_count_is_none() {
    let far = "18446744073709551615s";
    let limits = ["--head-timeout", "--body-timeout", "--answer-timeout", "--callback-timeout", "--drain"];
    let arguments = limits.into_iter().flat_map(|limit| [limit, far]).chain(["--allow-local-callbacks"]);
    let (mut served, robot) = (Served::with(&arguments.collect::<Vec<_>>()), Robot::new());
    assert_eq!(served.client().register(&robot.url("/")).unwrap().status, 202);
    assert_eq!(served.client().submit("1").unwrap().body, r#""Assigned""#);
    served.interrupt();
}
