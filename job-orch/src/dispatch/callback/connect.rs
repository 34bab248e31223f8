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
pub(super) struct Connector {
    targets: Targets,
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
    Ok(https.https_or_http().enable_http1().wrap_connector(Connector { targets }))
}

impl Connector {
    async fn connect(self, uri: Uri) -> io::Result<TokioIo<TcpStream>> {
        let is_encrypted = uri.scheme_str() == Some("https");
        let host = uri.host().ok_or_else(|| invalid("a URL without a host"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = uri.port_u16().unwrap_or(if is_encrypted { 443 } else { 80 });
        let addresses: Vec<SocketAddr> = lookup_host((host, port)).await?.collect();
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

impl Service<Uri> for Connector {
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
