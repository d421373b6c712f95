//! Registries that nobody here wrote: Debian's `docker-registry`, the one in `crane`, and Pulp, as far as they can be had.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use krunner::registry::{Credentials, Registry};

use crate::workbench::Workbench;

/// A running registry with nothing in it that a test of ours looks at.
pub(crate) struct Real {
    pub(crate) name: &'static str,
    pub(crate) address: String,
    /// Who may do everything, where it asks.
    login: Option<(String, String)>,
    process: Option<Process>,
    /// For Docker's `config.json`, and the registry's own files.
    folder: tempfile::TempDir,
}

/// It stops when it is dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Real {
    /// All that can be had; for the others it is printed why not.
    pub(crate) fn all(workbench: &Workbench) -> Vec<Self> {
        let all = [
            Self::docker(workbench),
            Self::crane(workbench),
            Self::pulp(workbench),
        ];
        all.into_iter().flatten().collect()
    }

    fn docker(workbench: &Workbench) -> Option<Self> {
        let mut command = workbench.tool("docker-registry")?;
        let registry = Self::at("docker-registry", free_address());
        let files = registry.folder.path();
        let settings = serde_json::json!({
            "version": 0.1,
            "log": { "level": "error" },
            "storage": { "filesystem": { "rootdirectory": files.join("files") }, "delete": { "enabled": true } },
            "http": { "addr": registry.address },
        });
        let config = files.join("config.yml");
        // JSON is YAML.
        std::fs::write(&config, settings.to_string()).unwrap();
        command.arg("serve").arg(&config);
        Some(registry.start(command))
    }

    /// Keeps everything in memory, and takes the specification lightly.
    fn crane(workbench: &Workbench) -> Option<Self> {
        let mut command = workbench.tool("crane")?;
        let registry = Self::at("crane", free_address());
        command.args(["registry", "serve", "--address", &registry.address]);
        Some(registry.start(command))
    }

    /// Asks for tokens, and sends those who want a blob to another port.
    fn pulp(workbench: &Workbench) -> Option<Self> {
        let Some(pulp) = &workbench.pulp else {
            eprintln!(
                "skipped: no Pulp on this machine (`cargo xtask test` starts it, and says why it could not)"
            );
            return None;
        };
        let mut registry = Self::at("Pulp", pulp.address.clone());
        registry.login = Some((pulp.user.clone(), pulp.password.clone()));
        let login = format!("{}:{}", pulp.user, pulp.password);
        let login = base64::engine::general_purpose::STANDARD.encode(login);
        let config = serde_json::json!({ "auths": { &pulp.address: { "auth": login } } });
        std::fs::write(
            registry.folder.path().join("config.json"),
            config.to_string(),
        )
        .unwrap();
        Some(registry)
    }

    fn at(name: &'static str, address: String) -> Self {
        Self {
            name,
            address,
            login: None,
            process: None,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn start(mut self, mut command: Command) -> Self {
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.process = Some(Process(child.unwrap()));
        let began = Instant::now();
        while !self.answers() {
            let waited = began.elapsed() > Duration::from_secs(20);
            assert!(!waited, "{} does not answer", self.name);
            thread::sleep(Duration::from_millis(50));
        }
        self
    }

    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(&self.address) else {
            return false;
        };
        let asked = stream.write_all(b"GET /v2/ HTTP/1.0\r\n\r\n");
        let mut answer = [0; 64];
        let read = asked.and_then(|()| stream.read(&mut answer)).unwrap_or(0);
        String::from_utf8_lossy(&answer[..read]).contains(" 200 ")
    }

    /// Whether it lets only those in whom it knows.
    pub(crate) fn asks_who(&self) -> bool {
        self.login.is_some()
    }

    /// Our client for a repository, at the registry's own address or at a line to it.
    pub(crate) fn client(&self, address: &str, repository: &str) -> Registry {
        let place = format!("{address}/{repository}:15").parse().unwrap();
        let login = self.login.as_ref();
        let credentials = login.map(|(user, password)| Credentials::basic(user, password));
        Registry::new(place, credentials.unwrap_or_else(Credentials::anonymous)).unwrap()
    }

    /// The command, with a store in a folder and what it has to show.
    pub(crate) fn krunner(&self, folder: &Path, step: &str) -> Command {
        let mut command = Self::stranger(folder, step);
        command.env("DOCKER_CONFIG", self.folder.path());
        command
    }

    /// The same with nothing to show.
    pub(crate) fn stranger(folder: &Path, step: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_krunner"));
        command
            .args(step.split(' '))
            .current_dir(folder)
            .env_clear()
            .env("KRUNNER_STORE", folder.join("store"))
            .env("DOCKER_CONFIG", folder.join("nowhere"));
        command
    }
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}
