//! What is pulled: the volume that is replaced, packed in layers as builds make them, and the same with one other wheel.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command::{capture, log, program};
use crate::console::{Step, talk};
use crate::frontend::megabytes;
use crate::tree::{Tree, folder};
use crate::workbench::{self, Debian};

/// Where the wheels are in the volume.
const SITE: &str = "lib/python3.13/site-packages";
/// The wheel that changes, in the layer of all wheels.
const WHEEL: &str = "traitlets";

/// Two versions in a registry, and the files of the first as archives.
#[derive(Debug)]
pub(super) struct Content {
    krunner: PathBuf,
    /// The tag that is pulled.
    pub(super) reference: String,
    /// The index of each version.
    digests: Vec<String>,
    /// The platform, as registries call it.
    pub(super) platform: String,
    /// Regular files.
    pub(super) files: usize,
    /// Bytes in them.
    pub(super) bytes: u64,
    /// Bytes of all layers.
    pub(super) packed: u64,
    /// Bytes of the layer that changes.
    pub(super) changed: u64,
    /// Whether it has an EROFS image.
    pub(super) twin: bool,
    /// All files, as an uncompressed archive.
    pub(super) tar: PathBuf,
    /// All files, as the replaced system ships them.
    pub(super) xz: PathBuf,
}

impl Content {
    /// Makes and publishes it.
    pub(super) fn make(tree: &Tree, step: &Step, krunner: &Path, registry: &str) -> Result<Self> {
        let architecture = Debian::find(tree)?.architecture().to_owned();
        let published = workbench::published(tree, step, &architecture)?;
        let xz = workbench::published_archive(tree, step, &architecture)?;
        let home = tree.target.join("bench/pull-content");
        let _ = fs::remove_dir_all(&home);
        folder(home.clone())?;
        step.at("copying the published volume");
        let layers = layers(&published, &home)?;
        let tar = home.join("all.tar");
        let mut archive = program("tar", ["--create", "--file"]);
        archive
            .arg(&tar)
            .arg("--directory")
            .arg(&published)
            .arg(".");
        capture(&mut archive)?;
        let platform = format!("linux/{architecture}");
        let reference = format!("{registry}/bench/pull:now");
        let mkfs = workbench::mkfs_erofs(&Debian::find(tree)?, tree, step);
        if let Err(error) = &mkfs {
            talk(&format!(
                "  no mkfs.erofs from trixie, so no image: {error:#}"
            ));
        }
        let twin = mkfs.is_ok();
        let mut digests = Vec::new();
        let mut packed = Vec::new();
        for version in 0..2 {
            step.at("publishing");
            if version == 1 {
                change(&layers[1].join(SITE).join(WHEEL))?;
            }
            let mut pack = program(krunner, ["pack", "--output", "json", "--replace"]);
            if let Ok(mkfs) = &mkfs {
                pack.arg("--erofs").env("PATH", with(mkfs)?);
            }
            pack.args(["--platform", &platform])
                .arg("--store")
                .arg(home.join("publisher"));
            pack.args(&layers).arg(&reference);
            let said: serde_json::Value = serde_json::from_str(&capture(&mut pack)?)?;
            let index = said["index"]["digest"].as_str().context("No index")?;
            digests.push(index.to_owned());
            let sizes = said["platforms"][0]["layers"]
                .as_array()
                .context("No layers")?;
            let sizes = sizes.iter().filter_map(|layer| layer["size"].as_u64());
            packed.push(sizes.collect::<Vec<u64>>());
        }
        let (files, bytes) = count(&published)?;
        let changed = *packed[1].get(1).context("Too few layers")?;
        step.note(format!("{files} files, {:.1} MB", megabytes(bytes)));
        let content = Self {
            krunner: krunner.to_owned(),
            reference,
            digests,
            platform,
            files,
            bytes,
            packed: packed[0].iter().sum(),
            changed,
            twin,
            tar,
            xz,
        };
        content.point_at(0)?;
        log(&mut program("sync", [] as [&str; 0]), step)?;
        Ok(content)
    }

    /// Lets the tag name a version.
    pub(super) fn point_at(&self, version: usize) -> Result<()> {
        let (repository, tag) = self.reference.rsplit_once(':').context("No tag")?;
        let pinned = format!("{repository}@{}", self.digests[version]);
        capture(&mut program(&self.krunner, ["tag", &pinned, tag])).map(drop)
    }
}

/// The search path with a program's folder first.
fn with(program: &Path) -> Result<std::ffi::OsString> {
    let folder = program.parent().context("No folder")?.to_path_buf();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(folder).chain(std::env::split_paths(&path));
    Ok(std::env::join_paths(all)?)
}

/// The volume in three folders, as builds make them: Python, the wheels, and the rest.
fn layers(published: &Path, home: &Path) -> Result<Vec<PathBuf>> {
    let [python, wheels, base] = ["python", "wheels", "base"].map(|name| home.join(name));
    let mut copy = program("cp", ["--archive", "--no-target-directory"]);
    capture(copy.arg(published).arg(&python))?;
    for (into, path) in [(&wheels, SITE), (&base, "licenses"), (&base, "share")] {
        let place = into.join(path);
        folder(place.parent().context("No parent")?.to_path_buf())?;
        fs::rename(python.join(path), place)?;
    }
    relink(&python)?;
    Ok(vec![python, wheels, base])
}

/// The published volume has links that lead nowhere; ours may not.
fn relink(dir: &Path) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let meta = fs::symlink_metadata(&path)?;
        if meta.is_dir() {
            relink(&path)?;
        } else if meta.is_symlink() && fs::read_link(&path)?.is_absolute() {
            let name = fs::read_link(&path)?;
            let name = name.file_name().context("A link to nothing")?.to_owned();
            fs::remove_file(&path)?;
            symlink(name, &path)?;
        }
    }
    Ok(())
}

/// A new version of a wheel: each of its modules is another one.
fn change(dir: &Path) -> Result<()> {
    let mut find = Command::new("find");
    find.arg(dir).args(["-name", "*.py", "-exec", "sh", "-c"]);
    capture(find.args(["echo '# the next version' >> \"$1\"", "sh", "{}", ";"])).map(drop)
}

fn count(dir: &Path) -> Result<(usize, u64)> {
    let mut files = (0, 0);
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let meta = fs::symlink_metadata(&path)?;
        if meta.is_dir() {
            let below = count(&path)?;
            files = (files.0 + below.0, files.1 + below.1);
        } else if meta.is_file() {
            files = (files.0 + 1, files.1 + meta.len());
        }
    }
    Ok(files)
}
