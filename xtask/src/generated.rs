//! What is generated and checked in, each file made from the code that means it.

use std::fs;
use std::process::Command;

use anyhow::{Result, bail};

use crate::console::talk;
use crate::tree::Tree;

/// Makes a generated file of what it was before.
type Make = fn(&str) -> String;

/// Every generated file: whole, or in part.
const FILES: [(&str, Make); 2] = [
    ("docs/schema/krunner.schema.json", |_| {
        krunner::spec::schema_json()
    }),
    ("docs/spec.md", krunner::spec::with_reference),
];

/// Writes the files, or fails when one of them is old.
pub(crate) fn run(check: bool) -> Result<()> {
    let tree = Tree::find()?;
    for (name, make) in FILES {
        let path = tree.root.join(name);
        let there = fs::read_to_string(&path).unwrap_or_default();
        let content = make(&there);
        if there == content {
            continue;
        }
        if check {
            bail!("`{name}` is old.\nhint: run `cargo xtask gen` and commit it");
        }
        fs::write(&path, content)?;
        talk(&format!("wrote {name}"));
    }
    if !check {
        described(&tree)?;
    }
    Ok(())
}

/// Lets the command describe its own API, which this crate does not carry. A test of its own says when it is old.
fn described(tree: &Tree) -> Result<()> {
    let output = Command::new(env!("CARGO"))
        .current_dir(&tree.root)
        .args(["run", "-q", "-p", "krunner", "--", "agent", "openapi"])
        .output()?;
    if !output.status.success() {
        bail!("`krunner agent openapi` failed");
    }
    let path = tree.root.join("docs/openapi.json");
    if fs::read(&path).unwrap_or_default() != output.stdout {
        fs::write(&path, output.stdout)?;
        talk("wrote docs/openapi.json");
    }
    Ok(())
}
