//! [`Connector`]: connects to checked addresses only.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};
use tower_service::Service;

use super::target::Targets;

/// Connects to workers. A name is resolved once, every address it has is checked, and the connection goes to one of those:
/// nobody can answer otherwise a moment later.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    targets: Targets,
}

impl Connector {
    pub(super) const fn new(targets: Targets) -> Self {
        Self { targets }
    }

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
