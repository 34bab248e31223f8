//! What an attacker must not be able to do: rule by rule, where it is shown. The rules are numbered as everywhere in this
//! project.
//!
//! | rule | what is shown | where |
//! |---|---|---|
//! | S1 nobody inside is called | 59 spellings of inside; a name that changes its address; redirects, proxies; a listener with no visitor | `dispatch::callback` (unit), `guards` |
//! | S2 no forged result | a token for each delivery: another's, an old one, a replay | `s2_…`, `states::only_the_worker_…` |
//! | S3 nothing here administers | what is served only orders, follows, takes and tells; a worker's post needs its token; who is reachable from outside is told so; a token for all of it, by choice | `s3_…` |
//! | S4 pages of others, scripts, frames | requests of other origins; headers as stored; texts stay texts | `s4_…`, `guards::a_page_of_another_origin_…`, `browser` |
//! | S5 bombs | nested a million deep, in a body and in a file; lengths that nobody sends | `s5_…`, `lines::an_unreadable_file_…` |
//! | S6 sizes | bodies at their limit, without a length, compressed; heads, lines | `s6_…`, `room` |
//! | S7 files | strange ids; planted links; modes whatever the umask; a directory that is everybody's | `s7_…` |
//! | S8 logs | names, paths and URLs that would forge a line or move a cursor | `s8_…`, `guards::a_request_has_an_id_that_stays_one_line` |
//! | S9 arguments, environment | byte by byte; only what is listed | `tests/process/secrets.rs` |
//! | S10 processes that stay | groups, sessions, control groups, rights, kills | `tests/process/{trees,orphans,secrets,limits}.rs` |
//! | S11 floods | no memory, no waiting for the slow, lines without an end, a limit | `tests/process/output.rs` |
//! | S12 slow clients | 5,000 that dawdle; seats for each address; bodies and heads in time | `guards` |
//! | S16 secrets | `Debug`, errors, figures, arguments, files | `s16_…`, `s7_…`, `tests/process/secrets.rs` |

mod access;
mod doors;
mod files;
mod sizes;
mod told;

use std::fs;
use std::io::Read as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::http::once;
use crate::serve::Served;

fn post_result(served: &Served, path: &str, token: &str) -> u16 {
    once(served.port, "POST", path, &format!("Authorization: Bearer {token}\r\n"), "1").status
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
