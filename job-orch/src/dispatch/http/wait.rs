//! `?wait=…`: how long somebody waits.

use std::time::Duration;

use hyper::{StatusCode, Uri};
use tokio::time::Instant;

use super::answer::Refusal;

/// Nobody waits for longer at once: what stands between may cut off a silent connection.
pub(super) const LONGEST: Duration = Duration::from_secs(60);

/// The end of the wait that a request asks for; without one, now.
pub(super) fn until(uri: &Uri) -> Result<Instant, Refusal> {
    let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let Some((_, value)) = pairs.into_iter().find(|(name, _)| name == "wait") else { return Ok(Instant::now()) };
    let seconds: u64 = value.parse().map_err(|_| Refusal(StatusCode::BAD_REQUEST, "NotSeconds"))?;
    Ok(Instant::now() + Duration::from_secs(seconds).min(LONGEST))
}
