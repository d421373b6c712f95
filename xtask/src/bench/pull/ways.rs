//! The ways by which the files of an artifact come to a folder.

use std::cell::{Cell, RefCell};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::Result;

use super::content::Content;
use super::disk::Disk;
use crate::bench::process::{self, Run};
use crate::command::{program, works};
use crate::console::{Step, talk};
use crate::tree::{Tree, folder};
use crate::workbench::{Debian, Engine, client, skopeo};

/// How ours is called.
pub(super) const OURS: &str = "krunner pull";
/// And what nobody can do better.
pub(super) const FLOOR: &str = "tar x of the uncompressed tree (the floor)";

/// Whose files are where its daemon has them.
const DOCKER: &str = "docker pull";

/// What the ways need.
pub(super) struct Place {
    home: PathBuf,
    krunner: PathBuf,
    engine: Engine,
    /// An image with a shell, tar and xz.
    plain: String,
    skopeo: PathBuf,
    /// Clients that could be had.
    clients: Vec<(&'static str, PathBuf)>,
    used: Cell<usize>,
    disks: RefCell<Vec<Disk>>,
}

impl Place {
    /// Gets the tools. sid changes: what it lacks today is said and left out.
    pub(super) fn new(
        tree: &Tree,
        step: &Step,
        debian: &Debian,
        krunner: PathBuf,
        engine: Engine,
        plain: String,
    ) -> Result<Self> {
        let mut clients = Vec::new();
        for (name, suite) in [("oras", "trixie"), ("crane", "sid"), ("umoci", "sid")] {
            match client(debian, tree, step, suite, name) {
                Ok(client) => clients.push((name, client)),
                Err(error) => talk(&format!("  no {name} from {suite}, left out: {error:#}")),
            }
        }
        let home = tree.target.join("bench/pull");
        let _ = fs::remove_dir_all(&home);
        Ok(Self {
            home: folder(home)?,
            krunner,
            engine,
            plain,
            skopeo: skopeo(debian, tree, step)?,
            clients,
            used: Cell::new(0),
            disks: RefCell::default(),
        })
    }

    /// A folder that was never there: as root on a disk of its own, where nobody else writes or deletes.
    pub(super) fn fresh(&self) -> Result<PathBuf> {
        self.used.set(self.used.get() + 1);
        let place = self.home.join(self.used.get().to_string());
        let disk = Disk::new(&self.home, &folder(place.clone())?)?;
        self.disks.borrow_mut().extend(disk);
        Ok(place)
    }

    /// Flushes a disk, if it is one of its own that was written to, and says how long that took.
    fn flush(&self, disk: &Path, written: bool) -> Result<Option<f64>> {
        if !written || self.disks.borrow().is_empty() {
            return Ok(None);
        }
        let started = Instant::now();
        rustix::fs::syncfs(File::open(disk)?)?;
        Ok(Some(started.elapsed().as_secs_f64() * 1e3))
    }

    /// Gives back what was used up to here.
    pub(super) fn done(&self) {
        self.disks.borrow_mut().clear();
    }

    /// `krunner pull` into a store, as a folder of files.
    pub(super) fn pull(&self, content: &Content, store: &Path) -> Command {
        self.pull_as(content, store, "dir")
    }

    /// The same in a form of choice.
    pub(super) fn pull_as(&self, content: &Content, store: &Path, mode: &str) -> Command {
        let mut command = program(&self.krunner, ["--quiet", "pull", &content.reference]);
        command.args(["--mode", mode]);
        command
            .args(["--platform", &content.platform, "--store"])
            .arg(store);
        command
    }

    /// Deletes all that was made.
    pub(super) fn clear(&self) -> Result<()> {
        Ok(fs::remove_dir_all(&self.home)?)
    }

    fn client(&self, name: &str) -> Option<String> {
        let found = self.clients.iter().find(|(there, _)| *there == name)?;
        Some(found.1.display().to_string())
    }
}

/// Takes away what a store has mounted.
pub(super) fn unmount(store: &Path) {
    let volumes = fs::read_dir(store.join("volumes"));
    for volume in volumes.into_iter().flatten().flatten() {
        works(program("umount", ["--lazy"]).arg(volume.path().join("fs")));
    }
}

/// How a way goes into a folder.
type Go = dyn Fn(&Place, &Content, &Path) -> Command;

/// One of the ways.
pub(super) struct Way {
    pub(super) name: &'static str,
    command: Box<Go>,
    after: fn(&Place, &Content),
}

impl Way {
    fn new(
        name: &'static str,
        command: impl Fn(&Place, &Content, &Path) -> Command + 'static,
    ) -> Self {
        Self {
            name,
            command: Box::new(command),
            after: |_, _| {},
        }
    }

    /// A way that is a line of a shell, in a fresh folder.
    fn shell(name: &'static str, line: impl Fn(&Content) -> String + 'static) -> Self {
        Self::new(name, move |_, content, into| {
            // A pipe fails with any of its programs.
            let mut command = program("bash", ["-euo", "pipefail", "-c", &line(content)]);
            command.current_dir(into);
            command
        })
    }

    /// Goes it once. Says too how many milliseconds a flush takes then, if it ends on a disk of its own.
    pub(super) fn run(&self, place: &Place, content: &Content) -> Result<(Run, Option<f64>)> {
        let into = place.fresh()?;
        let run = process::run(&mut (self.command)(place, content, &into));
        let flush = place.flush(&into, self.name != DOCKER);
        (self.after)(place, content);
        place.done();
        Ok((run?, flush?))
    }
}

/// All that this machine can go.
pub(super) fn all(place: &Place) -> Vec<Way> {
    let mut ways = vec![
        Way::new(OURS, Place::pull),
        Way::shell(FLOOR, |content| format!("tar xf {}", content.tar.display())),
        Way {
            after: |place, content| {
                works(
                    &mut place
                        .engine
                        .docker(["image", "rm", "--force", &content.reference]),
                );
            },
            ..Way::new(DOCKER, |place, content, _| {
                place.engine.docker(["pull", "--quiet", &content.reference])
            })
        },
        Way::new(
            "tar.xz through an extractor container",
            |place, content, into| {
                let mut command = place.engine.docker(["run", "--rm", "--network", "none"]);
                for (from, to) in [
                    (content.xz.as_path(), "/archive.tar.xz:ro"),
                    (into, "/volume"),
                ] {
                    command.args(["--volume", &format!("{}:{to}", from.display())]);
                }
                command.args([
                    &place.plain,
                    "tar",
                    "-xJf",
                    "/archive.tar.xz",
                    "-C",
                    "/volume",
                ]);
                command
            },
        ),
    ];
    if let Some(oras) = place.client("oras") {
        ways.push(Way::shell("oras pull + tar x", move |content| {
            format!(
                "{oras} pull --plain-http --platform {} --output blobs {}; mkdir fs; for layer in blobs/*; do tar xf $layer -C fs; done",
                content.platform, content.reference
            )
        }));
    }
    if let Some(crane) = place.client("crane") {
        ways.push(Way::shell("crane export | tar x", move |content| {
            format!(
                "{crane} export --insecure --platform {} {} - | tar x",
                content.platform, content.reference
            )
        }));
    }
    if let Some(umoci) = place.client("umoci") {
        let skopeo = place.skopeo.display().to_string();
        ways.push(Way::shell("skopeo copy + umoci raw unpack", move |content| {
            format!(
                "{skopeo} copy --quiet --src-tls-verify=false docker://{} oci:image:now; {umoci} raw unpack --image image:now fs",
                content.reference
            )
        }));
    }
    ways
}
