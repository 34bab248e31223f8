//! [`AccessToken`]: what everybody has to know who orders, works or looks.

use std::fmt;
use std::str::FromStr;

use subtle::ConstantTimeEq as _;

use crate::sync::Arc;

/// Shorter ones can be guessed; longer ones are no headers.
const SHORTEST: usize = 16;
const LONGEST: usize = 1024;

/// A secret that every request has to bring, as `Authorization: Bearer <token>`: see [`Builder::access_token`].
///
/// ```
/// use job_orch::dispatch::AccessToken;
///
/// let token: AccessToken = "correct-horse-battery".parse()?;
/// assert_eq!(format!("{token:?}"), "AccessToken(..)");
/// assert!("short".parse::<AccessToken>().is_err());
/// # Ok::<(), job_orch::dispatch::InvalidToken>(())
/// ```
///
/// [`Builder::access_token`]: super::Builder::access_token
#[derive(Clone)]
pub struct AccessToken(Arc<str>);

/// A text that is no [`AccessToken`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token is {SHORTEST} to {LONGEST} letters, digits and signs of ASCII, without a space")]
pub struct InvalidToken;

impl FromStr for AccessToken {
    type Err = InvalidToken;
    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        let is_token = (SHORTEST..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_token.then(|| Self(text.into())).ok_or(InvalidToken)
    }
}

impl AccessToken {
    /// Compares in the same time wherever they differ.
    pub(super) fn is(&self, other: &str) -> bool {
        self.0.as_bytes().ct_eq(other.as_bytes()).into()
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(..)")
    }
}
