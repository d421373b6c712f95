//! Small tools from Debian: what an engine lacks, the registry, its clients, the emulators.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::debian::Debian;
use crate::command::pipe;
use crate::console::Step;
use crate::tree::{Tree, folder};

/// The suite whose programs run on every machine we support. Newer runc and skopeo need a newer libc.
const SUITE: &str = "bookworm";

/// mkfs.erofs and what it is linked with.
const EROFS: [&str; 11] = [
    "erofs-utils",
    "libc6",
    "libuuid1",
    "liblz4-1",
    "liblzma5",
    "libdeflate0",
    "libselinux1",
    "zlib1g",
    "libpcre2-8-0",
    "libzstd1",
    "libxxhash0",
];

/// What an engine needs beside its own packages.
pub(super) fn engine(debian: &Debian, tree: &Tree, step: &Step) -> Result<PathBuf> {
    let tools = tree.workbench("engine")?.join("tools");
    debian.unpack(
        step,
        SUITE,
        &["runc", "libseccomp2", "libdevmapper1.02.1"],
        &tools,
    )?;
    Ok(tools)
}

/// The registry's program.
pub(super) fn registry(debian: &Debian, tree: &Tree, step: &Step) -> Result<PathBuf> {
    let tools = tree.workbench("engine")?.join("registry");
    debian.unpack(step, SUITE, &["docker-registry"], &tools)?;
    Ok(tools.join("usr/bin/docker-registry"))
}

/// skopeo, which trusts what it is told to fetch.
pub(crate) fn skopeo(debian: &Debian, tree: &Tree, step: &Step) -> Result<PathBuf> {
    let tools = tree.workbench("engine")?.join("skopeo");
    debian.unpack(
        step,
        SUITE,
        &["skopeo", "libgpgme11", "libassuan0", "libdevmapper1.02.1"],
        &tools,
    )?;
    let policy = tree.workbench("run")?.join("policy.json");
    fs::write(
        &policy,
        r#"{"default":[{"type":"insecureAcceptAnything"}]}"#,
    )?;
    let environment = [("LD_LIBRARY_PATH", libraries(&tools).display().to_string())];
    let policy = policy.display().to_string();
    wrapper(
        tree,
        "skopeo",
        &tools.join("usr/bin/skopeo"),
        &environment,
        &["--policy", &policy],
    )
}

/// A registry client that is one static program in a package of the same name.
pub(crate) fn client(
    debian: &Debian,
    tree: &Tree,
    step: &Step,
    suite: &str,
    name: &str,
) -> Result<PathBuf> {
    let tools = tree.workbench("engine")?.join(name);
    debian.unpack(step, suite, &[name], &tools)?;
    wrapper(tree, name, &tools.join("usr/bin").join(name), &[], &[])
}

/// mkfs.erofs, which is new enough only beside a newer C library: it runs under that one's own loader.
pub(crate) fn mkfs_erofs(debian: &Debian, tree: &Tree, step: &Step) -> Result<PathBuf> {
    let tools = tree.workbench("engine")?.join("erofs");
    debian.unpack(step, "trixie", &EROFS, &tools)?;
    let libraries = libraries(&tools);
    let mut loaders = fs::read_dir(&libraries)?.flatten();
    let loader = loaders
        .find(|entry| entry.file_name().to_string_lossy().starts_with("ld-linux"))
        .context("The C library has no loader")?;
    let program = tools.join("usr/bin/mkfs.erofs").display().to_string();
    let path = libraries.display().to_string();
    let first = ["--library-path", &path, &program];
    wrapper(tree, "mkfs.erofs", &loader.path(), &[], &first)
}

/// The static emulator for an architecture, as one file: the package carries forty of them.
pub(crate) fn emulator(
    debian: &Debian,
    tree: &Tree,
    step: &Step,
    architecture: &str,
) -> Result<PathBuf> {
    let name = match architecture {
        "arm64" => "qemu-aarch64-static",
        _ => "qemu-x86_64-static",
    };
    let tools = tree.workbench("engine")?.join("emulators");
    let emulator = tools.join("usr/bin").join(name);
    if !emulator.exists() {
        let package = debian.packages(step, SUITE, &["qemu-user-static"], debian.architecture())?;
        step.at(&format!("unpacking {name}"));
        pipe(
            Command::new("dpkg-deb")
                .arg("--fsys-tarfile")
                .args(&package),
            Command::new("tar")
                .arg("-xC")
                .arg(folder(tools)?)
                .arg(format!("./usr/bin/{name}")),
        )?;
    }
    Ok(emulator)
}

/// Writes a script that runs a program with an environment: `target/workbench/bin` can be put on the path.
pub(super) fn wrapper(
    tree: &Tree,
    name: &str,
    program: &Path,
    environment: &[(&str, String)],
    first: &[&str],
) -> Result<PathBuf> {
    let path = tree.workbench("bin")?.join(name);
    let mut lines = vec!["#!/bin/sh".to_owned()];
    lines.extend(
        environment
            .iter()
            .map(|(name, value)| format!("export {name}='{value}'")),
    );
    let first = first.join(" ");
    lines.push(format!("exec '{}' {first} \"$@\"\n", program.display()));
    let text = lines.join("\n");
    if fs::read_to_string(&path).is_ok_and(|there| there == text) {
        return Ok(path);
    }
    fs::write(&path, text).with_context(|| format!("Cannot write `{}`", path.display()))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

/// The folder of libraries below an unpacked package: `usr/lib/TRIPLE`.
pub(super) fn libraries(tools: &Path) -> PathBuf {
    for above in ["usr/lib", "lib"] {
        for entry in fs::read_dir(tools.join(above))
            .into_iter()
            .flatten()
            .flatten()
        {
            if entry.file_name().to_string_lossy().ends_with("-linux-gnu") {
                return entry.path();
            }
        }
    }
    tools.join("usr/lib")
}
