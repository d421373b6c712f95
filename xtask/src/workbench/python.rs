//! Tools and wheels from the Python index, through pip as this machine has it set up.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::command::{capture, log, program, works};
use crate::console::Step;
use crate::tree::Tree;

/// `python3 -m pip`, which is there or must be installed by whoever owns the machine.
pub(crate) fn pip() -> Result<Command> {
    let mut pip = program("python3", ["-m", "pip", "--disable-pip-version-check"]);
    if !works(program("python3", ["-m", "pip", "--version"]).stdin(std::process::Stdio::null())) {
        bail!("This machine has no `python3 -m pip`.\nhint: `apt-get install python3-pip`");
    }
    pip.env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(pip)
}

/// A program that is published as a wheel, in a folder of its own.
pub(crate) fn tool(
    tree: &Tree,
    step: &Step,
    package: &str,
    version: &str,
    name: &str,
) -> Result<PathBuf> {
    let folder = installed(tree, step, package, version, name, &["--no-deps"])?;
    Ok(folder.join("bin").join(name))
}

/// The folder into which a package is installed that has this program: with all that it imports, unless pip's options are
/// against it.
pub(crate) fn installed(
    tree: &Tree,
    step: &Step,
    package: &str,
    version: &str,
    name: &str,
    options: &[&str],
) -> Result<PathBuf> {
    let folder = tree
        .workbench("python")?
        .join(format!("{package}-{version}"));
    let tool = folder.join("bin").join(name);
    if !tool.exists() {
        step.at(&format!("installing {package} {version} below target/"));
        let mut pip = pip()?;
        pip.arg("install")
            .args(options)
            .args(["--upgrade", "--target"])
            .arg(&folder);
        log(pip.arg(format!("{package}=={version}")), step)?;
    }
    Ok(folder)
}

/// A wheel for a platform, with its SHA-256 checked.
pub(crate) fn wheel(
    tree: &Tree,
    step: &Step,
    requirement: &str,
    platform: &str,
    sha256: &str,
) -> Result<PathBuf> {
    let (package, _) = requirement.split_once("==").unwrap_or((requirement, ""));
    let folder = tree
        .workbench("wheels")?
        .join(format!("{package}-{platform}"));
    if let Some(there) = only_file(&folder)
        && sum(&there)? == sha256
    {
        return Ok(there);
    }
    let _ = fs::remove_dir_all(&folder);
    step.at(&format!("downloading {requirement} for {platform}"));
    let mut pip = pip()?;
    pip.args([
        "download",
        "--no-deps",
        "--only-binary=:all:",
        "--platform",
        platform,
        "--dest",
    ])
    .arg(&folder);
    log(pip.arg(requirement), step)?;
    let wheel = only_file(&folder)
        .with_context(|| format!("pip downloaded nothing for `{requirement}`"))?;
    let found = sum(&wheel)?;
    if found != sha256 {
        bail!(
            "`{}` has the SHA-256 {found}, not {sha256}",
            wheel.display()
        );
    }
    Ok(wheel)
}

/// The index that pip is set up for, when that is not its default.
pub(crate) fn index() -> Option<String> {
    let mut pip = pip().ok()?;
    let given = std::env::var("PIP_INDEX_URL")
        .or_else(|_| capture(pip.args(["config", "get", "global.index-url"])))
        .ok()?;
    (!given.is_empty()).then_some(given)
}

fn only_file(folder: &Path) -> Option<PathBuf> {
    let mut entries = fs::read_dir(folder).ok()?.flatten();
    Some(entries.next()?.path())
}

/// The SHA-256 of a file.
pub(crate) fn sum(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("Cannot read `{}`", path.display()))?;
    Ok(hex::encode(Sha256::digest(bytes)))
}
