//! What is generated and checked in, each file made from the code that means it.

use std::fs;

use anyhow::{Result, bail};

use crate::console::talk;
use crate::tree::Tree;

/// Path and content of every generated file.
fn files() -> Vec<(&'static str, String)> {
    vec![(
        "docs/schema/krunner.schema.json",
        krunner::spec::schema_json(),
    )]
}

/// Writes the files, or fails when one of them is old.
pub(crate) fn run(check: bool) -> Result<()> {
    let tree = Tree::find()?;
    for (name, content) in files() {
        let path = tree.root.join(name);
        if fs::read_to_string(&path).is_ok_and(|there| there == content) {
            continue;
        }
        if check {
            bail!("`{name}` is old.\nhint: run `cargo xtask gen` and commit it");
        }
        fs::write(&path, content)?;
        talk(&format!("wrote {name}"));
    }
    Ok(())
}
