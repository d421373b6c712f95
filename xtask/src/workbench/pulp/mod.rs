//! Pulp, a registry that others run in production: from the Python index, with the database that it needs.
//!
//! Beside `docker-registry` and the one in crane it is the third that the registry tests run on. It asks for tokens, and
//! sends those who want a blob to another port.

mod database;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use sha2::{Digest, Sha256};

use self::database::Database;
use super::python::pip;
use crate::command::{log, program};
use crate::console::Step;
use crate::daemon::{Daemon, Life};
use crate::probe;
use crate::tree::{Tree, folder};

/// Everything that it consists of, with the sums of what CPython 3.11 and 3.13 take on our two architectures.
const REQUIREMENTS: &str = include_str!("requirements.txt");
const SETTINGS: &str = include_str!("settings.py");
const PREPARE: &str = include_str!("prepare.py");
/// The first one comes after many imports.
const FIRST_ANSWER: Duration = Duration::from_secs(10);
/// The database with all tables and nothing else in it: every start begins with a copy of it.
const PREPARED: &str = "prepared";
/// The one that is being prepared.
const PREPARING: &str = "preparing";
/// The one that is used.
const USED: &str = "used";

/// A Pulp that answers, with nothing in it.
#[derive(Debug)]
pub(crate) struct Pulp {
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
    // Ended in this order.
    _api: Daemon,
    _content: Daemon,
    _database: Database,
}

impl Pulp {
    /// Who may do everything.
    pub(crate) const USER: &str = "admin";
    /// And what they say.
    pub(crate) const PASSWORD: &str = "s3cret";

    /// Installs it when it is not there, and starts it, for as long as we live.
    pub(crate) fn start(tree: &Tree, step: &Step) -> Result<Self> {
        let version = hex::encode(&Sha256::digest(REQUIREMENTS)[..4]);
        let packages = install(tree, step, &version)?;
        let home = tree.workbench(&format!("run/pulp-{version}"))?;
        fs::write(home.join("settings.py"), SETTINGS)?;
        fs::write(home.join("prepare.py"), PREPARE)?;
        let _ = fs::remove_dir_all(home.join("media"));
        for name in ["media", "static", "work"] {
            folder(home.join(name))?;
        }
        let database = Database::start(tree, step, &home)?;
        let place = Place {
            home,
            packages,
            database: database.host.clone(),
            address: probe::free_address()?,
            content: probe::free_address()?,
        };
        place.prepare(step, &database)?;
        step.at("starting Pulp");
        let content = place.content(tree)?;
        let api = place.api(tree)?;
        Ok(Self {
            address: place.address,
            _api: api,
            _content: content,
            _database: database,
        })
    }
}

/// Where it lies and listens.
struct Place {
    home: PathBuf,
    packages: PathBuf,
    database: PathBuf,
    address: String,
    content: String,
}

impl Place {
    fn prepare(&self, step: &Step, database: &Database) -> Result<()> {
        if !database.has(PREPARED)? {
            step.at("preparing Pulp's tables");
            database.tell(&format!("DROP DATABASE IF EXISTS {PREPARING}"))?;
            database.tell(&format!("CREATE DATABASE {PREPARING}"))?;
            let mut prepare = self.run(&self.home.join("prepare.py"), PREPARING);
            log(prepare.arg(Pulp::PASSWORD), step)?;
            database.tell(&format!("ALTER DATABASE {PREPARING} RENAME TO {PREPARED}"))?;
        }
        database.tell(&format!("DROP DATABASE IF EXISTS {USED}"))?;
        database.tell(&format!("CREATE DATABASE {USED} TEMPLATE {PREPARED}"))?;
        Ok(())
    }

    /// What takes uploads and speaks of documents.
    fn api(&self, tree: &Tree) -> Result<Daemon> {
        self.serve(tree, "api", 2, &self.address, "/v2/", " 401 ")
    }

    /// What sends blobs.
    fn content(&self, tree: &Tree) -> Result<Daemon> {
        self.serve(tree, "content", 1, &self.content, "/pulp/content/", " 200 ")
    }

    fn serve(
        &self,
        tree: &Tree,
        name: &str,
        workers: u8,
        address: &str,
        path: &str,
        status: &str,
    ) -> Result<Daemon> {
        let script = self.packages.join("bin").join(format!("pulpcore-{name}"));
        let mut command = self.run(&script, USED);
        command.args(["--bind", address, "--workers", &workers.to_string()]);
        let log = tree.workbench("log")?.join(format!("pulp-{name}.log"));
        let ready = || {
            let answer = probe::answer(address, path, FIRST_ANSWER).unwrap_or_default();
            answer
                .lines()
                .next()
                .is_some_and(|line| line.contains(status))
        };
        Daemon::start(&format!("Pulp's {name}"), command, &log, Life::Ours, ready)
    }

    /// A script of it, told where everything is.
    fn run(&self, script: &Path, database: &str) -> Command {
        let mut command = program("python3", [script]);
        command
            .env("PYTHONPATH", &self.packages)
            .env("PULP_SETTINGS", self.home.join("settings.py"))
            .env("DJANGO_SETTINGS_MODULE", "pulpcore.app.settings")
            .env("WORKBENCH_HOME", &self.home)
            .env("WORKBENCH_DATABASE_HOST", &self.database)
            .env("WORKBENCH_DATABASE", database)
            .env("WORKBENCH_ADDRESS", &self.address)
            .env("WORKBENCH_CONTENT", &self.content);
        command
    }
}

/// The folder with its packages.
fn install(tree: &Tree, step: &Step, version: &str) -> Result<PathBuf> {
    let folder = tree.workbench("python")?.join(format!("pulp-{version}"));
    let stamp = folder.join(".complete");
    if !stamp.exists() {
        step.at("installing Pulp below target/");
        let _ = fs::remove_dir_all(&folder);
        let list = tree.workbench("python")?.join("pulp-requirements.txt");
        fs::write(&list, REQUIREMENTS)?;
        let mut pip = pip()?;
        // What it imports is compiled when it first does; all of it would take as long again.
        pip.args([
            "install",
            "--no-deps",
            "--require-hashes",
            "--no-compile",
            "--target",
        ])
        .arg(&folder)
        .arg("--requirement")
        .arg(&list);
        log(&mut pip, step)?;
        fs::write(stamp, "")?;
    }
    Ok(folder)
}
