//! Pages of other origins change nothing here: a browser says where the page that asks comes from.

use hyper::header::{HOST, HeaderName, ORIGIN};
use hyper::{Method, Request};

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether a page of another origin wants to change something.
pub(in crate::dispatch) fn is_foreign<B>(request: &Request<B>) -> bool {
    if request.method() == Method::GET {
        return false;
    }
    let header = |name| request.headers().get(name).map_or(&b""[..], |value| value.as_bytes());
    let (origin, host) = (header(ORIGIN), header(HOST));
    let is_other =
        !origin.is_empty() && origin.strip_prefix(b"http://").or(origin.strip_prefix(b"https://")) != Some(host);
    is_other || header(SITE) == b"cross-site"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(method: Method, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().method(method).header("host", "bar:2567");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).is_ok_and(|request| is_foreign(&request))
    }

    #[test]
    fn only_other_pages_are_refused_and_only_where_they_change_something() {
        assert!(!asks(Method::POST, &[]));
        assert!(!asks(Method::POST, &[("origin", "http://bar:2567"), ("sec-fetch-site", "same-origin")]));
        for foreign in ["http://bar", "https://evil:2567", "http://bar:2567.evil", "null"] {
            assert!(asks(Method::POST, &[("origin", foreign)]), "{foreign}");
        }
        assert!(asks(Method::PUT, &[("sec-fetch-site", "cross-site")]));
        assert!(!asks(Method::GET, &[("origin", "http://evil")]));
    }
}
