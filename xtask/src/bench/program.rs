//! Programs that measurements put into containers: each is one file in `xtask/programs`, without a dependency.

use std::path::PathBuf;

use anyhow::Result;

use crate::command::{log, program};
use crate::console::Step;
use crate::tree::{Tree, folder};

/// Compiles one, static, for this machine.
pub(super) fn compile(tree: &Tree, step: &Step, name: &str) -> Result<PathBuf> {
    let binary = folder(tree.target.join("bench"))?.join(name);
    let source = tree.root.join("xtask/programs").join(name);
    let mut rustc = program("rustc", ["--edition", "2024", "-O"]);
    rustc.args(["-C", "target-feature=+crt-static", "-o"]);
    log(rustc.arg(&binary).arg(source.with_extension("rs")), step)?;
    Ok(binary)
}
