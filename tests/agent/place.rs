//! A node and a registry: versions are published to the one, and an agent runs on the other.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use krunner::agent::Client;
use krunner::store::Store;
use serde_json::Value;

use crate::common::layout::{Image, Images, Layer, Packing, Tar};
use crate::common::publish_images;
use crate::common::registry::Double;

/// Longer than anything takes here; only a test that fails waits so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder for a node, and a registry.
pub(crate) struct Place {
    dir: tempfile::TempDir,
    pub(crate) registry: Double,
    mark: &'static str,
}

/// A running agent, killed when it is dropped.
pub(crate) struct Running {
    pub(crate) process: Child,
    pub(crate) api: Client,
    pub(crate) plugin: Client,
    log: PathBuf,
}

impl Place {
    /// With the first version in the registry.
    pub(crate) fn new() -> Self {
        Self::marked("none")
    }

    /// The same with volumes that no other test has: what one test has mounted, a store of another would keep.
    pub(crate) fn marked(mark: &'static str) -> Self {
        // Flushing waits for whatever else this machine writes, and nobody cuts the power here.
        let memory = Path::new("/dev/shm");
        let dir = if memory.is_dir() {
            tempfile::tempdir_in(memory).unwrap()
        } else {
            tempfile::tempdir().unwrap()
        };
        let place = Self {
            dir,
            registry: Double::start(),
            mark,
        };
        place.publish("1");
        place
    }

    /// Lets the tag name a version, for both platforms.
    pub(crate) fn publish(&self, version: &str) {
        let image = |architecture: &'static str| {
            let tar = Tar::default()
                .file("mark", self.mark.as_bytes())
                .file("version", version.as_bytes());
            let many = 0..40;
            let tar = many.fold(tar, |tar, number| {
                let text = format!("{architecture} {version} {number} ");
                tar.file(&format!("file{number}"), text.repeat(100).as_bytes())
            });
            Image {
                architecture,
                layers: vec![Layer("wheels", tar.finish(), Packing::Zstd)],
            }
        };
        let _ = fs::remove_dir_all(self.path("out"));
        let (out, _) = publish_images(
            self.dir.path(),
            &Images(vec![image("amd64"), image("arm64")]),
        );
        self.registry.load(&out);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn store(&self) -> Store {
        Store::init(&self.path("store")).unwrap()
    }

    pub(crate) fn reference(&self) -> String {
        self.registry.reference()
    }

    /// A configuration that follows the reference as `main`, with more lines of its own before the tables.
    pub(crate) fn configure(&self, more: &str, followed: &str) {
        let text = format!(
            r#"store = "store"
{more}
[api]
socket = "api.sock"
[plugin]
socket = "plugin.sock"
{followed}"#
        );
        fs::write(self.path("agent.toml"), text).unwrap();
    }

    /// What follows the reference.
    pub(crate) fn followed(&self, interval: &str) -> String {
        format!(
            "[references.main]\nreference = \"{}\"\nplatforms = [\"linux/amd64\", \"linux/arm64\"]\ninterval = \"{interval}\"\njitter = \"0s\"\n",
            self.reference()
        )
    }

    /// The agent, which nobody waits for.
    pub(crate) fn spawn(&self) -> Child {
        self.spawn_by(&mut Command::new(env!("CARGO_BIN_EXE_krunner")))
    }

    fn spawn_by(&self, command: &mut Command) -> Child {
        command
            .args(["agent", "run", "--config", "agent.toml"])
            .current_dir(self.dir.path())
            .env_clear()
            .stdout(Stdio::null())
            .stderr(fs::File::create(self.path("log")).unwrap())
            .spawn()
            .unwrap()
    }

    /// The agent, when it answers.
    pub(crate) fn run(&self) -> Running {
        self.answering(self.spawn())
    }

    /// The agent with a view of its own of what is mounted, which shares only this folder with everybody: as in a
    /// container. `None` after printing why there cannot be one.
    pub(crate) fn run_apart(&self) -> Option<Running> {
        let may = |arguments: &[&str]| {
            let mut mount = Command::new("mount");
            let mount = mount.args(arguments).arg(self.dir.path()).output();
            mount.is_ok_and(|output| output.status.success())
        };
        let dir = self.dir.path().to_str().unwrap();
        if !may(&["--bind", dir]) || !may(&["--make-shared"]) {
            eprintln!("skipped: only root may mount");
            return None;
        }
        let mut unshare = Command::new("unshare");
        unshare.args(["--mount", "--propagation", "unchanged"]);
        let process = self.spawn_by(unshare.arg(env!("CARGO_BIN_EXE_krunner")));
        Some(self.answering(process))
    }

    fn answering(&self, process: Child) -> Running {
        let mut running = Running {
            process,
            api: Client::new(&self.path("api.sock")),
            plugin: Client::new(&self.path("plugin.sock")),
            log: self.path("log"),
        };
        let began = Instant::now();
        // The plugin's socket is the last one.
        while running.plugin.post("/Plugin.Activate", &()).is_err() {
            let ended = running.process.try_wait().unwrap();
            assert!(ended.is_none(), "{}", self.log());
            assert!(began.elapsed() < PATIENCE, "{}", self.log());
            sleep(Duration::from_millis(10));
        }
        running
    }

    /// What the agent said.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// What is left out of snapshots.
    pub(crate) fn plain(&self, text: &str) -> String {
        let dir = self.dir.path().display().to_string();
        let text = text.replace(&dir, "[DIR]");
        text.replace(&self.registry.address, "[REGISTRY]")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What engines that were never there have not unmounted.
        let mounts = fs::read_dir(self.path("store/agent/mounts"));
        for place in mounts.into_iter().flatten().flatten() {
            let mut unmount = Command::new("umount");
            let _ = unmount.arg("-l").arg(place.path()).output();
        }
        // It is one only if an agent ran apart.
        let _ = Command::new("umount")
            .arg("-l")
            .arg(self.dir.path())
            .output();
    }
}

impl Running {
    /// What a request is answered with; it must succeed.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Value {
        let answer = self.api.get(path).unwrap();
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(answer.is_success(), "{path}: {text}");
        answer.json()
    }

    /// Waits until something is so.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, so: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !so(self) {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            assert!(began.elapsed() < PATIENCE, "never: {what}\n{log}");
            sleep(Duration::from_millis(20));
        }
    }

    /// Whether the reference leads to a version.
    pub(crate) fn leads_to(&self, version: &str) -> bool {
        let status = self.get("/v1/status");
        let volumes = status["references"][0]["volumes"].as_array().unwrap();
        let says = |volume: &Value| {
            let file = Path::new(volume["path"].as_str().unwrap()).join("version");
            fs::read_to_string(file).is_ok_and(|said| said == version)
        };
        volumes.len() == 2 && volumes.iter().all(says)
    }

    /// Calls the plugin as an engine does; what it answers.
    pub(crate) fn engine(&self, method: &str, body: &Value) -> Value {
        let answer = self.plugin.post(&format!("/{method}"), body).unwrap();
        answer.json()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn until(what: &str, so: impl Fn() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < PATIENCE, "never: {what}");
        sleep(Duration::from_millis(20));
    }
}
