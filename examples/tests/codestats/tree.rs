//! Directories that hold all sorts of things.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory that goes with its owner.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("codestats-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
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
pub(crate) struct Dice(pub(crate) u64);

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
pub(crate) fn tree(folder: &Folder, dice: &mut Dice) -> BTreeMap<&'static str, Vec<PathBuf>> {
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
