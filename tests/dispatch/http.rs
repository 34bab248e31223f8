//! HTTP by hand: what is sent and received stands there byte for byte.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than anything takes that these tests wait for.
const LIMIT: Duration = Duration::from_secs(30);

/// A connection to a server.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    port: u16,
}

/// An answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

impl Client {
    pub(crate) fn new(port: u16) -> io::Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let stream = TcpStream::connect_timeout(&address, LIMIT)?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), port })
    }

    pub(crate) fn send(&mut self, text: &str) -> io::Result<()> {
        self.stream.get_mut().write_all(text.as_bytes())
    }

    /// The next answer. One that is cut short is none.
    pub(crate) fn receive(&mut self) -> io::Result<Answer> {
        let (head, headers) = read_head(&mut self.stream)?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, head.clone()))?;
        let body = read_body(&mut self.stream, &headers)?;
        Ok(Answer { status, headers, body })
    }

    pub(crate) fn request(&mut self, method: &str, path: &str, headers: &str, body: &str) -> io::Result<Answer> {
        let (length, port) = (body.len(), self.port);
        self.send(&format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        ))?;
        self.receive()
    }

    pub(crate) fn submit(&mut self, job: &str) -> io::Result<Answer> {
        self.request("POST", "/submit-job", "Content-Type: application/json\r\n", job)
    }

    pub(crate) fn register(&mut self, callback: &str) -> io::Result<Answer> {
        self.request("POST", "/register-worker", &format!("CPEE-CALLBACK: {callback}\r\n"), "")
    }
}

/// The first line, and the headers with small names.
pub(crate) fn read_head(stream: &mut BufReader<TcpStream>) -> io::Result<(String, Vec<(String, String)>)> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 || !line.ends_with("\r\n") {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        line.truncate(line.len() - 2);
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let headers = lines.iter().skip(1).filter_map(|line| {
        line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    Ok((lines.first().cloned().unwrap_or_default(), headers.collect()))
}

pub(crate) fn read_body(stream: &mut BufReader<TcpStream>, headers: &[(String, String)]) -> io::Result<String> {
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, length)| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(String::from_utf8(body).unwrap())
}

/// One request on a connection of its own.
pub(crate) fn once(port: u16, method: &str, path: &str, headers: &str, body: &str) -> Answer {
    Client::new(port).unwrap().request(method, path, headers, body).unwrap()
}
