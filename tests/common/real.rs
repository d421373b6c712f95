//! A registry that nobody here wrote: Debian's `docker-registry`, where the machine has it.

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
    /// Starts an empty one, if there is a program for it.
    pub(crate) fn start() -> Option<Self> {
        let files = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let address = format!("127.0.0.1:{port}");
        let settings = serde_json::json!({
            "version": 0.1,
            "log": { "level": "error" },
            "storage": { "filesystem": { "rootdirectory": files.path().join("files") }, "delete": { "enabled": true } },
            "http": { "addr": address },
        });
        let config = files.path().join("config.yml");
        // JSON is YAML.
        std::fs::write(&config, settings.to_string()).unwrap();
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
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
