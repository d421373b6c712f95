//! Inputs on loopback, so that no network is measured.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;

use anyhow::Result;

use crate::command::program;
use crate::daemon::{Daemon, Life};
use crate::tree::Tree;

/// A web server for `target/workbench/inputs`.
#[derive(Debug)]
pub(super) struct Server {
    /// `http://127.0.0.1:PORT`.
    pub(super) url: String,
    _daemon: Daemon,
}

impl Server {
    /// Starts it.
    pub(super) fn start(tree: &Tree) -> Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
            .local_addr()?
            .port();
        let mut command = program(
            "python3",
            ["-m", "http.server", "--bind", "127.0.0.1", "--directory"],
        );
        command.arg(folder(tree)?).arg(port.to_string());
        let log = tree.workbench("log")?.join("server.log");
        let ready = || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
        let daemon = Daemon::start("server", command, &log, Life::Ours, ready)?;
        Ok(Self {
            url: format!("http://127.0.0.1:{port}"),
            _daemon: daemon,
        })
    }
}

/// What is served.
pub(super) fn folder(tree: &Tree) -> Result<PathBuf> {
    tree.workbench("inputs")
}
