//! Paths as they are stored: a text, or bytes if it is none.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A path in a form that every one of them has.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Text(String),
    #[cfg(unix)]
    Bytes(Vec<u8>),
}

pub(crate) fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    #[cfg(unix)]
    if path.to_str().is_none() {
        return std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()).serialize(serializer);
    }
    path.serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    let path: OsString = match Stored::deserialize(deserializer)? {
        Stored::Text(text) => text.into(),
        #[cfg(unix)]
        Stored::Bytes(bytes) => std::os::unix::ffi::OsStringExt::from_vec(bytes),
    };
    Ok(path.into())
}
