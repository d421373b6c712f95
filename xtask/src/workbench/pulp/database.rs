//! A database server on a socket of its own, for what cannot do without one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command::{capture, log, program, works};
use crate::console::Step;
use crate::daemon::{Daemon, Life};
use crate::tree::{Tree, folder};

/// Where Debian and its relatives put each version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// Its owner, in the server's own list of users.
const USER: &str = "pulp";
/// Nobody's files are worth waiting for the disk: what is lost is made again.
const FAST: [&str; 3] = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
];

/// A `PostgreSQL` that answers.
#[derive(Debug)]
pub(super) struct Database {
    /// The folder of its socket, which is its address.
    pub(super) host: PathBuf,
    binaries: PathBuf,
    _daemon: Daemon,
}

impl Database {
    /// Starts the machine's own on files below `home`, which are made when they are not there.
    pub(super) fn start(tree: &Tree, step: &Step, home: &Path) -> Result<Self> {
        let binaries = binaries()?;
        let host = folder(tree.sockets()?.join("pulp"))?;
        let data = home.join("data");
        if !data.join("PG_VERSION").exists() {
            step.at("making a database");
            let mut make = unprivileged(&binaries.join("initdb"));
            make.args([
                "--auth=trust",
                "--encoding=UTF8",
                "--no-locale",
                "--no-sync",
            ])
            .arg(format!("--username={USER}"))
            .arg(&data);
            log(&mut make, step)?;
        }
        let mut server = unprivileged(&binaries.join("postgres"));
        server.arg("-D").arg(&data).arg("-k").arg(&host);
        for setting in FAST.iter().chain(&["listen_addresses="]) {
            server.args(["-c", setting]);
        }
        let ready = || works(client(&binaries, "pg_isready", &host).arg("--quiet"));
        let file = tree.workbench("log")?.join("postgres.log");
        let daemon = Daemon::start("PostgreSQL", server, &file, Life::Ours, ready)?;
        Ok(Self {
            host,
            binaries,
            _daemon: daemon,
        })
    }

    /// Whether it has a database of this name.
    pub(super) fn has(&self, name: &str) -> Result<bool> {
        let names = self.tell("SELECT datname FROM pg_database")?;
        Ok(names.lines().any(|line| line == name))
    }

    /// Says something in its language, and returns the answer's plain lines.
    pub(super) fn tell(&self, statement: &str) -> Result<String> {
        let mut psql = client(&self.binaries, "psql", &self.host);
        psql.args(["--no-psqlrc", "--tuples-only", "--no-align", "--quiet"]);
        capture(psql.args(["--dbname=postgres", "--command", statement]))
    }
}

fn client(binaries: &Path, name: &str, host: &Path) -> Command {
    let mut client = program(binaries.join(name), ["--username", USER, "--host"]);
    client.arg(host);
    client
}

/// The newest that the machine has.
fn binaries() -> Result<PathBuf> {
    let versions = fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let versions = versions.map(|entry| entry.path().join("bin"));
    let there = |path: &PathBuf| path.join("postgres").is_file() && path.join("psql").is_file();
    let number =
        |path: &PathBuf| -> Option<u32> { path.parent()?.file_name()?.to_str()?.parse().ok() };
    versions.filter(there).max_by_key(number).context(
        "This machine has no PostgreSQL, which Pulp keeps its books in.\nhint: `apt-get install postgresql`",
    )
}

/// A program that refuses to run as root, run by a root whom it takes for somebody else: in a namespace of users, where
/// files of ours stay its own, wherever they lie.
fn unprivileged(path: &Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(path);
    }
    let mut command = program("unshare", ["--user", "--map-user=65534"]);
    command.arg(path);
    command
}
