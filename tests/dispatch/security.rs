//! What an attacker must not be able to do: rule by rule, where it is shown. The rules are numbered as everywhere in this
//! project.
//!
//! | rule | what is shown | where |
//! |---|---|---|
//! | S1 nobody inside is called | 59 spellings of inside; a name that changes its address; redirects, proxies; a listener with no visitor | `dispatch::callback` (unit), `guards` |
//! | S2 no forged result | a token for each delivery: another's, an old one, a replay | `s2_…`, `states::only_the_worker_…` |
//! | S3 nothing here administers | what is served only orders, follows, takes and tells; a worker's post needs its token; who is reachable from outside is told so | `s3_…` |
//! | S4 pages of others, scripts, frames | requests of other origins; headers as stored; texts stay texts | `s4_…`, `guards::a_page_of_another_origin_…`, `browser` |
//! | S5 bombs | nested a million deep, in a body and in a file; lengths that nobody sends | `s5_…`, `lines::an_unreadable_file_…` |
//! | S6 sizes | bodies at their limit, without a length, compressed; heads, lines | `s6_…`, `guards::heads_and_lines_have_limits` |
//! | S7 files | strange ids; planted links; modes whatever the umask; a directory that is everybody's | `s7_…` |
//! | S8 logs | names, paths and URLs that would forge a line or move a cursor | `s8_…`, `guards::a_request_has_an_id_that_stays_one_line` |
//! | S9 arguments, environment | byte by byte; only what is listed | `tests/process/secrets.rs` |
//! | S10 processes that stay | groups, sessions, control groups, rights, kills | `tests/process/{trees,orphans,secrets,limits}.rs` |
//! | S11 floods | no memory, no waiting for the slow, lines without an end, a limit | `tests/process/output.rs` |
//! | S12 slow clients | 5,000 that dawdle; seats for each address; bodies and heads in time | `guards` |
//! | S16 secrets | `Debug`, errors, figures, arguments, files | `s16_…`, `s7_…`, `tests/process/secrets.rs` |

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::http::{Answer, Client, once};
use crate::robot::{Robot, data};
use crate::serve::{DURABLE, MODES, Served};

fn post_result(served: &Served, path: &str, token: &str) -> u16 {
    once(served.port, "POST", path, &format!("Authorization: Bearer {token}\r\n"), "1").status
}

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

/// What is written to standard error by a dispatcher that is asked something.
fn said(arguments: &[&str], ask: impl FnOnce(&Served)) -> String {
    let mut served = Served::idle(arguments);
    let log = served.file("said");
    served.start_with(|command| {
        command.stderr(fs::File::create(&log).unwrap());
    });
    ask(&served);
    served.interrupt();
    fs::read_to_string(log).unwrap()
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

/// What a dispatcher says that does not start.
fn refusal(served: &mut Served) -> String {
    let mut child = served.command().stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    let ended = loop {
        match child.try_wait().unwrap() {
            None if begun.elapsed() > Duration::from_secs(10) => child.kill().unwrap(),
            None => std::thread::sleep(Duration::from_millis(5)),
            Some(ended) => break ended,
        }
    };
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(ended.code(), Some(1), "{said}");
    said
}

/// The modes of all plain files in a directory, but that of its store, which the engine looks after.
fn modes(directory: &Path) -> Vec<(String, u32)> {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| entry.metadata().unwrap().is_file());
    files
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().permissions().mode() & 0o777))
        .collect()
}

#[test]
fn s7_files_are_their_owners_whatever_the_umask() {
    for (mode, umask) in DURABLE.into_iter().flat_map(|mode| [(mode, "000"), (mode, "077")]) {
        let mut served = Served::idle(&["--mode", mode, "--allow-local-callbacks"]);
        // A version before this one, or a copy, may have left it readable.
        fs::write(served.file("jobs.history"), "").unwrap();
        fs::set_permissions(served.file("jobs.history"), fs::Permissions::from_mode(0o644)).unwrap();
        served.start_with(|command| {
            let program = command.get_program().to_owned();
            let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
            *command = Command::new("sh");
            command.args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\"")]);
            command.arg(program).args(arguments).stderr(Stdio::null());
        });
        served.client().submit("1").unwrap();
        assert_eq!(once(served.port, "POST", "/take-job", "", "").status, 200);
        served.client().register("http://127.0.0.1:1/").unwrap();
        let modes = modes(served.directory());
        assert!(modes.len() >= 4, "{modes:?}");
        for (name, found) in modes {
            assert_eq!(found, 0o600, "{mode}, umask {umask}: {name} {found:o}");
        }
    }
}

#[test]
fn s7_no_link_is_followed_and_no_open_directory_used() {
    let names = ["jobs.json", "jobs.json.new", "jobs.given", "jobs.history", "workers.json"];
    for name in names {
        let mut served = Served::idle(&["--mode", "CachedJsonFile"]);
        let victim = served.file("victim");
        fs::write(&victim, "[]\n").unwrap();
        fs::set_permissions(&victim, fs::Permissions::from_mode(0o644)).unwrap();
        symlink(&victim, served.file(name)).unwrap();
        if name == "jobs.json.new" {
            // What is in the way of a new file goes; where it leads to stays.
            served.start();
            served.client().submit("1").unwrap();
            served.kill();
        } else {
            let said = refusal(&mut served);
            assert!(said.contains(name) && said.contains("symbolic link"), "{said}");
        }
        assert_eq!(fs::read_to_string(&victim).unwrap(), "[]\n", "{name}");
        assert_eq!(fs::metadata(&victim).unwrap().permissions().mode() & 0o777, 0o644, "{name}");
    }
    // What never ends is not waited for.
    let mut served = Served::idle(&["--mode", "JsonFile"]);
    assert!(Command::new("mkfifo").arg(served.file("jobs.json")).status().unwrap().success());
    assert!(refusal(&mut served).contains("no plain file"));
    for mode in DURABLE {
        let mut served = Served::idle(&["--mode", mode]);
        fs::set_permissions(served.directory(), fs::Permissions::from_mode(0o777)).unwrap();
        let said = refusal(&mut served);
        assert!(said.contains("everybody may write into"), "{said}");
    }
}

#[test]
fn s7_an_id_is_no_path() {
    let served = Served::new("JsonFile");
    let long = format!("/jobs/{}", "x".repeat(300));
    for path in
        ["/jobs/../jobs.json", "/jobs/..%2fjobs.json", "/jobs/%2fetc%2fpasswd", "/jobs/a%00", "/jobs/CON", &long]
    {
        for path in [path.to_owned(), format!("{path}/result"), format!("{path}/events")] {
            assert_eq!(once(served.port, "GET", &path, "", "").status, 404, "{path}");
        }
    }
    for path in ["/public/../jobs.json", "/public/..%2fjobs.json", "/public//etc/passwd", "/jobs.json", "/jobs.history"]
    {
        assert_eq!(once(served.port, "GET", path, "", "").status, 404, "{path}");
    }
}

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
