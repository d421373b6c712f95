//! The agent beside real engines: Docker's volume plugin, and plain volumes under the names that existing agents know.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use krunner::digest::Digest;

use crate::container::PYTHON;
use crate::deployed::Deployed;
use crate::workbench::{Engine, Workbench, fail, krunner, succeed};

/// Where engines look for plugins' sockets, whatever their own folders are.
const PLUGINS: &str = "/run/docker/plugins";
const HELLO: &str = "print('hello')";

/// An agent with a store of its own; it ends when it is dropped.
struct Agent {
    folder: tempfile::TempDir,
    /// The plugin's name, which is that of its socket.
    driver: String,
    reference: String,
    process: Option<Child>,
}

impl Agent {
    /// An agent that forgets at once what nobody uses. `None` after printing why there cannot be one.
    fn new(workbench: &Workbench) -> Option<Self> {
        if fs::create_dir_all(PLUGINS).is_err() {
            eprintln!("skipped: only root may put a socket into {PLUGINS}");
            return None;
        }
        Some(Self {
            folder: tempfile::tempdir().unwrap(),
            driver: driver(),
            reference: Deployed::new(workbench, "any").reference().to_owned(),
            process: None,
        })
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    fn socket(&self) -> PathBuf {
        Path::new(PLUGINS).join(format!("{}.sock", self.driver))
    }

    /// Starts it, or kills it and starts it again.
    fn start(&mut self, more: &str) {
        self.kill();
        let config = self.folder.path().join("agent.toml");
        let socket = self.socket();
        let text = format!(
            "forget-after = \"0s\"\nkeep-last = 1\n[plugin]\nsocket = \"{}\"\n{more}",
            socket.display()
        );
        fs::write(&config, text).unwrap();
        let mut command = krunner(&self.store(), &["agent", "run", "--config"]);
        let log = fs::File::create(self.folder.path().join("log")).unwrap();
        command.arg(config).stdout(Stdio::null()).stderr(log);
        self.process = Some(command.spawn().unwrap());
        self.until("it answers", || UnixStream::connect(&socket).is_ok());
    }

    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// What `docker run --mount` is given.
    fn mount(&self, more: &str) -> String {
        let Self {
            driver, reference, ..
        } = self;
        format!(
            "type=volume,volume-driver={driver},volume-opt=ref={reference},dst=/opt/backend.ai{more}"
        )
    }

    fn leases(&self) -> usize {
        fs::read_dir(self.store().join("leases")).map_or(0, Iterator::count)
    }

    fn volumes(&self) -> usize {
        fs::read_dir(self.store().join("volumes")).map_or(0, Iterator::count)
    }

    #[track_caller]
    fn until(&self, what: &str, so: impl Fn() -> bool) {
        let began = Instant::now();
        while !so() {
            let log = fs::read_to_string(self.folder.path().join("log"));
            let patient = began.elapsed() < Duration::from_mins(1);
            assert!(patient, "never: {what}\n{}", log.unwrap_or_default());
            sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_file(self.socket());
        // What a test that failed left mounted.
        for place in fs::read_dir(self.store().join("agent/mounts"))
            .into_iter()
            .flatten()
        {
            let mut unmount = std::process::Command::new("umount");
            let _ = unmount.arg("-l").arg(place.unwrap().path()).output();
        }
    }
}

/// The plugin's name: one for each checkout, and the same in every run. Engines never forget a plugin that they have seen,
/// and wait for each that is gone whenever they list volumes.
fn driver() -> String {
    let checkout = Digest::of(env!("CARGO_MANIFEST_DIR").as_bytes());
    format!("krunner-{}", &checkout.hex()[..8])
}

/// The oldest engine and a new one, as far as they could be had.
fn engines(workbench: &Workbench) -> impl Iterator<Item = (&'static str, &Engine)> {
    let versions = ["20.10", "28.5"].into_iter();
    versions.filter_map(|version| Some((version, workbench.engine_of(version)?)))
}

#[test]
fn a_container_gets_its_volume_by_an_option_and_nobody_has_it_when_it_is_gone() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    for (version, engine) in engines(&workbench) {
        let Some(mut agent) = Agent::new(&workbench) else {
            return;
        };
        let Some(image) = workbench.image("plain", "linux/amd64") else {
            return;
        };
        agent.start("");
        let run = ["run", "--network", "none", "--mount"];
        let docker = |words: &[&str]| engine.docker(&[&run[..], words].concat());
        // Nothing is there yet; the volume goes with the container.
        let said = succeed(&mut docker(&[
            &agent.mount(""),
            "--rm",
            image,
            PYTHON,
            "-c",
            HELLO,
        ]));
        assert_eq!(said.trim(), "hello", "{version}");
        assert_eq!(agent.leases(), 0, "{version}");

        // Engines refuse `readonly` without a name, so the plugin sees to it.
        let write = "open('/opt/backend.ai/x', 'w')";
        let said = fail(&mut docker(&[
            &agent.mount(""),
            "--rm",
            image,
            PYTHON,
            "-c",
            write,
        ]));
        assert!(said.contains("Read-only file system"), "{version}: {said}");

        let name = format!("{}-box", agent.driver);
        let named = agent.mount(&format!(",src={name},readonly"));
        let wait = "import time; time.sleep(600)";
        succeed(&mut docker(&[
            &named, "--detach", "--name", &name, image, PYTHON, "-c", wait,
        ]));
        assert_eq!(agent.leases(), 1, "{version}");
        // Copying mounts and unmounts once more.
        let from = format!("{name}:{PYTHON}");
        succeed(engine.docker(&["cp", &from]).arg(agent.folder.path()));
        agent.start("");
        sleep(Duration::from_millis(500));
        assert_eq!((agent.leases(), agent.volumes()), (1, 1), "{version}");
        let said = succeed(&mut engine.docker(&["exec", &name, PYTHON, "-c", HELLO]));
        assert_eq!(said.trim(), "hello", "{version}");

        succeed(&mut engine.docker(&["rm", "--force", &name]));
        assert_eq!(agent.leases(), 0, "{version}");
        succeed(&mut engine.docker(&["volume", "rm", &name]));
        agent.until("the volume is collected", || agent.volumes() == 0);
        succeed(&mut krunner(&agent.store(), &["fsck"]));
    }
}

#[test]
fn existing_agents_find_a_plain_volume_under_its_name() {
    let Some(workbench) = Workbench::open() else {
        return;
    };
    // One is enough: what engines differ in here is nothing but their age.
    for (version, engine) in engines(&workbench).take(1) {
        let Some(mut agent) = Agent::new(&workbench) else {
            return;
        };
        let Some(image) = workbench.image("plain", "linux/amd64") else {
            return;
        };
        let name = "backendai-krunner.v15.x86_64.any";
        let there = || {
            let mut inspect = engine.docker(&["volume", "inspect", name]);
            inspect.output().unwrap().status.success()
        };
        // What a run that was killed left; with an agent, because engines wait for a plugin that is gone.
        agent.start("");
        let _ = engine.docker(&["volume", "rm", name]).output();
        let socket = engine.host.trim_start_matches("unix://");
        let docker = format!("[docker]\nsocket = \"{socket}\"\n");
        let followed = format!(
            "[references.any]\nreference = \"{}\"\nplatforms = [\"linux/amd64\"]\ndocker-volume = true\n",
            agent.reference
        );
        agent.start(&format!("{docker}{followed}"));
        agent.until("the engine has the volume", there);
        let volume = format!("{name}:/opt/backend.ai");
        let run = [
            "run",
            "--rm",
            "--network",
            "none",
            "--volume",
            &volume,
            image,
            PYTHON,
            "-c",
        ];
        let python = |program: &str| engine.docker(&[&run[..], &[program]].concat());
        let said = succeed(&mut python(
            "print('hello', open('/opt/backend.ai/VERSION').read())",
        ));
        assert_eq!(said.trim(), "hello 15", "{version}");
        let said = fail(&mut python("open('/opt/backend.ai/x', 'w')"));
        assert!(said.contains("Read-only file system"), "{version}: {said}");
        assert_eq!(agent.leases(), 1, "{version}");

        // Followed no more: the volume goes, and what it showed is collected.
        agent.start(&docker);
        agent.until("the engine has it no more", || !there());
        agent.until("the store has it no more", || agent.volumes() == 0);
        assert_eq!(agent.leases(), 0, "{version}");
    }
}
