//! A program of a volume in a container: the volume mounted read-only, the root read-only too.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::workbench::{Workbench, succeed};

/// The volume's Python.
pub(crate) const PYTHON: &str = "/opt/backend.ai/bin/python";
/// The volume's web terminal.
pub(crate) const TTYD: &str = "/opt/backend.ai/bin/ttyd";
/// Where the emulator of a foreign platform is mounted.
const EMULATOR: &str = "/emulator";

/// A container that is being put together.
pub(crate) struct Container<'a> {
    workbench: &'a Workbench,
    platform: &'a str,
    image: &'a str,
    volume: PathBuf,
    emulator: Option<&'a Path>,
    more: Vec<String>,
}

impl<'a> Container<'a> {
    /// Of an image of the workbench; `None` after printing why it cannot be had.
    pub(crate) fn new(
        workbench: &'a Workbench,
        image: &str,
        platform: &'a str,
        volume: &Path,
    ) -> Option<Self> {
        let image = workbench.image(image, platform)?;
        let foreign = platform != native();
        let emulator = workbench.emulators.get(platform).filter(|_| foreign);
        if foreign && emulator.is_none() {
            eprintln!("skipped: no emulator for {platform}");
            return None;
        }
        Some(Self {
            workbench,
            platform,
            image,
            volume: volume.to_owned(),
            emulator: emulator.map(PathBuf::as_path),
            more: Vec::new(),
        })
    }

    /// With further options of `docker run`.
    pub(crate) fn with<const N: usize>(mut self, options: [&str; N]) -> Self {
        self.more.extend(options.map(str::to_owned));
        self
    }

    /// What a program in it must have as first words, so that the kernel can run it: nothing, or the emulator. It is
    /// named instead of registered, so that the machine stays as it is.
    pub(crate) fn first(&self) -> Option<&'static str> {
        self.emulator.map(|_| EMULATOR)
    }

    /// Runs a program to success and returns what it printed.
    #[track_caller]
    pub(crate) fn run(&self, program: &[&str]) -> String {
        succeed(self.command().args(self.first()).args(program))
    }

    fn command(&self) -> Command {
        let mut command = self.workbench.engine().docker(&["run", "--rm"]);
        command.args(["--network", "none", "--read-only"]);
        command.args(["--platform", self.platform]);
        let mut mount = |from: &Path, to: &str| {
            let volume = format!("{}:{to}:ro", from.display());
            command.args(["--volume", &volume]);
        };
        mount(&self.volume, "/opt/backend.ai");
        if let Some(emulator) = self.emulator {
            mount(emulator, EMULATOR);
        }
        command.args(&self.more).arg(self.image);
        command
    }
}

/// The platform of this machine.
fn native() -> &'static str {
    match std::env::consts::ARCH {
        "aarch64" => "linux/arm64",
        _ => "linux/amd64",
    }
}
