//! Plain images without a hub: a C library, the C++ one and busybox, for both architectures.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::debian::Debian;
use super::engine::Engine;
use super::kind::Kind;
use crate::command::pipe;
use crate::console::Step;
use crate::tree::{Tree, folder};

/// Both architectures, as Docker calls them.
pub(crate) const ARCHITECTURES: [&str; 2] = ["amd64", "arm64"];
/// What an ordinary image has at least; libstdc++ because published wheels need one.
const PACKAGES: [&str; 4] = ["libc6", "libstdc++6", "libgcc-s1", "busybox-static"];
/// Part of the tag: another content gets another one.
const GENERATION: u8 = 1;

/// The plain image of an architecture.
pub(crate) fn plain(architecture: &str) -> String {
    format!("krunner/plain:{architecture}-{GENERATION}")
}

/// Gives an engine the plain images that it lacks.
pub(crate) fn load(tree: &Tree, step: &Step, engine: &Engine) -> Result<()> {
    for architecture in ARCHITECTURES {
        let image = plain(architecture);
        if engine.has(&image) {
            continue;
        }
        let root = root(tree, step, architecture)?;
        step.at(&format!("importing {image}"));
        let mut tar = Command::new("tar");
        tar.args([
            "--sort=name",
            "--owner=0",
            "--group=0",
            "--numeric-owner",
            "--mtime=@0",
            "-cC",
        ])
        .arg(root)
        .arg(".");
        let mut import = engine.docker(["import"]);
        if engine.kind != Kind::V20 {
            // 20.10 takes a foreign platform for its own, and then cannot find the image.
            import.args(["--platform", &format!("linux/{architecture}")]);
        }
        pipe(&mut tar, import.args(["-", &image]))?;
    }
    Ok(())
}

/// The root file system of an architecture.
fn root(tree: &Tree, step: &Step, architecture: &str) -> Result<PathBuf> {
    let root = tree.workbench("root")?.join(architecture);
    let debian = Debian::find(tree)?;
    debian.unpack_for(step, "bookworm", &PACKAGES, architecture, &root)?;
    for name in ["dev", "proc", "sys", "tmp", "root", "etc"] {
        folder(root.join(name))?;
    }
    let _ = fs::remove_dir_all(root.join("usr/share"));
    for applet in [
        "sh", "cat", "ls", "cp", "mv", "rm", "mkdir", "tar", "gzip", "wget", "find", "env",
        "uname", "true",
    ] {
        let link = root.join("bin").join(applet);
        if link.symlink_metadata().is_err() {
            symlink("busybox", link)?;
        }
    }
    Ok(root)
}
