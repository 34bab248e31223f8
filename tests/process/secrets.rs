//! What processes are given, and what is told of it. (S9, S16)

use std::os::unix::ffi::OsStringExt as _;

use job_orch::process::{Coordinator, Program, StartError};

use crate::shell::{read, sh};

#[tokio::test]
async fn s9_arguments_arrive_byte_by_byte() {
    let processes = Coordinator::new();
    let mut arguments: Vec<Vec<u8>> =
        ["; id", "$(id)", "`id`", "--output=/etc/x", "-", "--", "a\nb", "", " ", "*", "'\"\\", "ü", "\u{1b}[2J"]
            .map(|argument| argument.as_bytes().to_vec())
            .into();
    arguments.push((1..=255).collect());
    let program =
        Program::new("/usr/bin/printf").arg("%s\\0").args(arguments.iter().cloned().map(std::ffi::OsString::from_vec));
    let id = processes.start(program).await.unwrap();
    let mut expected = arguments.join(&0);
    expected.push(0);
    assert_eq!(read(processes.stdout(id).unwrap()).await, expected);
}

async fn environment(program: Program) -> Vec<String> {
    let processes = Coordinator::new();
    let id = processes.start(program).await.unwrap();
    let told = read(processes.stdout(id).unwrap()).await;
    let told = String::from_utf8(told).unwrap();
    let mut names: Vec<_> = told
        .split('\0')
        .filter(|line| !line.is_empty())
        .map(|line| line.split('=').next().unwrap().to_owned())
        .collect();
    names.sort_unstable();
    names
}

fn env() -> Program {
    Program::new("/usr/bin/env").arg("-0")
}

#[tokio::test]
async fn s9_the_environment_is_what_is_listed() {
    const LISTED: [&str; 9] = ["HOME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER"];
    // Cargo sets this one, and many more.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    let usual = environment(env()).await;
    assert!(usual.contains(&"PATH".to_owned()));
    assert!(usual.iter().all(|name| LISTED.contains(&name.as_str()) || name.starts_with("LC_")), "{usual:?}");
    assert_eq!(environment(env().clear_env()).await, [""; 0]);
    let named = env().clear_env().env("A", "1").env("B", "2").remove_env("A").pass_env("CARGO_MANIFEST_DIR");
    assert_eq!(environment(named).await, ["B", "CARGO_MANIFEST_DIR"]);
    assert!(environment(env().inherit_env()).await.contains(&"CARGO_MANIFEST_DIR".to_owned()));
}

#[tokio::test]
async fn s9_what_cannot_be_passed_on_is_refused() {
    let processes = Coordinator::new();
    for program in [
        sh("true").arg("a\0b"),
        sh("true").env("A\0", ""),
        sh("true").env("A", "\0"),
        sh("true").env("A=B", ""),
        sh("true").env("", ""),
        sh("true").directory("/tmp\0"),
    ] {
        assert!(matches!(processes.start(program).await, Err(StartError::Unfit { .. })));
    }
}

#[tokio::test]
async fn s9_only_listed_programs_are_started() {
    let processes = Coordinator::options().only(["/bin/echo", "/usr/bin/echo"]).build();
    processes.start(Program::new("/bin/echo")).await.unwrap();
    processes.start(Program::new("echo")).await.unwrap();
    for program in ["/bin/sh", "sh", "/bin/../bin/echo", "./echo"] {
        let refused = processes.start(Program::new(program)).await;
        assert!(
            matches!(refused, Err(StartError::NotAllowed { .. } | StartError::NotFound { .. })),
            "{program}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn s16_no_secret_is_told() {
    const CANARY: &str = "canary-7c1f";
    let program = Program::new("cat").arg(CANARY).env("TOKEN", CANARY).stdin_bytes(CANARY);
    assert!(!format!("{program:?}").contains(CANARY), "{program:?}");
    let processes = Coordinator::new();
    let error = processes.start(Program::new("/bin/cat").arg(CANARY).directory("/no/such/folder")).await.unwrap_err();
    let told = format!("{error} {error:?} {processes:?}");
    assert!(!told.contains(CANARY), "{told}");
}

/// What the system says of the process itself and of one that it starts.
async fn gains_no_rights(processes: &Coordinator) -> Vec<String> {
    let told = "grep NoNewPrivs /proc/self/status";
    let id = processes.start(sh(&format!("{told}; sh -c '{told}'"))).await.unwrap();
    let told = String::from_utf8(read(processes.stdout(id).unwrap()).await).unwrap();
    told.lines().map(|line| line.split_whitespace().last().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn s10_no_process_gains_rights_if_it_is_to() {
    let own = std::fs::read_to_string("/proc/self/status").unwrap();
    if own.contains("NoNewPrivs:\t1") {
        println!("skipped: nobody gains rights here");
        return;
    }
    assert_eq!(gains_no_rights(&Coordinator::options().no_new_privileges().build()).await, ["1", "1"]);
    assert_eq!(gains_no_rights(&Coordinator::new()).await, ["0", "0"], "the thread was another one");
}
