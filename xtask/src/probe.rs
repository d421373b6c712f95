//! Probes: who listens on loopback, and what they answer.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result};

/// Bytes of an answer that are looked at: its status, and what comes first of its headers.
const START: usize = 256;

/// `127.0.0.1:PORT` with a port that is free now.
pub(crate) fn free_address() -> Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("No port is free")?;
    Ok(listener.local_addr()?.to_string())
}

/// Whether anybody listens.
pub(crate) fn listens(address: &str) -> bool {
    connect(address).is_some()
}

/// The start of the answer of a web server, if there is one that answers in time.
pub(crate) fn answer(address: &str, path: &str, patience: Duration) -> Option<String> {
    let mut stream = connect(address)?;
    stream.set_read_timeout(Some(patience)).ok()?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n").ok()?;
    let mut answer = [0; START];
    let read = stream.read(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer[..read]).into_owned())
}

fn connect(address: &str) -> Option<TcpStream> {
    let address: SocketAddr = address.parse().ok()?;
    TcpStream::connect_timeout(&address, Duration::from_secs(1)).ok()
}
