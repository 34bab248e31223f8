//! [`Connector`]: connects to checked addresses only.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::rt::TokioIo;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::{TcpStream, lookup_host};
use tower_service::Service;

use super::target::Targets;
use crate::sync::Arc;

/// Connects to workers. A name is resolved once, every address it has is checked, and the connection goes to one of those:
/// nobody can answer otherwise a moment later.
#[derive(Clone, Debug)]
pub(super) struct Connector<R = System> {
    targets: Targets,
    resolver: R,
}

/// Tells the addresses of a name.
pub(super) trait Resolve: Clone + Send + 'static {
    fn resolve(&self, host: &str, port: u16) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send;
}

/// As this system does.
#[derive(Clone, Copy, Debug)]
pub(super) struct System;

impl Resolve for System {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(lookup_host((host, port)).await?.collect())
    }
}

/// Connects as a URL says: with encryption and a certificate that fits its name where it is `https`.
pub(super) fn encrypting(targets: Targets) -> io::Result<HttpsConnector<Connector>> {
    // Named here: which one is the default depends on what else is in the program.
    let provider = Arc::new(ring::default_provider());
    let https = HttpsConnectorBuilder::new().with_provider_and_native_roots(Arc::clone(&provider));
    let https = https.or_else(|error| {
        tracing::warn!(target: "job_orch", %error, "this system trusts no certificates: https callbacks will fail");
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(io::Error::other)?.with_root_certificates(RootCertStore::empty());
        Ok::<_, io::Error>(HttpsConnectorBuilder::new().with_tls_config(config.with_no_client_auth()))
    })?;
    Ok(https.https_or_http().enable_http1().wrap_connector(Connector { targets, resolver: System }))
}

impl<R: Resolve> Connector<R> {
    async fn connect(self, uri: Uri) -> io::Result<TokioIo<TcpStream>> {
        let is_encrypted = uri.scheme_str() == Some("https");
        let host = uri.host().ok_or_else(|| invalid("a URL without a host"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = uri.port_u16().unwrap_or(if is_encrypted { 443 } else { 80 });
        let addresses = self.resolver.resolve(host, port).await?;
        for address in &addresses {
            self.targets
                .check_address(address.ip(), port, is_encrypted)
                .map_err(|error| io::Error::new(io::ErrorKind::PermissionDenied, error))?;
        }
        let stream = TcpStream::connect(&*addresses).await?;
        stream.set_nodelay(true)?;
        Ok(TokioIo::new(stream))
    }
}

fn invalid(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}

impl<R: Resolve> Service<Uri> for Connector<R> {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use tokio::net::TcpListener;

    use super::*;
    use crate::dispatch::options::Callbacks;
    use crate::sync::{Mutex, lock};

    /// Whoever asks it gets another answer each time.
    #[derive(Clone, Debug)]
    struct Fickle(Arc<Mutex<Vec<Vec<SocketAddr>>>>);

    impl Fickle {
        fn answering(answers: impl IntoIterator<Item = Vec<SocketAddr>>) -> Self {
            let mut answers: Vec<_> = answers.into_iter().collect();
            answers.reverse();
            Self(Arc::new(Mutex::new(answers)))
        }

        fn left(&self) -> usize {
            lock(&self.0).len()
        }
    }

    impl Resolve for Fickle {
        async fn resolve(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
            lock(&self.0).pop().ok_or_else(|| invalid("it was asked too often"))
        }
    }

    async fn listen() -> (TcpListener, SocketAddr) {
        let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await else { unreachable!("a port") };
        let Ok(address) = listener.local_addr() else { unreachable!("it has one") };
        (listener, address)
    }

    async fn is_reached(listener: &TcpListener) -> bool {
        tokio::time::timeout(std::time::Duration::from_millis(50), listener.accept()).await.is_ok()
    }

    fn connector(local: bool, resolver: &Fickle) -> Connector<Fickle> {
        Connector { targets: Targets::new(Callbacks { local }), resolver: resolver.clone() }
    }

    fn outside() -> SocketAddr {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8)), 443)
    }

    /// (S1) The server of a name answers with an address outside for the check and with one inside for the call.
    #[tokio::test]
    async fn a_name_that_changes_its_address_reaches_nobody_inside() {
        let (canary, inside) = listen().await;
        let answers = [vec![inside], vec![outside(), inside], vec![inside, outside()]];
        let resolver = Fickle::answering(answers);
        while resolver.left() > 0 {
            let refused = connector(false, &resolver).connect(Uri::from_static("https://rebind.example/")).await;
            assert!(matches!(&refused, Err(error) if error.kind() == io::ErrorKind::PermissionDenied), "{refused:?}");
        }
        assert!(!is_reached(&canary).await);
    }

    #[tokio::test]
    async fn the_address_that_was_checked_is_the_one_that_is_called() {
        let ((checked, first), (canary, second)) = (listen().await, listen().await);
        let resolver = Fickle::answering([vec![first], vec![second]]);
        let connected = connector(true, &resolver).connect(Uri::from_static("http://rebind.example/")).await;
        assert!(connected.is_ok() && is_reached(&checked).await);
        assert_eq!(resolver.left(), 1, "nobody asks again");
        assert!(!is_reached(&canary).await);
    }
}
