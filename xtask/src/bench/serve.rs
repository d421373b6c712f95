//! Inputs on loopback, so that no network is measured.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::command::program;
use crate::daemon::{Daemon, Life};
use crate::probe;
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
        let address = probe::free_address()?;
        let (ip, port) = address.split_once(':').context("No port")?;
        let mut command = program(
            "python3",
            ["-m", "http.server", "--bind", ip, "--directory"],
        );
        command.arg(folder(tree)?).arg(port);
        let log = tree.workbench("log")?.join("server.log");
        let ready = || probe::listens(&address);
        let daemon = Daemon::start("server", command, &log, Life::Ours, ready)?;
        Ok(Self {
            url: format!("http://{address}"),
            _daemon: daemon,
        })
    }
}

/// What is served.
pub(super) fn folder(tree: &Tree) -> Result<PathBuf> {
    tree.workbench("inputs")
}
