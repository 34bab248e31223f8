//! [`Item`]: what stands in a line, as the JSON that is sent and stored.

use std::borrow::Cow;
use std::time::SystemTime;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;

use crate::id::JobId;

/// A job or a worker that waits. Its JSON is made once: it is what a worker receives, and what a file holds.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) id: JobId,
    pub(super) json: Bytes,
}

impl Item {
    /// A job from the text of a customer's JSON.
    pub(super) fn job(data: &str) -> Self {
        Self::new("data", data, "submitted_at")
    }

    /// A worker that is called back.
    pub(super) fn worker(callback: &Url) -> Self {
        // The text of a URL has no character that JSON escapes.
        Self::new("callback", &format!("\"{callback}\""), "registered_at")
    }

    fn new(name: &str, value: &str, at: &str) -> Self {
        let (id, now) = (JobId::new(), humantime::format_rfc3339_millis(SystemTime::now()));
        let json = format!(r#"{{"id":"{id}","{name}":{value},"{at}":"{now}"}}"#);
        Self { id, json: Bytes::from(json) }
    }

    /// A job from its own JSON.
    pub(super) fn read_job(json: &RawValue) -> Result<Self, serde_json::Error> {
        let known: KnownJob<'_> = serde_json::from_str(json.get())?;
        Ok(Self::of(known.id, json))
    }

    /// A worker from its own JSON.
    pub(super) fn read_worker(json: &RawValue) -> Result<Self, serde_json::Error> {
        let known: KnownWorker<'_> = serde_json::from_str(json.get())?;
        Url::parse(&known.callback).map_err(serde::de::Error::custom)?;
        Ok(Self::of(known.id, json))
    }

    fn of(id: JobId, json: &RawValue) -> Self {
        Self { id, json: Bytes::copy_from_slice(json.get().as_bytes()) }
    }

    /// Its JSON as text.
    pub(super) fn text(&self) -> &str {
        // Made from text, all of it.
        std::str::from_utf8(&self.json).unwrap_or_default()
    }

    /// Where a worker is called back.
    pub(super) fn callback(&self) -> Option<Url> {
        let known: KnownWorker<'_> = serde_json::from_slice(&self.json).ok()?;
        Url::parse(&known.callback).ok()
    }
}

/// What the JSON of a job has.
#[derive(Deserialize)]
#[serde(expecting = "a job with its `id`, `data` and `submitted_at`")]
struct KnownJob<'a> {
    id: JobId,
    #[serde(borrow, rename = "data")]
    _data: &'a RawValue,
    #[serde(borrow, rename = "submitted_at")]
    _submitted_at: Cow<'a, str>,
}

/// What the JSON of a worker has.
#[derive(Deserialize)]
#[serde(expecting = "a worker with its `id` and `callback`")]
struct KnownWorker<'a> {
    id: JobId,
    #[serde(borrow)]
    callback: Cow<'a, str>,
}

/// How an item is read from its JSON.
pub(super) type Read = fn(&RawValue) -> Result<Item, serde_json::Error>;

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never what the customer sent.
        f.debug_struct("Item").field("id", &self.id).finish_non_exhaustive()
    }
}

/// How deep a customer's JSON may be nested: what reads it by recursion stops at 128.
const DEEPEST: usize = 120;

/// The text of one JSON value, without what surrounds it.
pub(super) fn one_value(bytes: &[u8]) -> Result<&str, NoValue> {
    let value: &RawValue = serde_json::from_slice(bytes)?;
    if depth(value.get()) > DEEPEST { Err(NoValue::Deep) } else { Ok(value.get()) }
}

/// Bytes that are no JSON value, or one that nobody should read.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoValue {
    #[error("the body is not JSON: {0}")]
    Syntax(#[from] serde_json::Error),
    #[error("the body is nested deeper than {DEEPEST} levels")]
    Deep,
}

fn depth(json: &str) -> usize {
    let (mut depth, mut deepest, mut is_text, mut is_escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            _ if is_text => {}
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_of_texts() {
        assert_eq!(depth("1"), 0);
        assert_eq!(depth(r#"{"a":[1,{"b":2}],"c":"[[[["}"#), 3);
        assert_eq!(depth(r#"["\"[[",[]]"#), 2);
    }

    #[test]
    fn a_value_is_taken_as_it_was_written() {
        assert_eq!(
            one_value(b" {\"z\": 1.0, \"a\": 12345678901234567890123} ").ok(),
            Some("{\"z\": 1.0, \"a\": 12345678901234567890123}")
        );
        assert!(matches!(one_value(b"{} {}"), Err(NoValue::Syntax(_))));
        assert!(matches!(one_value(b""), Err(NoValue::Syntax(_))));
        assert!(matches!(one_value(b"\"\xff\""), Err(NoValue::Syntax(_))));
        let deep = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
        assert!(matches!(one_value(deep.as_bytes()), Err(NoValue::Deep)));
    }
}
