//! What the options of `#[job]` and `#[processor]` say, as constants.

use std::time::Duration;

use crate::retry::Retry;

/// How a failed, slow or repeated run of a job is treated: the options of `#[job]`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// The version of the job's meaning. Part of the key of a cached response.
    pub version: u32,
    /// A hash of the annotated function's own tokens, zero if nobody computed one.
    pub fingerprint: u64,
    /// When a failed run is repeated; `None` leaves it to the engine (in memory: never).
    pub retry: Option<Retry>,
    /// How long one attempt may take.
    pub timeout: Option<Duration>,
    /// Whether `run_batch` is the job's own.
    pub batch: bool,
}

impl Settings {
    /// Version 0, the engine's retries, no timeout.
    pub const DEFAULT: Self = Self { version: 0, fingerprint: 0, retry: None, timeout: None, batch: false };

    /// With another version.
    #[must_use]
    pub const fn version(mut self, version: u32) -> Self {
        self.version = version;
        self
    }

    /// With a hash of the function's tokens.
    #[must_use]
    pub const fn fingerprint(mut self, fingerprint: u64) -> Self {
        self.fingerprint = fingerprint;
        self
    }

    /// With retries of its own.
    #[must_use]
    pub const fn retry(mut self, retry: Retry) -> Self {
        self.retry = Some(retry);
        self
    }

    /// With a limit for each attempt.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// As a batch job: workers call [`Run::run_batch`](crate::Run::run_batch).
    #[must_use]
    pub const fn batch(mut self) -> Self {
        self.batch = true;
        self
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What a full channel does with one more message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overflow {
    /// The sender waits. Nothing is lost; the slowest receiver sets the pace.
    #[default]
    Wait,
    /// The oldest message goes, and every receiver that had not seen it is told how many it missed. For responses only:
    /// an accepted request is never dropped.
    DropOldest,
    /// The new message is refused with [`SendError::Full`](crate::channel::SendError::Full).
    Refuse,
    /// The request that matters least makes room: of those that are ready the oldest of the lowest priority, or else the delayed
    /// one that is due first. It becomes a dead letter of the kind [`Shed`](crate::FailureKind::Shed), and its caller is told. A
    /// new request of a lower priority than all that wait is refused. For requests only.
    Shed,
}

/// How a job is served: the options of `#[processor]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Serving {
    /// The queue that it takes requests from: 1 to 64 of `A-Z a-z 0-9 _ -`. Each queue of a job has channels of its own.
    pub queue: &'static str,
    /// Workers that run the job at the same time, each with its own resources. At least 1.
    pub workers: usize,
    /// Requests that may wait. At least 1.
    pub requests: usize,
    /// Bytes that the requests may have together that wait, as they are stored. An engine that moves values has none to count,
    /// and goes by the number of requests alone. At least 1.
    pub request_bytes: Option<u64>,
    /// Responses that may wait for the slowest receiver. At least 1.
    pub responses: usize,
    /// What a full request channel does. [`Overflow::DropOldest`] is refused at start.
    pub full_requests: Overflow,
    /// What a full response channel does.
    pub full_responses: Overflow,
    /// The largest batch of a batch job. At least 1.
    pub batch: usize,
    /// How long a batch that is not full waits for more.
    pub linger: Duration,
}

impl Serving {
    /// The queue `default`, one worker, 1,024 requests, 1,024 responses, senders wait; batches of at most 100, without lingering.
    pub const DEFAULT: Self = Self {
        queue: "default",
        workers: 1,
        requests: 1024,
        request_bytes: None,
        responses: 1024,
        full_requests: Overflow::Wait,
        full_responses: Overflow::Wait,
        batch: 100,
        linger: Duration::ZERO,
    };

    /// From another queue.
    #[must_use]
    pub const fn queue(mut self, queue: &'static str) -> Self {
        self.queue = queue;
        self
    }

    /// With as many workers.
    #[must_use]
    pub const fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// With room for as many requests.
    #[must_use]
    pub const fn requests(mut self, requests: usize) -> Self {
        self.requests = requests;
        self
    }

    /// With room for no more bytes of requests.
    #[must_use]
    pub const fn request_bytes(mut self, bytes: u64) -> Self {
        self.request_bytes = Some(bytes);
        self
    }

    /// With room for as many responses.
    #[must_use]
    pub const fn responses(mut self, responses: usize) -> Self {
        self.responses = responses;
        self
    }

    /// With another answer to a full request channel.
    #[must_use]
    pub const fn full_requests(mut self, overflow: Overflow) -> Self {
        self.full_requests = overflow;
        self
    }

    /// With another answer to a full response channel.
    #[must_use]
    pub const fn full_responses(mut self, overflow: Overflow) -> Self {
        self.full_responses = overflow;
        self
    }

    /// With batches of at most `max`, which wait `linger` to fill.
    #[must_use]
    pub const fn batch(mut self, max: usize, linger: Duration) -> Self {
        self.batch = max;
        self.linger = linger;
        self
    }
}

impl Default for Serving {
    fn default() -> Self {
        Self::DEFAULT
    }
}
