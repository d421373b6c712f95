//! Holds the arrows of the design: a module imports only what lies below it.
//!
//! The rule reads source text, so it also sees what one feature set would hide.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The modules of `src/`, lowest layer first. Siblings in one layer never import each other,
/// but for the nouns of layer 0, which have nothing below them.
const KRUNNER: &[&[&str]] = &[
    &[
        "platform",
        "digest",
        "date",
        "reference",
        "env",
        "fsutil",
        "mountinfo",
        "parallel",
        "report",
        "elf",
    ],
    &["spec", "labels"],
    &["plan", "lint", "artifact", "audit"],
    &["store", "registry", "sbom", "trust"],
    &["agent"],
    &["cli"],
];

/// The modules of `frontend/src/`. `tool` runs inside steps and shares only its step type with `lower`.
const FRONTEND: &[&[&str]] = &[&["tool", "llb"], &["gateway"], &["lower"], &["solve"]];

/// Crates that the frontend must not carry: HTTP client and server, argument parser, C compression.
const NOT_IN_FRONTEND: &[&str] = &[
    "reqwest",
    "oci-client",
    "clap",
    "indicatif",
    "zstd-sys",
    "axum",
    "rustls",
];

#[test]
fn a_module_of_krunner_imports_only_what_lies_below_it() {
    assert_eq!(faults(Path::new("src"), KRUNNER), Vec::<String>::new());
}

#[test]
fn a_module_of_the_frontend_imports_only_what_lies_below_it() {
    assert_eq!(
        faults(Path::new("frontend/src"), FRONTEND),
        Vec::<String>::new()
    );
}

#[test]
fn every_module_of_krunner_has_its_layer() {
    let known: Vec<&str> = KRUNNER
        .iter()
        .flat_map(|layer| layer.iter().copied())
        .collect();
    for file in sources(Path::new("src")) {
        let module = module_of(Path::new("src"), &file);
        assert!(
            known.contains(&module.as_str()) || ["lib", "main"].contains(&module.as_str()),
            "`{module}` is in no layer: give it one in tests/layering.rs"
        );
    }
}

#[test]
fn the_graph_knows_no_plan_and_the_plan_knows_no_graph() {
    for (folder, word) in [
        ("frontend/src/llb", "krunner::plan"),
        ("src/plan", "buildkit_proto"),
    ] {
        for file in sources(Path::new(folder)) {
            let text = fs::read_to_string(&file).unwrap();
            assert!(!text.contains(word), "{} mentions {word}", file.display());
        }
    }
}

#[test]
fn only_the_printer_writes_to_the_standard_streams() {
    for file in sources(Path::new("src")) {
        if file.ends_with("cli/printer.rs") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for writer in ["println!", "io::stdout()", "io::stderr()"] {
            assert!(!text.contains(writer), "{} uses {writer}", file.display());
        }
    }
}

#[test]
fn the_frontend_carries_no_http_client_and_no_argument_parser() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "tree",
            "-p",
            "krunner-frontend",
            "-e",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let name = line.split(' ').next().unwrap_or_default();
        assert!(
            !NOT_IN_FRONTEND.contains(&name),
            "the frontend depends on {name}"
        );
    }
}

/// Every import of a layer above, or of a sibling, as `FILE imports MODULE`.
fn faults(root: &Path, layers: &[&[&str]]) -> Vec<String> {
    let mut rank = BTreeMap::new();
    for (number, layer) in layers.iter().enumerate() {
        rank.extend(layer.iter().map(|module| (*module, number)));
    }
    let mut faults = Vec::new();
    for file in sources(root) {
        let module = module_of(root, &file);
        let Some(own) = rank.get(module.as_str()) else {
            continue;
        };
        for imported in imports(&fs::read_to_string(&file).unwrap()) {
            let Some(other) = rank.get(imported.as_str()) else {
                continue;
            };
            let nouns = *own == 0 && root == Path::new("src");
            if imported != module && other >= own && !nouns {
                faults.push(format!("{} imports {imported}", file.display()));
            }
        }
    }
    faults
}

/// The names that follow `crate::` outside tests, one level deep, braces included.
fn imports(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    for line in code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
    {
        for rest in line.split("crate::").skip(1) {
            let many = rest.strip_prefix('{');
            let names = many.map_or(rest, |inner| inner.split('}').next().unwrap_or_default());
            let count = if many.is_some() { usize::MAX } else { 1 };
            for part in names.split(',').take(count) {
                found.push(
                    part.trim()
                        .chars()
                        .take_while(|c| c.is_alphanumeric() || *c == '_')
                        .collect(),
                );
            }
        }
    }
    found
}

/// The top module that a file belongs to.
fn module_of(root: &Path, file: &Path) -> String {
    let first = file
        .strip_prefix(root)
        .unwrap()
        .components()
        .next()
        .unwrap();
    Path::new(first.as_os_str())
        .file_stem()
        .unwrap()
        .to_string_lossy()
        .into_owned()
}

/// All Rust files below `root`, sorted.
fn sources(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
