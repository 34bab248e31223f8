//! (S7) The files, and what somebody else could put in their place.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use super::refusal;
use crate::http::once;
use crate::serve::{DURABLE, Served};

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
