//! (S2 to S4) Who may change what, and from where.

use super::{post_result, said};
use crate::http::{Answer, once};
use crate::robot::data;
use crate::serve::{MODES, Served};

#[test]
fn s2_a_result_is_taken_once_from_who_has_the_job() {
    for mode in MODES {
        let served = Served::new(mode);
        let jobs: Vec<Answer> = (0..2)
            .map(|number| {
                served.client().submit(&number.to_string()).unwrap();
                once(served.port, "POST", "/take-job", "", "")
            })
            .collect();
        let [first, second] = [0, 1].map(|number: usize| {
            let header = |name| jobs[number].header(name).unwrap();
            (header("job-result"), header("job-token"))
        });
        let state = || once(served.port, "GET", first.0.trim_end_matches("/result"), "", "").body;
        let flipped = first.1.replace(&first.1[..1], if first.1.starts_with('0') { "1" } else { "0" });
        for forged in [second.1, &*flipped, &first.1[1..], ""] {
            assert_eq!(post_result(&served, first.0, forged), 401, "{mode}");
            assert!(state().contains("Assigned"), "{mode}: nothing has changed");
        }
        assert_eq!(
            once(served.port, "POST", first.0, &format!("Authorization: Basic {}\r\n", first.1), "1").status,
            401
        );
        assert_eq!(post_result(&served, first.0, first.1), 200, "{mode}");
        let done = state();
        assert_eq!(post_result(&served, first.0, first.1), 409, "{mode}: a replay");
        assert_eq!(state(), done, "{mode}");
        assert_eq!(post_result(&served, second.0, second.1), 200, "{mode}");
    }
}

#[test]
fn s3_nothing_that_is_served_administers() {
    let served = Served::new("InMemory");
    let description: serde_json::Value =
        serde_json::from_str(&once(served.port, "GET", "/openapi.json", "", "").body).unwrap();
    let mut changing: Vec<String> = Vec::new();
    for (path, operations) in description["paths"].as_object().unwrap() {
        changing.extend(
            operations.as_object().unwrap().keys().filter(|way| *way != "get").map(|way| format!("{way} {path}")),
        );
    }
    changing.sort_unstable();
    assert_eq!(changing, ["post /jobs/{id}/result", "post /register-worker", "post /submit-job", "post /take-job"]);
    // Who can be reached from elsewhere is told what that means, and how to have it otherwise.
    let open = said(&["--address", "0.0.0.0"], |_| {});
    assert!(open.contains("WARN") && open.contains("--address 127.0.0.1"), "{open}");
    let own = said(&["--address", "127.0.0.1"], |_| {});
    assert!(!own.contains("WARN"), "{own}");
}

#[test]
fn s4_pages_are_guarded_and_texts_stay_texts() {
    const STORED: [(&str, &str); 5] = [
        (
            "content-security-policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ];
    let served = Served::new("InMemory");
    for path in
        ["/public", "/public/", "/public/index.html", "/public/drink.js", "/public/drink.css", "/public/glass.svg"]
    {
        let answer = once(served.port, "GET", path, "", "");
        for (name, value) in STORED {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        for unsafe_way in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "style=", "onclick="]
        {
            assert!(!answer.body.contains(unsafe_way), "{path} has {unsafe_way}");
        }
    }
    // What comes back is JSON to every browser, whatever a customer has sent.
    let script = r#""<img src=x onerror=alert(1)>""#;
    let submitted = served.client().submit(script).unwrap();
    assert_eq!(submitted.header("content-type"), Some("application/json"));
    let given = once(served.port, "POST", "/take-job", "", "");
    assert_eq!((given.header("content-type"), &*data(&given.body)), (Some("application/json"), script));
    post_result(&served, given.header("job-result").unwrap(), given.header("job-token").unwrap());
    let result = once(served.port, "GET", given.header("job-result").unwrap(), "", "");
    assert_eq!(result.header("content-type"), Some("application/json"));
    for way in ["Origin: http://evil\r\n", "Sec-Fetch-Site: cross-site\r\n", "Origin: null\r\n"] {
        for path in ["/submit-job", "/register-worker", "/take-job", "/jobs/x/result"] {
            assert_eq!(once(served.port, "POST", path, way, "1").status, 403, "{path} {way}");
        }
    }
}
