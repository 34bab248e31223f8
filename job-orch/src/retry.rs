//! When a failed run is repeated.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How the waiting time grows from retry to retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Growth {
    /// Always the base.
    Constant,
    /// The base times the number of the retry.
    Linear,
    /// The base, doubled with each retry.
    Exponential,
    /// The base times the fourth power of the number of the retry: patient, as in Sidekiq and Oban.
    Polynomial,
}

/// How often and how patiently a failed run is repeated.
///
/// ```
/// use std::time::Duration;
/// use job_orch::retry::Retry;
///
/// let retry = Retry::times(3).exponential(Duration::from_millis(100)).at_most(Duration::from_secs(5)).jitter(0.0);
/// assert_eq!(retry.delay(1, 0.5), Duration::from_millis(100));
/// assert_eq!(retry.delay(3, 0.5), Duration::from_millis(400));
/// assert_eq!(retry.delay(30, 0.5), Duration::from_secs(5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Retry {
    /// Retries after the first attempt.
    pub max: u32,
    /// How the waiting time grows.
    pub growth: Growth,
    /// The waiting time before the first retry.
    pub base: Duration,
    /// No waiting time is longer.
    pub cap: Duration,
    /// The share of the waiting time that is random, from 0 to 1: with 0.1 it lies between 90 % and 110 %.
    pub jitter: f64,
}

impl Retry {
    /// At most `max` retries, 100 ms doubling up to a minute, with a jitter of 0.1.
    #[must_use]
    pub const fn times(max: u32) -> Self {
        Self {
            max,
            growth: Growth::Exponential,
            base: Duration::from_millis(100),
            cap: Duration::from_secs(60),
            jitter: 0.1,
        }
    }

    /// Waits `base` each time.
    #[must_use]
    pub const fn constant(self, base: Duration) -> Self {
        self.growing(Growth::Constant, base)
    }

    /// Waits `base`, twice `base`, three times `base`, …
    #[must_use]
    pub const fn linear(self, base: Duration) -> Self {
        self.growing(Growth::Linear, base)
    }

    /// Waits `base`, twice, four times, eight times `base`, …
    #[must_use]
    pub const fn exponential(self, base: Duration) -> Self {
        self.growing(Growth::Exponential, base)
    }

    /// Waits `base` times 1, 16, 81, 256, …
    #[must_use]
    pub const fn polynomial(self, base: Duration) -> Self {
        self.growing(Growth::Polynomial, base)
    }

    /// Never waits longer than `cap`.
    #[must_use]
    pub const fn at_most(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// With a random share from 0 to 1; other values are taken as the nearest of them.
    #[must_use]
    pub const fn jitter(mut self, jitter: f64) -> Self {
        self.jitter = jitter;
        self
    }

    /// The jitter as it is taken.
    pub(crate) const fn random_share(&self) -> f64 {
        if self.jitter.is_finite() { self.jitter.clamp(0.0, 1.0) } else { 0.0 }
    }

    const fn growing(mut self, growth: Growth, base: Duration) -> Self {
        self.growth = growth;
        self.base = base;
        if self.cap.as_nanos() < base.as_nanos() {
            self.cap = base;
        }
        self
    }

    /// The waiting time before retry number `retry`, counted from 1, for a random number `random` from 0 to 1.
    #[must_use]
    pub fn delay(&self, retry: u32, random: f64) -> Duration {
        let n = f64::from(retry.max(1));
        let factor = match self.growth {
            Growth::Constant => 1.0,
            Growth::Linear => n,
            Growth::Exponential => 2f64.powf(n - 1.0),
            Growth::Polynomial => n.powi(4),
        };
        let jitter = self.random_share();
        let cap = self.cap.as_secs_f64();
        let steady = (self.base.as_secs_f64() * factor).min(cap);
        let seconds = (steady * (1.0 - jitter + 2.0 * jitter * random.clamp(0.0, 1.0))).min(cap);
        Duration::try_from_secs_f64(seconds).unwrap_or(self.cap)
    }
}
