//! Registries that nobody here wrote: Debian's `docker-registry` and the one in `crane`, where the workbench or the machine
//! has them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A running registry; it stops when it is dropped.
pub(crate) struct Real {
    pub(crate) address: String,
    child: Child,
    _files: tempfile::TempDir,
}

impl Real {
    /// Starts every one that there is a program for, empty.
    pub(crate) fn all() -> Vec<Self> {
        [Self::start(), Self::start_crane()]
            .into_iter()
            .flatten()
            .collect()
    }

    /// Starts an empty docker-registry, if there is a program for it.
    pub(crate) fn start() -> Option<Self> {
        let files = tempfile::tempdir().unwrap();
        let address = free_address();
        let settings = serde_json::json!({
            "version": 0.1,
            "log": { "level": "error" },
            "storage": { "filesystem": { "rootdirectory": files.path().join("files") }, "delete": { "enabled": true } },
            "http": { "addr": address },
        });
        let config = files.path().join("config.yml");
        // JSON is YAML.
        std::fs::write(&config, settings.to_string()).unwrap();
        let mut command = program("docker-registry");
        command.arg("serve").arg(&config);
        Self::run(command, address, files)
    }

    /// Starts the registry in crane, which keeps everything in memory and takes the specification lightly.
    fn start_crane() -> Option<Self> {
        let address = free_address();
        let mut command = program("crane");
        command.args(["registry", "serve", "--address", &address]);
        Self::run(command, address, tempfile::tempdir().unwrap())
    }

    fn run(mut command: Command, address: String, files: tempfile::TempDir) -> Option<Self> {
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        // Whoever has none passes the tests with it over.
        let child = child.ok()?;
        let registry = Self {
            address,
            child,
            _files: files,
        };
        let began = Instant::now();
        while !registry.answers() {
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "the registry does not answer"
            );
            thread::sleep(Duration::from_millis(50));
        }
        Some(registry)
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
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// A program of the workbench, else of the machine.
fn program(name: &str) -> Command {
    let workbench = std::env::var_os("KRUNNER_WORKBENCH").and_then(|file| std::fs::read(file).ok());
    let workbench = workbench.and_then(|text| serde_json::from_slice(&text).ok());
    let workbench: serde_json::Value = workbench.unwrap_or_default();
    Command::new(workbench["tools"][name].as_str().unwrap_or(name))
}
