//! One engine: unpacked, started on a socket of its own, stopped when its handle is dropped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::debian::Debian;
use super::kind::Kind;
use super::tools;
use crate::command::{capture, program, works};
use crate::console::Step;
use crate::daemon::{self, Daemon, Life};
use crate::tree::{Tree, folder, link};

/// An engine that answers.
#[derive(Debug)]
pub(crate) struct Engine {
    /// Which one.
    pub(crate) kind: Kind,
    /// The command that talks to it.
    pub(crate) docker: PathBuf,
    /// Whether it has the containerd store: several platforms in one build, and the OCI exporter.
    pub(crate) together: bool,
    /// Its own word for its version.
    pub(crate) version: String,
    daemon: Option<Daemon>,
}

impl Engine {
    /// Takes the engine that runs already, or unpacks and starts it.
    pub(crate) fn open(tree: &Tree, step: &Step, kind: Kind, life: Life) -> Result<Self> {
        if kind == Kind::Host {
            return Self::look(kind, "docker".into(), None);
        }
        let place = Place::new(tree, kind)?;
        let docker = place.wrapper(tree)?;
        if works(&mut program(&docker, ["info"])) {
            return Self::look(kind, docker, None);
        }
        if !rustix::process::geteuid().is_root() {
            bail!(
                "An engine of the workbench runs as root only.\nhint: run this as root, or install Docker with buildx and give `--engine host`"
            );
        }
        let debian = Debian::find(tree)?;
        debian.unpack(step, kind.suite(), kind.packages(), &place.binaries)?;
        let tools = tools::engine(&debian, tree, step)?;
        step.at("starting the daemon");
        let command = place.daemon(kind, &tools)?;
        let log = tree
            .workbench("log")?
            .join(format!("dockerd-{}.log", kind.name()));
        let ready = || works(&mut program(&docker, ["info"]));
        let daemon = Daemon::start(
            &format!("engine {}", kind.name()),
            command,
            &log,
            life,
            ready,
        )?;
        Self::look(kind, docker, Some(daemon))
    }

    /// The command line tool, to be given arguments.
    pub(crate) fn docker<A: AsRef<std::ffi::OsStr>>(
        &self,
        args: impl IntoIterator<Item = A>,
    ) -> Command {
        program(&self.docker, args)
    }

    /// Whether an image is there.
    pub(crate) fn has(&self, image: &str) -> bool {
        works(&mut self.docker(["image", "inspect", image]))
    }

    /// What `DOCKER_HOST` and `DOCKER_CONFIG` are for this engine.
    pub(crate) fn address(&self, tree: &Tree) -> Result<(String, PathBuf)> {
        let place = Place::new(tree, self.kind)?;
        Ok((
            format!("unix://{}", place.socket().display()),
            place.home.join("config"),
        ))
    }

    fn look(kind: Kind, docker: PathBuf, daemon: Option<Daemon>) -> Result<Self> {
        let version = capture(&mut program(
            &docker,
            ["version", "--format", "{{.Server.Version}}"],
        ))?;
        let store = capture(&mut program(
            &docker,
            ["info", "--format", "{{json .DriverStatus}}"],
        ))?;
        let together = store.contains("io.containerd.snapshotter.v1");
        Ok(Self {
            kind,
            docker,
            together,
            version,
            daemon,
        })
    }

    /// Whether this process started it.
    pub(crate) fn started(&self) -> bool {
        self.daemon.is_some()
    }
}

/// Whether the machine's own Docker can build.
pub(crate) fn host_works() -> bool {
    works(&mut program("docker", ["buildx", "version"]))
        && works(&mut program("docker", ["info"]))
        && capture(&mut program(
            "docker",
            ["info", "--format", "{{.ServerVersion}}"],
        ))
        .is_ok_and(|version| !version.is_empty())
}

/// Stops an engine that was left running. Says whether there was one.
pub(crate) fn down(tree: &Tree, kind: Kind) -> Result<bool> {
    let pidfile = Place::new(tree, kind)?.pidfile();
    let Ok(text) = fs::read_to_string(&pidfile) else {
        return Ok(false);
    };
    let Some(pid) = text.trim().parse().ok().filter(|pid| daemon::alive(*pid)) else {
        return Ok(false);
    };
    daemon::stop(pid);
    daemon::wait_gone(pid);
    Ok(true)
}

/// Where an engine's files lie.
struct Place {
    name: &'static str,
    binaries: PathBuf,
    home: PathBuf,
    sockets: PathBuf,
}

impl Place {
    fn new(tree: &Tree, kind: Kind) -> Result<Self> {
        let name = kind.name();
        Ok(Self {
            name,
            binaries: tree.workbench("engine")?.join(format!("docker-{name}")),
            home: tree.workbench(&format!("run/docker-{name}"))?,
            sockets: tree.sockets()?,
        })
    }

    fn socket(&self) -> PathBuf {
        self.sockets.join(format!("{}.sock", self.name))
    }

    fn pidfile(&self) -> PathBuf {
        self.sockets.join(format!("{}.pid", self.name))
    }

    /// A script that is `docker` for this engine, for people and tests alike.
    fn wrapper(&self, tree: &Tree) -> Result<PathBuf> {
        let config = folder(self.home.join("config"))?;
        let plugins = folder(config.join("cli-plugins"))?;
        let plugin = "usr/libexec/docker/cli-plugins/docker-buildx";
        link(self.binaries.join(plugin), &plugins.join("docker-buildx"))?;
        let environment = [
            ("DOCKER_HOST", format!("unix://{}", self.socket().display())),
            ("DOCKER_CONFIG", config.display().to_string()),
            ("DOCKER_BUILDKIT", "1".to_owned()),
            ("BUILDX_NO_DEFAULT_ATTESTATIONS", "1".to_owned()),
        ];
        tools::wrapper(
            tree,
            &format!("docker-{}", self.name),
            &self.binaries.join("usr/bin/docker"),
            &environment,
            &[],
        )
    }

    fn daemon(&self, kind: Kind, tools: &Path) -> Result<Command> {
        let settings = self.home.join("daemon.json");
        fs::write(&settings, format!("{:#}\n", kind.settings()))?;
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut first = vec![
            self.binaries.join("usr/bin"),
            self.binaries.join("usr/sbin"),
            tools.join("usr/sbin"),
        ];
        first.extend(std::env::split_paths(&path));
        let mut command = Command::new(self.binaries.join("usr/sbin/dockerd"));
        command
            .env("PATH", std::env::join_paths(first)?)
            .env("LD_LIBRARY_PATH", tools::libraries(tools))
            .arg("--config-file")
            .arg(settings)
            .arg("--data-root")
            .arg(self.data_root()?)
            .arg("--exec-root")
            .arg(self.sockets.join(format!("{}.exec", self.name)))
            .arg("--host")
            .arg(format!("unix://{}", self.socket().display()))
            .arg("--pidfile")
            .arg(self.pidfile());
        Ok(command)
    }

    /// Below the target folder, unless that lies on a file system that overlays cannot lie on.
    fn data_root(&self) -> Result<PathBuf> {
        let data = folder(self.home.join("data"))?;
        if overlays(&self.home) {
            return Ok(data);
        }
        let sockets = self
            .sockets
            .file_name()
            .context("The sockets' folder has no name")?;
        folder(Path::new("/var/lib").join(sockets).join(self.name))
    }
}

/// Whether an overlay can be mounted below a folder; tried in a mount namespace of its own.
fn overlays(home: &Path) -> bool {
    let trial = home.join("overlay-trial");
    for name in ["lower", "upper", "work", "merged"] {
        if fs::create_dir_all(trial.join(name)).is_err() {
            return false;
        }
    }
    let mount = "mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged";
    let works = works(program("unshare", ["-m", "sh", "-c", mount]).current_dir(&trial));
    let _ = fs::remove_dir_all(&trial);
    works
}
