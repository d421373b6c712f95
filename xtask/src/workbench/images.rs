//! Images without a hub: what other people's images have beside the volume, or have not.
//!
//! Each is made of a few packages of one suite, for both architectures. None has a Python.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::debian::Debian;
use super::engine::Engine;
use super::kind::Kind;
use crate::command::{pipe, program};
use crate::console::{Step, talk};
use crate::tree::{Tree, folder, link};

/// Both architectures, as Docker calls them.
pub(crate) const ARCHITECTURES: [&str; 2] = ["amd64", "arm64"];
/// Part of the tag: another content gets another one.
const GENERATION: u8 = 2;

/// One kind of image.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Image {
    /// Its name in the engine and in the record.
    pub(crate) name: &'static str,
    /// The suite that its packages come from.
    suite: &'static str,
    /// What it is made of; nothing for an image without a file.
    packages: &'static [&'static str],
}

/// What an ordinary image has at least: glibc 2.36, and libstdc++ because published wheels need one.
pub(crate) const PLAIN: Image = Image {
    name: "plain",
    suite: "bookworm",
    packages: &["libc6", "libstdc++6", "libgcc-s1", "busybox-static"],
};

/// No file at all: what is mounted is all there is.
pub(crate) const EMPTY: Image = Image {
    name: "empty",
    suite: "bookworm",
    packages: &[],
};

/// A C library that published wheels for glibc do not run on.
pub(crate) const MUSL: Image = Image {
    name: "musl",
    suite: "trixie",
    packages: &["musl", "busybox-static"],
};

/// All of them.
pub(crate) const IMAGES: [Image; 6] = [
    PLAIN,
    EMPTY,
    Image {
        name: "glibc-2.41",
        suite: "trixie",
        packages: &["libc6", "libstdc++6", "libgcc-s1", "busybox-static"],
    },
    // The oldest suite that mirrors still carry.
    Image {
        name: "glibc-2.31",
        suite: "bullseye",
        packages: &["libc6", "libstdc++6", "libgcc-s1", "busybox-static"],
    },
    Image {
        name: "no-libstdcxx",
        suite: "bookworm",
        packages: &["libc6", "busybox-static"],
    },
    MUSL,
];

impl Image {
    /// Its tag for an architecture.
    pub(crate) fn tag(&self, architecture: &str) -> String {
        format!("krunner/{}:{architecture}-{GENERATION}", self.name)
    }
}

/// Gives an engine those images that it lacks. A suite that the mirror has not any more is said and passed over:
/// what needs its image says so again.
pub(crate) fn load(tree: &Tree, step: &Step, engine: &Engine, images: &[Image]) -> Result<()> {
    for image in images {
        for architecture in ARCHITECTURES {
            if engine.has(&image.tag(architecture)) {
                continue;
            }
            match import(tree, step, engine, image, architecture) {
                Err(error) if *image != PLAIN => {
                    let error = format!("{error:#}");
                    let why = error.lines().last().unwrap_or_default();
                    talk(&format!(
                        "  no image `{}` for {architecture}: {why}",
                        image.name
                    ));
                }
                result => result?,
            }
        }
    }
    Ok(())
}

fn import(
    tree: &Tree,
    step: &Step,
    engine: &Engine,
    image: &Image,
    architecture: &str,
) -> Result<()> {
    let tag = image.tag(architecture);
    let mut tar = program(
        "tar",
        [
            "--sort=name",
            "--owner=0",
            "--group=0",
            "--numeric-owner",
            "--mtime=@0",
        ],
    );
    if image.packages.is_empty() {
        tar.args(["-c", "--files-from", "/dev/null"]);
    } else {
        tar.arg("-cC")
            .arg(root(tree, step, image, architecture)?)
            .arg(".");
    }
    step.at(&format!("importing {tag}"));
    let mut import: Command = engine.docker(["import"]);
    if engine.kind != Kind::V20 {
        // 20.10 takes a foreign platform for its own, and then cannot find the image.
        import.args(["--platform", &format!("linux/{architecture}")]);
    }
    pipe(&mut tar, import.args(["-", &tag]))?;
    Ok(())
}

/// The root file system of an image.
fn root(tree: &Tree, step: &Step, image: &Image, architecture: &str) -> Result<PathBuf> {
    let root = tree
        .workbench("root")?
        .join(format!("{}-{architecture}", image.name));
    let debian = Debian::find(tree)?;
    debian.unpack_for(step, image.suite, image.packages, architecture, &root)?;
    for name in ["dev", "proc", "sys", "tmp", "root", "etc"] {
        folder(root.join(name))?;
    }
    let _ = fs::remove_dir_all(root.join("usr/share"));
    // Packages of newer suites have everything below `usr`, and count on these links.
    for name in ["bin", "lib", "lib64"] {
        if root.join("usr").join(name).exists() {
            link(Path::new("usr").join(name), &root.join(name))?;
        }
    }
    for applet in [
        "sh", "cat", "ls", "cp", "mv", "rm", "mkdir", "tar", "gzip", "wget", "find", "env",
        "uname", "true",
    ] {
        link("busybox", &root.join("bin").join(applet))?;
    }
    Ok(root)
}
