//! A real registry on loopback, with ranges, chunked uploads, mounts and deletes.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::debian::Debian;
use super::tools;
use crate::console::Step;
use crate::daemon::{self, Daemon, Life};
use crate::probe;
use crate::tree::Tree;

/// A registry that answers.
#[derive(Debug)]
pub(crate) struct Registry {
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
    /// Its files, for tests that damage them.
    pub(crate) files: std::path::PathBuf,
    daemon: Option<Daemon>,
}

impl Registry {
    /// Takes the one that runs already, or starts one.
    pub(crate) fn open(tree: &Tree, step: &Step, life: Life) -> Result<Self> {
        let home = tree.workbench("run/registry")?;
        let noted = home.join("address");
        if let Ok(address) = fs::read_to_string(&noted)
            && answers(&address)
        {
            return Ok(Self {
                address,
                files: tree.workbench("run/registry/files")?,
                daemon: None,
            });
        }
        let registry = Self::start(tree, step, life, Ipv4Addr::LOCALHOST, "registry")?;
        fs::write(&noted, &registry.address)?;
        if let Some(daemon) = &registry.daemon {
            fs::write(home.join("pid"), daemon.pid().to_string())?;
        }
        Ok(registry)
    }

    /// Starts one more, empty, at an address of its own: who remembers what other registries have, knows nothing of it.
    pub(crate) fn another(tree: &Tree, step: &Step, number: u8) -> Result<Self> {
        let ip = Ipv4Addr::new(127, 0, 1, number);
        let name = format!("registry-{number}");
        let _ = fs::remove_dir_all(tree.workbench(&format!("run/{name}"))?);
        Self::start(tree, step, Life::Ours, ip, &name)
    }

    fn start(tree: &Tree, step: &Step, life: Life, ip: Ipv4Addr, name: &str) -> Result<Self> {
        let home = tree.workbench(&format!("run/{name}"))?;
        let files = tree.workbench(&format!("run/{name}/files"))?;
        let debian = Debian::find(tree)?;
        let program = tools::registry(&debian, tree, step)?;
        let address = format!("{ip}:{}", free_port(tree, ip)?);
        let settings = serde_json::json!({
            "version": 0.1,
            "log": { "level": "info" },
            "storage": { "filesystem": { "rootdirectory": files }, "delete": { "enabled": true } },
            "http": { "addr": address },
        });
        // JSON is YAML.
        let config = home.join("config.yml");
        fs::write(&config, format!("{settings:#}\n"))?;
        let mut command = Command::new(program);
        command.arg("serve").arg(&config);
        let log = tree.workbench("log")?.join(format!("{name}.log"));
        let daemon = Daemon::start(name, command, &log, life, || answers(&address))?;
        Ok(Self {
            address,
            files,
            daemon: Some(daemon),
        })
    }

    /// Whether this process started it.
    pub(crate) fn started(&self) -> bool {
        self.daemon.is_some()
    }
}

/// Stops a registry that was left running. Says whether there was one.
pub(crate) fn down(tree: &Tree) -> Result<bool> {
    let home = tree.workbench("run/registry")?;
    let address = fs::read_to_string(home.join("address")).unwrap_or_default();
    let pid = fs::read_to_string(home.join("pid"))
        .ok()
        .and_then(|text| text.parse().ok());
    let Some(pid) = pid.filter(|pid| daemon::alive(*pid) && answers(&address)) else {
        return Ok(false);
    };
    daemon::stop(pid);
    daemon::wait_gone(pid);
    Ok(true)
}

/// A port that is this checkout's whenever it is free: references with it stay the same from run to run.
fn free_port(tree: &Tree, ip: Ipv4Addr) -> Result<u16> {
    let key = u16::from_str_radix(&tree.key()[..4], 16)?;
    let wanted = 20_000 + key % 10_000;
    (wanted..wanted + 50)
        .find(|port| TcpListener::bind((ip, *port)).is_ok())
        .context("No port is free for the registry")
}

/// Whether a registry speaks at an address.
fn answers(address: &str) -> bool {
    probe::answer(address, "/v2/", Duration::from_secs(2))
        .is_some_and(|answer| answer.contains(" 200 ") && answer.contains("registry/2.0"))
}
