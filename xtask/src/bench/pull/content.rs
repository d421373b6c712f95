//! What is pulled: the volume that is replaced, packed in layers as builds make them (one for each package), and the same with
//! one other wheel.

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
/// Folders on which others are mounted.
const MOUNTED: &str = "lib/python3.13/site-packages/ai";
/// The wheel that changes.
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
        let changing = home.join(layer_of(WHEEL));
        for version in 0..2 {
            step.at("publishing");
            if version == 1 {
                change(&changing.join(SITE).join(WHEEL))?;
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
        let number = layers.iter().position(|layer| *layer == changing);
        let changed = *number
            .and_then(|number| packed[1].get(number))
            .context("No layer of the wheel")?;
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

/// The volume in folders, as builds make them: Python, each package, and the rest.
fn layers(published: &Path, home: &Path) -> Result<Vec<PathBuf>> {
    let [python, base] = ["python", "base"].map(|name| home.join(name));
    let mut copy = program("cp", ["--archive", "--no-target-directory"]);
    capture(copy.arg(published).arg(&python))?;
    for path in ["licenses", "share", MOUNTED] {
        take(&python, path, &base)?;
    }
    let mut layers = vec![python.clone()];
    layers.extend(packages(&python, home)?);
    layers.push(base);
    relink(&python)?;
    Ok(layers)
}

/// Takes every installed package out of a tree, into a folder of its own.
fn packages(tree: &Path, home: &Path) -> Result<Vec<PathBuf>> {
    let mut packages = Vec::new();
    for entry in fs::read_dir(tree.join(SITE))? {
        let name = entry?.file_name().into_string().unwrap_or_default();
        let Some((package, _)) = name
            .strip_suffix(".dist-info")
            .and_then(|name| name.split_once('-'))
        else {
            continue;
        };
        let package = home.join(layer_of(package));
        let record = fs::read_to_string(tree.join(SITE).join(&name).join("RECORD"))?;
        // Its paths have no commas.
        for path in record.lines().filter_map(|line| line.split(',').next()) {
            let (mut folder, mut path) = (Path::new(SITE), path);
            while let Some(above) = path.strip_prefix("../") {
                (folder, path) = (folder.parent().context("A path out of the volume")?, above);
            }
            let path = folder.join(path);
            // The replaced build lists some bytecode that it does not ship.
            if tree.join(&path).symlink_metadata().is_ok() {
                take(tree, path, &package)?;
            }
        }
        packages.push(package);
    }
    packages.sort();
    let emptied = ["-type", "d", "-empty", "-delete"];
    capture(program("find", [tree.join(SITE)]).args(emptied))?;
    Ok(packages)
}

/// What builds call the layer of a package.
fn layer_of(package: &str) -> String {
    format!("wheels-{}", package.replace('_', "-"))
}

/// Moves what is at a path of one tree into another one.
fn take(from: &Path, path: impl AsRef<Path>, to: &Path) -> Result<()> {
    let place = to.join(&path);
    folder(place.parent().context("No parent")?.to_path_buf())?;
    Ok(fs::rename(from.join(path), place)?)
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
