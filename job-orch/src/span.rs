//! Spans of time as users write them: a [`Duration`], or a text such as `"5m"`.

use std::time::Duration;

use tokio::time::Instant;

/// What is due later than the clock can count is due then: thirty years from now.
pub(crate) const FAR: Duration = Duration::from_secs(86_400 * 365 * 30);

/// The moment after this time.
pub(crate) fn from_now(span: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(span).unwrap_or(now + FAR)
}

/// A text that is no span of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a span of time: {text:?}; write for example \"90s\", \"5m\" or \"1h 30m\"")]
pub struct InvalidSpan {
    text: String,
}

/// A span of time: a [`Duration`], or a text such as `"90s"`, `"5m"`, `"1h 30m"`.
///
/// ```
/// use std::time::Duration;
/// use job_orch::IntoSpan;
///
/// assert_eq!("1h 30m".into_span(), Ok(Duration::from_secs(5400)));
/// assert!("soon".into_span().is_err());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a span of time",
    label = "how long?",
    note = "write a text such as `\"90s\"` or `\"100ms\"`, or a `Duration`"
)]
pub trait IntoSpan {
    /// The span.
    ///
    /// # Errors
    /// If the text is none.
    fn into_span(self) -> Result<Duration, InvalidSpan>;
}

impl IntoSpan for Duration {
    fn into_span(self) -> Result<Duration, InvalidSpan> {
        Ok(self)
    }
}

impl IntoSpan for &str {
    fn into_span(self) -> Result<Duration, InvalidSpan> {
        humantime::parse_duration(self).map_err(|_| InvalidSpan { text: self.to_owned() })
    }
}
