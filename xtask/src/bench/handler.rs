//! The kernel's handler for foreign programs, registered for as long as its handle lives.
//!
//! The handler is taken away by a guard of its own that waits for our end of a pipe to close, so it goes
//! even when we are killed.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::command::{capture, program};
use crate::console::Step;
use crate::tree::Tree;
use crate::workbench::{Debian, emulator};

/// Where the kernel takes registrations.
const HOME: &str = "/proc/sys/fs/binfmt_misc";
/// The name of ours, so that nobody else's is ever taken away.
const NAME: &str = "krunner-bench";
/// The first 20 bytes of a program for each architecture, and which bits of them count.
const MASK: &str =
    r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff";
const AARCH64: &str = r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00";
const X86_64: &str = r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x3e\x00";

/// A registered handler.
#[derive(Debug)]
pub(super) struct Handler {
    guard: Child,
}

impl Handler {
    /// Registers one for the architecture that this machine is not.
    pub(super) fn register(tree: &Tree, step: &Step) -> Result<Self> {
        let home = Path::new(HOME);
        let mounted = !home.join("register").exists();
        if mounted {
            capture(&mut program(
                "mount",
                ["-t", "binfmt_misc", "binfmt_misc", HOME],
            ))
            .context("The Dockerfile way needs binfmt_misc, which this kernel does not offer")?;
        }
        let debian = Debian::find(tree)?;
        let (foreign, magic) = if debian.architecture() == "amd64" {
            ("arm64", AARCH64)
        } else {
            ("amd64", X86_64)
        };
        let emulator = emulator(&debian, tree, step, foreign)?;
        if home.join(NAME).exists() {
            bail!("`{HOME}/{NAME}` is registered already: another measurement runs");
        }
        // F: the kernel opens the emulator now, so that it works inside every container.
        let line = format!(":{NAME}:M::{magic}:{MASK}:{}:F", emulator.display());
        fs::OpenOptions::new()
            .write(true)
            .open(home.join("register"))?
            .write_all(line.as_bytes())?;
        let unmount = if mounted {
            format!("; umount {HOME}")
        } else {
            String::new()
        };
        let script = format!("trap '' INT TERM HUP; read -r _; echo -1 > {HOME}/{NAME}{unmount}");
        let guard = Command::new("sh")
            .args(["-c", &script])
            .stdin(Stdio::piped())
            .spawn()?;
        Ok(Self { guard })
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}
