//! `Authorization: Bearer <token>`: how a client shows that it knows a secret.

use hyper::header::{AUTHORIZATION, HeaderMap};

/// The token that a request brings. The name of the scheme may be written in any case (RFC 9110, 11.1).
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start_matches(' '))
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn the_scheme_has_any_case_and_the_token_its_own() {
        let read = |value: &'static [u8]| {
            let value = HeaderValue::from_bytes(value).ok()?;
            bearer(&HeaderMap::from_iter([(AUTHORIZATION, value)])).map(str::to_owned)
        };
        for written in [&b"Bearer aB"[..], b"bearer aB", b"BEARER  aB"] {
            assert_eq!(read(written).as_deref(), Some("aB"));
        }
        for other in [&b"Basic aB"[..], b"BeareraB", b"aB", b"", b"Bearer \xff"] {
            assert_eq!(read(other), None);
        }
        assert_eq!(read(b"Bearer ").as_deref(), Some(""));
    }
}
