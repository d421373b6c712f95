//! A machine that may be switched off at any moment: Linux as an ordinary process (user-mode-linux), with a Debian of
//! its own that systemd runs. It needs no rights, no emulator and no second computer.
//!
//! What a test has the machine do lies in a folder of the test's, which the machine sees as `/host`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Serialize;

use super::debian::Debian;
use crate::command::{capture, program};
use crate::console::Step;
use crate::tree::{Tree, folder, link};

/// Its kernel is 6.1: EROFS images need loop devices there, and may not be compressed with zstd.
const SUITE: &str = "bookworm";
/// Part of the disk's name: another content gets another one.
const GENERATION: u8 = 1;
/// Room for what the tests put there; as a file it has holes.
const SIZE: &str = "1G";
/// Seconds in which a machine that starts at all has started.
const SOON: &str = "60";

/// systemd, mount(8), modprobe(8), a shell, and the libraries of all these.
const PACKAGES: [&str; 39] = [
    "busybox-static",
    "kmod",
    "libacl1",
    "libapparmor1",
    "libargon2-1",
    "libaudit1",
    "libblkid1",
    "libc6",
    "libcap-ng0",
    "libcap2",
    "libcrypt1",
    "libcryptsetup12",
    "libdevmapper1.02.1",
    "libfdisk1",
    "libffi8",
    "libgcc-s1",
    "libgcrypt20",
    "libgpg-error0",
    "libip4tc2",
    "libjson-c5",
    "libkmod2",
    "liblz4-1",
    "liblzma5",
    "libmount1",
    "libp11-kit0",
    "libpam0g",
    "libpcre2-8-0",
    "libseccomp2",
    "libselinux1",
    "libsmartcols1",
    "libssl3",
    "libsystemd-shared",
    "libsystemd0",
    "libudev1",
    "libuuid1",
    "libzstd1",
    "mount",
    "systemd",
    "util-linux",
];
const APPLETS: [&str; 11] = [
    "sh", "cat", "echo", "grep", "ln", "mkdir", "poweroff", "rm", "seq", "sleep", "touch",
];
/// The first program: it goes on with what the test has in its folder. The kernel makes words of its command line that it does
/// not know variables of it.
const BEGIN: &str = "#!/bin/sh
mount -t hostfs -o \"$programs\" none /programs
mount -t hostfs -o \"$folder\" none /host
exec /host/begin
";
const FILES: [(&str, &str); 4] = [
    ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"),
    ("etc/group", "root:x:0:\n"),
    ("etc/hostname", "node\n"),
    ("etc/machine-id", ""),
];

/// What a machine is made of. Paths are absolute.
#[derive(Debug, Serialize)]
pub(super) struct Machine {
    /// The kernel, a program.
    kernel: PathBuf,
    /// Its disk, which is only read: each machine writes what it changes elsewhere.
    disk: PathBuf,
}

/// Prepares what machines are made of.
pub(super) fn make(debian: &Debian, tree: &Tree, step: &Step) -> Result<Machine> {
    let home = tree.workbench("machine")?;
    let linux = home.join("linux");
    debian.unpack(step, SUITE, &["user-mode-linux"], &linux)?;
    let disk = home.join(format!("disk-{GENERATION}.ext4"));
    if !disk.exists() {
        let root = home.join("root");
        debian.unpack(step, SUITE, &PACKAGES, &root)?;
        furnish(&root, &linux)?;
        step.at("writing the machine's disk");
        let partial = disk.with_extension("partial");
        let _ = fs::remove_file(&partial);
        let mut mke2fs = program("/sbin/mke2fs", ["-q", "-t", "ext4", "-d"]);
        capture(mke2fs.arg(&root).arg(&partial).arg(SIZE))?;
        fs::rename(partial, &disk)?;
    }
    let machine = Machine {
        kernel: linux.join("usr/bin/linux.uml"),
        disk,
    };
    step.at("switching a machine on");
    machine.try_out(&home)?;
    Ok(machine)
}

impl Machine {
    /// Has one switch itself off at once: not everywhere may a process trace its children, as this kernel does.
    fn try_out(&self, home: &Path) -> Result<()> {
        let mut timeout = program("timeout", [SOON]);
        let kernel = timeout
            .arg(&self.kernel)
            .args(["mem=256M", "root=/dev/ubda", "ro", "quiet"])
            .arg(format!("ubd0r={}", self.disk.display()))
            .arg(format!("uml_dir={}/", home.display()))
            .args(["init=/bin/poweroff", "--", "-f"]);
        capture(kernel).context("The kernel does not run here")?;
        Ok(())
    }
}

/// Adds what no package has.
fn furnish(root: &Path, linux: &Path) -> Result<()> {
    for name in [
        "dev", "host", "proc", "programs", "root", "run", "sys", "tmp",
    ] {
        folder(root.join(name))?;
    }
    for applet in APPLETS {
        link("busybox", &root.join("bin").join(applet))?;
    }
    link("/programs/krunner", &root.join("usr/bin/krunner"))?;
    for (name, content) in FILES {
        fs::write(root.join(name), content)?;
    }
    let begin = root.join("begin");
    fs::write(&begin, BEGIN)?;
    fs::set_permissions(begin, fs::Permissions::from_mode(0o755))?;
    modules(root, linux)
}

/// Moves the kernel's modules to where the machine looks for them.
fn modules(root: &Path, linux: &Path) -> Result<()> {
    let from = linux.join("usr/lib/uml/modules");
    if from.exists() {
        let to = root.join("lib/modules");
        let _ = fs::remove_dir_all(&to);
        fs::rename(from, to).context("The kernel's modules cannot be moved")?;
    }
    Ok(())
}
