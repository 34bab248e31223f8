//! Holds the example `codestats` against the real `wc` in the C locale.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "in a test, both are failures")]

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

/// A directory that goes with its owner.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("codestats-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % below as u64).unwrap()
    }

    fn bytes(&mut self, length: usize, alphabet: &[u8]) -> Vec<u8> {
        (0..length).map(|_| alphabet[self.roll(alphabet.len())]).collect()
    }

    /// Text, white space, anything, NULs, one long line; often without a newline at the end.
    fn content(&mut self) -> Vec<u8> {
        let any: Vec<u8> = (0..=u8::MAX).collect();
        let length = self.roll(3_000);
        match self.roll(8) {
            0 => Vec::new(),
            1 => self.bytes(length, &any),
            2 => self.bytes(length, b"ab \n"),
            3 => self.bytes(length, b" \t\n\x0b\x0c\r\x1c\x1f\x7f\x85\xa0x"),
            4 => vec![0; length],
            5 => self.bytes(200_000 + length, b"word "),
            6 => self.bytes(64 * 1024, &any),
            _ => "naïve \u{a0} text\u{2003}here".repeat(self.roll(9)).into_bytes(),
        }
    }
}

/// The example, built as cargo builds it.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let built = Command::new(env!("CARGO"))
            .args(["build", "-q", "--example", "codestats", "--message-format=json"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let messages = serde_json::Deserializer::from_slice(&built.stdout).into_iter::<Value>().map(Result::unwrap);
        let executable = messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).last();
        executable.expect("cargo names the executable")
    })
}

fn codestats<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Output {
    Command::new(binary()).args(["--words", rule()]).args(args).output().unwrap()
}

/// The object it prints, and its exit status.
fn json(flags: &[&str], directory: &Path) -> (Value, Option<i32>) {
    let output = codestats(flags.iter().map(OsStr::new).chain([OsStr::new("--json"), directory.as_os_str()]));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    (serde_json::from_slice(&output.stdout).unwrap(), output.status.code())
}

/// What `wc` says about these files: lines, words, bytes.
fn wc(files: &[PathBuf]) -> [u64; 3] {
    let mut names = Vec::new();
    // Twice nothing, so that there always is a total.
    for file in files.iter().map(PathBuf::as_path).chain([Path::new("/dev/null"); 2]) {
        names.extend_from_slice(file.as_os_str().as_bytes());
        names.push(0);
    }
    let output = piped(Command::new("wc").args(["-lwc", "--files0-from=-"]), names);
    let text = String::from_utf8_lossy(&output);
    let numbers: Vec<u64> =
        text.lines().last().unwrap().split_whitespace().take(3).map(|number| number.parse().unwrap()).collect();
    numbers.try_into().unwrap()
}

/// What a program prints for this input, in the C locale.
fn piped(command: &mut Command, input: Vec<u8>) -> Vec<u8> {
    let mut child =
        command.env("LC_ALL", "C").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("`wc` is installed");
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&input).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    output.stdout
}

/// What this machine's `wc` takes for a word: its releases differ, see `Words` in the example.
fn rule() -> &'static str {
    static RULE: OnceLock<&str> = OnceLock::new();
    RULE.get_or_init(|| match piped(Command::new("wc").arg("-w"), vec![1]).trim_ascii() {
        b"0" => "printable",
        _ => "any",
    })
}

fn numbers(tally: &Value) -> [u64; 3] {
    ["lines", "words", "bytes"].map(|key| tally[key].as_u64().unwrap())
}

/// Names of all sorts, and the extension of each.
fn names() -> Vec<(OsString, &'static str)> {
    let odd = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    vec![
        ("main.rs".into(), "rs"),
        ("lib.rs".into(), "rs"),
        ("two dots.tar.gz".into(), "gz"),
        ("Makefile".into(), ""),
        (".bashrc".into(), ""),
        (".config.toml".into(), "toml"),
        ("ends with a dot.".into(), ""),
        ("target".into(), ""),
        ("new\nline.a\nb".into(), "a\nb"),
        ("-lwc".into(), ""),
        ("ünïcödé.é".into(), "é"),
        (odd(b"not \xff utf-8.rs"), "rs"),
        (odd(b"x.\xfe"), "\u{fffd}"),
        (odd(b"\x1b[31m.log"), "log"),
    ]
}

/// A tree of all sorts of things: its regular files that count, by extension.
fn tree(folder: &Folder, dice: &mut Dice) -> BTreeMap<&'static str, Vec<PathBuf>> {
    let mut files: BTreeMap<_, Vec<PathBuf>> = BTreeMap::new();
    for below in [&b""[..], b"src", b"a b/c\nd", b"\xff\xfe/deep/er", b".hidden", b".git.d", b"target2"] {
        let below = Path::new(OsStr::from_bytes(below));
        for (name, extension) in names() {
            if dice.roll(4) > 0 {
                files.entry(extension).or_default().push(folder.write(below.join(name), dice.content()));
            }
        }
    }
    for skipped in ["skips/target/x.rs", "skips/.git/x.rs", "skips/below/target/debug/y"] {
        folder.write(skipped, "not counted\n");
    }
    let outside = std::env::temp_dir();
    for (target, link) in [("src/main.rs", "l1.rs"), ("src", "l2"), (".", "loop"), ("nothing", "l3.rs")] {
        symlink(target, folder.0.join(link)).unwrap();
    }
    symlink(outside, folder.0.join("src").join("outside")).unwrap();
    // Nothing can be read from either, and opening the pipe would take for ever.
    UnixListener::bind(folder.0.join("socket")).unwrap();
    assert!(Command::new("mkfifo").arg(folder.0.join("pipe.rs")).status().unwrap().success());
    files
}

#[test]
fn counts_what_wc_counts() {
    for seed in 1..=12 {
        let folder = Folder::new();
        let files = tree(&folder, &mut Dice(0x9e37_79b9_7f4a_7c15 ^ seed));
        let (report, status) = json(&[], &folder.0);

        let all: Vec<PathBuf> = files.values().flatten().cloned().collect();
        assert_eq!(status, Some(0), "seed {seed}: {report}");
        assert_eq!(report["files"], all.len(), "seed {seed}");
        assert_eq!(numbers(&report), wc(&all), "seed {seed}");
        assert_eq!(report["extensions"].as_object().unwrap().len(), files.len(), "seed {seed}");
        for (extension, files) in files {
            let tally = &report["extensions"][extension];
            assert_eq!(tally["files"], files.len(), "seed {seed}, {extension:?}");
            assert_eq!(numbers(tally), wc(&files), "seed {seed}, {extension:?}");
        }
        assert_eq!(report["unreadable"], Value::Array(Vec::new()), "seed {seed}");
    }
}

#[test]
fn counts_each_byte_between_others() {
    let folder = Folder::new();
    let mut files = Vec::new();
    for byte in 0..=u8::MAX {
        for (at, around) in
            [[b'a', b'b'], [b' ', b'b'], [b'a', b' '], [b' ', b' '], [0, 0], [0, b'b']].iter().enumerate()
        {
            files.push(folder.write(format!("{byte}.{at}"), [around[0], byte, around[1]]));
        }
    }
    let (report, _) = json(&["--workers", "3"], &folder.0);
    assert_eq!(numbers(&report), wc(&files));
}

#[test]
fn second_run_comes_from_the_cache() {
    let folder = Folder::new();
    tree(&folder, &mut Dice(99));
    let (once, _) = json(&[], &folder.0);
    let (twice, status) = json(&["--repeat", "2", "--workers", "2"], &folder.0);
    assert_eq!(status, Some(0));
    assert_eq!(once["cache"]["hits"], 0);
    assert_eq!(twice["cache"]["hits"], twice["files"]);
    assert_eq!(twice["cache"]["misses"], twice["files"]);
    assert_eq!(numbers(&twice), numbers(&once));
}

#[test]
fn directory_inside_another_is_counted_once() {
    let folder = Folder::new();
    folder.write("a.rs", "one\n");
    folder.write("inside/b.rs", "two\n");
    folder.write("target/c.rs", "three\n");
    let dots = folder.0.join("inside/../inside/.");
    let target = folder.0.join("target");
    let given = [OsStr::new("--json"), folder.0.as_os_str(), dots.as_os_str(), folder.0.as_os_str()];
    let report: Value = serde_json::from_slice(&codestats(given).stdout).unwrap();
    assert_eq!(report["files"], 2);
    // What is skipped elsewhere is counted where it is given.
    let given = [OsStr::new("--json"), folder.0.as_os_str(), target.as_os_str()];
    let report: Value = serde_json::from_slice(&codestats(given).stdout).unwrap();
    assert_eq!(report["files"], 3);
}

#[test]
fn missing_directory_is_reported_and_the_rest_counted() {
    let folder = Folder::new();
    folder.write("a.rs", "one two\n");
    let missing = folder.0.join("missing");
    let output = codestats([OsStr::new("--json"), missing.as_os_str(), folder.0.as_os_str()]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(numbers(&report), [1, 2, 8]);
    assert_eq!(report["unreadable"][0]["path"], missing.to_str().unwrap());
    assert!(report["unreadable"][0]["error"].as_str().unwrap().contains("No such file"), "{report}");
}

/// Runs the example as somebody whom permissions stop: root becomes nobody. `None` where that is forbidden.
fn unprivileged(folder: &Folder, args: &[&OsStr]) -> Option<Output> {
    // In a place of its own, for nobody need not see the folder that cargo builds in.
    let copy = folder.0.join("codestats");
    fs::copy(binary(), &copy).unwrap();
    let mut command = Command::new(copy);
    command.args(args).current_dir(&folder.0);
    if fs::metadata(&folder.0).unwrap().uid() == 0 {
        const NOBODY: u32 = 65_534;
        command.gid(NOBODY).uid(NOBODY);
    }
    match command.output() {
        Ok(output) => Some(output),
        Err(error) => {
            eprintln!("skipped: root cannot become somebody else here: {error}");
            None
        }
    }
}

#[test]
fn unreadable_files_and_directories_are_reported_and_the_rest_counted() {
    let (program, folder) = (Folder::new(), Folder::new());
    folder.write("a.rs", "one two\n");
    let file = folder.write("sub/secret.rs", "three\n");
    let directory = folder.write("closed/b.rs", "four\n").parent().unwrap().to_owned();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o0)).unwrap();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o0)).unwrap();
    let flags = ["--json", "--repeat", "2"].map(OsStr::new);
    let Some(output) = unprivileged(&program, &[&flags[..], &[folder.0.as_os_str()]].concat()) else { return };
    let table = unprivileged(&program, &[folder.0.as_os_str()]).unwrap();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();

    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!((&report["files"], numbers(&report)), (&Value::from(1), [1, 2, 8]));
    let unreadable = report["unreadable"].as_array().unwrap();
    assert_eq!(unreadable.len(), 2, "{report}");
    for (entry, path) in unreadable.iter().zip([&directory, &file]) {
        assert_eq!(entry["path"], path.to_str().unwrap());
        assert!(entry["error"].as_str().unwrap().contains("Permission denied"), "{report}");
    }
    assert_eq!(table.status.code(), Some(1));
    let text = String::from_utf8(table.stdout).unwrap();
    assert!(text.contains("\n2 could not be read:\n") && text.contains("secret.rs\": Permission denied"), "{text}");
}

#[test]
fn wrong_command_lines_have_their_own_status() {
    let wrong: [&[&str]; 5] =
        [&[], &["--wrong", "."], &["--workers", "0", "."], &["--repeat", "0", "."], &["--words", "x"]];
    for args in wrong {
        let output = Command::new(binary()).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{args:?}");
    }
    assert_eq!(codestats(["--help"]).status.code(), Some(0));
}

#[test]
fn table_is_sorted_by_lines_and_ends_with_the_total() {
    let folder = Folder::new();
    folder.write("a.rs", "1\n");
    folder.write("b.md", "1\n2\n3\n");
    folder.write("c", "1\n2\n");
    let output = codestats([&folder.0]);
    let text = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<&str> = text.lines().map_while(|line| line.split_whitespace().next()).collect();
    assert_eq!(rows, ["extension", "md", "(none)", "rs", "total"]);
    assert!(text.contains(", cache: 0 hits, 3 misses\n"), "{text}");
    // No bar where there is no terminal.
    assert_eq!(output.stderr, b"");
}

#[test]
fn reader_that_leaves_is_no_fault() {
    let folder = Folder::new();
    tree(&folder, &mut Dice(7));
    for flags in [&["--json"][..], &[]] {
        let mut command = Command::new(binary());
        let mut child =
            command.args(flags).arg(&folder.0).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr)), (Some(0), "".into()));
    }
}
