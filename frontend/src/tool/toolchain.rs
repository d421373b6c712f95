//! The toolchain step: lays out a root that has pinned tools in it and nothing else, for ttyd to be compiled in.
//!
//! ```text
//! /opt/tools/NAME     each wheel, as it is
//! /opt/tools/bin      links to the commands that are called
//! /bin/sh …           what the archives (.deb) hold: the C library that the tools are linked with, and a shell
//! ```
//!
//! The root is no part of what is shipped. Its folders for mounts exist, so that it can be mounted read-only.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::{Glob, GlobSet, GlobSetBuilder};

use super::archive::{self, Options, Strip};
use super::path::EntryPath;
use super::refusal::Refusal;
use super::step::{Bytes, Wheel};
use super::tree::{Links, Tree};
use super::{Error, normalise};

/// Where the wheels go, relative to the root.
pub const TOOLS: &str = "opt/tools";

/// Folders that engines and the Ttyd step mount something on.
pub const MOUNT_POINTS: [&str; 11] = [
    "dev",
    "etc",
    "in",
    "krunner",
    "krunner-image",
    "out",
    "proc",
    "root/.cache",
    "run",
    "sys",
    "tmp",
];

/// Files that engines mount something on.
const MOUNTED_FILES: [&str; 2] = ["etc/hosts", "etc/resolv.conf"];

/// What ttyd is compiled with.
const COMMANDS: [&str; 3] = ["cmake", "ninja", "zig"];

/// Left out of the wheels: the C libraries of other systems, C++, and programs that are not called. It is
/// half of their files. A pattern that hits nothing does no harm.
const UNUSED_IN_WHEELS: [&str; 10] = [
    "ziglang/lib/libc/{darwin,freebsd,glibc,mingw,netbsd,wasi}/**",
    "ziglang/lib/libc/include/*-gnu*/**",
    "ziglang/lib/libc/include/{any-macos,any-windows,wasm-wasi}*/**",
    "ziglang/lib/{docs,libcxx,libcxxabi,libtsan}/**",
    "*.dist-info/licenses/**",
    "cmake/data/bin/{ccmake,cpack,ctest}",
    "cmake/data/doc/**",
    "cmake/data/share/{aclocal,bash-completion,emacs,vim}/**",
    "cmake/data/share/cmake-*/Help/**",
    "**/*.pyc",
];

/// Left out of the archives.
const UNUSED_IN_ARCHIVES: [&str; 1] = ["usr/share/{doc,initramfs-tools,lintian,locale,man}/**"];

/// What a toolchain lacks.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A command that no wheel, or more than one file, carries.
    #[error(
        "The toolchain must have exactly one program `{command}`, and has {count}\nhint: the lock of `ttyd.toolchain` must pin `ziglang`, `cmake` and `ninja`, each once"
    )]
    Command {
        /// Its name.
        command: &'static str,
        /// How many there are.
        count: usize,
    },
    /// No shell.
    #[error(
        "The toolchain has no `/bin/sh`\nhint: add an archive with one to `ttyd.toolchain`, such as Debian's `busybox-static`"
    )]
    Shell,
    /// A pattern of this module does not parse.
    #[error(transparent)]
    Glob(#[from] globset::Error),
}

/// Lays out the root at `out`.
pub(super) fn run(
    wheels: &[Wheel],
    archives: &[Bytes],
    epoch: u64,
    out: &Path,
) -> Result<(), Error> {
    let mut programs = Vec::new();
    let drop = globs(&UNUSED_IN_WHEELS)?;
    for wheel in wheels {
        let folder = unpack_wheel(wheel, &drop, &out.join(TOOLS))?;
        find_programs(&folder, &mut programs).map_err(Error::out(&folder))?;
    }
    let tree = Tree::create(out, Links::Rooted).map_err(Error::out(out))?;
    let options = Options {
        strip: Strip::Nothing,
        drop: globs(&UNUSED_IN_ARCHIVES)?,
        ..Options::default()
    };
    for archive in archives {
        archive::unpack(archive, &tree, &options)?;
    }
    // All of this is written before `finish` makes the links that archives brought, so it cannot follow one.
    furnish(&tree).map_err(Error::at("toolchain"))?;
    for command in COMMANDS {
        let target = find_command(command, &programs, &out.join(TOOLS))?;
        let link = format!("{TOOLS}/bin/{command}");
        link_to(&tree, &link, &format!("../{target}")).map_err(Error::at("toolchain"))?;
    }
    if !has(&tree, "bin/sh") && !has(&tree, "usr/bin/sh") {
        return Err(Fault::Shell.into());
    }
    tree.finish().map_err(Error::at("toolchain"))?;
    Ok(normalise::stamp(out, epoch)?)
}

fn unpack_wheel(wheel: &Wheel, drop: &GlobSet, tools: &Path) -> Result<PathBuf, Error> {
    let refused = |refusal| Error::at(&wheel.archive.name)((EntryPath::default(), refusal));
    let name = EntryPath::parse(wheel.package.as_bytes()).map_err(refused)?;
    let folder = tools.join(name.as_str());
    let tree = Tree::create(&folder, Links::Inside).map_err(Error::out(&folder))?;
    let options = Options {
        strip: Strip::Nothing,
        drop: drop.clone(),
        ..Options::default()
    };
    archive::unpack(&wheel.archive, &tree, &options)?;
    tree.finish().map_err(Error::at(&wheel.archive.name))?;
    Ok(folder)
}

/// Makes the folders and files for mounts, and the links that Debian's own installer would make.
fn furnish(tree: &Tree) -> Result<(), (EntryPath, Refusal)> {
    let owner: Arc<str> = "the toolchain step".into();
    for folder in MOUNT_POINTS {
        let path = entry(folder)?;
        tree.folder(&path, &owner)
            .map_err(|refusal| (path, refusal))?;
    }
    for file in MOUNTED_FILES {
        let path = entry(file)?;
        if !tree.has(&path) {
            tree.file(&path, false, &owner, &mut io::empty())
                .map_err(|refusal| (path, refusal))?;
        }
    }
    // Newer Debian packages hold only `/usr`, and the links are made when the system is set up.
    for folder in ["bin", "lib", "lib64", "sbin"] {
        let merged = format!("usr/{folder}");
        if !has(tree, folder) && has(tree, &merged) {
            link_to(tree, folder, &merged)?;
        }
    }
    for bin in ["bin", "usr/bin"] {
        let shell = format!("{bin}/sh");
        if has(tree, &format!("{bin}/busybox")) && !has(tree, &shell) {
            link_to(tree, &shell, "busybox")?;
        }
    }
    Ok(())
}

fn has(tree: &Tree, path: &str) -> bool {
    entry(path).is_ok_and(|path| tree.has(&path))
}

fn link_to(tree: &Tree, link: &str, target: &str) -> Result<(), (EntryPath, Refusal)> {
    let path = entry(link)?;
    tree.link(&path, target.as_bytes(), &"the toolchain step".into())
        .map_err(|refusal| (path, refusal))
}

fn entry(path: &str) -> Result<EntryPath, (EntryPath, Refusal)> {
    EntryPath::parse(path.as_bytes()).map_err(|refusal| (EntryPath::default(), refusal))
}

/// Notes every program beneath `folder` that has the name of a command.
fn find_programs(folder: &Path, programs: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = std::fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            find_programs(&path, programs)?;
        } else if kind.is_file()
            && COMMANDS.iter().any(|command| entry.file_name() == *command)
            && entry.metadata()?.permissions().mode() & 0o111 != 0
            && is_elf(&path)?
        {
            programs.push(path);
        }
    }
    Ok(())
}

/// A wrapper in Python has the same name in some wheels, and there is no Python in the root.
fn is_elf(path: &Path) -> io::Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(4).read_to_end(&mut head)?;
    Ok(head == object::elf::ELFMAG)
}

/// The one program of that name, relative to the folder of tools.
fn find_command(
    command: &'static str,
    programs: &[PathBuf],
    tools: &Path,
) -> Result<String, Fault> {
    let found: Vec<&PathBuf> = programs
        .iter()
        .filter(|path| path.ends_with(command))
        .collect();
    match found.as_slice() {
        [path] => Ok(path
            .strip_prefix(tools)
            .unwrap_or(path)
            .display()
            .to_string()),
        several => Err(Fault::Command {
            command,
            count: several.len(),
        }),
    }
}

fn globs(globs: &[&str]) -> Result<GlobSet, Fault> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(Glob::new(glob)?);
    }
    Ok(set.build()?)
}

#[cfg(test)]
mod tests;
