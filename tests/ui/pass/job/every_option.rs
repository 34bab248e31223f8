//! Every option of a run, and what becomes of it.

use std::time::Duration;

use job_orch::retry::Growth;
use job_orch::{Run, job};

#[job(
    name = "files/count.v2",
    version = 2,
    retry(max = 3, backoff = linear("100ms..5s"), jitter = 0.2),
    timeout = "1m 30s",
    cache(ttl = "1h", capacity = 10, stale = "5m", errors = "10s", version = 3, store = memory),
)]
async fn count(path: &String) -> Result<usize, std::fmt::Error> {
    Ok(path.len())
}

#[job(retry(max = 1, backoff = "1s", jitter = 0), cache)]
async fn constant(path: &String) -> usize {
    path.len()
}

#[job(retry(max = 1000, backoff = "1s..1d", jitter = 1), cache(key = str::len))]
async fn exponential(path: &String) -> usize {
    path.len()
}

#[job(retry(max = 25, backoff = polynomial("2s")))]
async fn polynomial(path: &String) -> usize {
    path.len()
}

fn main() {
    assert_eq!(Count::NAME, "files/count.v2");
    assert_eq!(Count::SETTINGS.version, 2);
    assert_ne!(Count::SETTINGS.fingerprint, Constant::SETTINGS.fingerprint);
    assert_eq!(Count::SETTINGS.timeout, Some(Duration::from_secs(90)));
    let retry = Count::SETTINGS.retry.expect("it was asked for");
    assert_eq!((retry.max, retry.growth), (3, Growth::Linear));
    assert_eq!((retry.base, retry.cap), (Duration::from_millis(100), Duration::from_secs(5)));
    assert_eq!(retry.jitter, 0.2);
    let growth = |retry: Option<job_orch::retry::Retry>| retry.map(|retry| retry.growth);
    assert_eq!(growth(Constant::SETTINGS.retry), Some(Growth::Constant));
    assert_eq!(growth(Exponential::SETTINGS.retry), Some(Growth::Exponential));
    assert_eq!(growth(Polynomial::SETTINGS.retry), Some(Growth::Polynomial));
    assert!(Count::keep().is_some() && Polynomial::keep().is_none());
}
