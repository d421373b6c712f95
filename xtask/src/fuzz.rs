//! `cargo xtask fuzz`: every reader of outside bytes under libFuzzer, on stable Rust.
//!
//! What nightly's `cargo fuzz` asks of the compiler is asked here by flags that every compiler takes (`fuzz/instrument.sh`),
//! all but the address sanitizer: there is no unsafe code of ours that it could look after.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use anyhow::{Context, Result, bail};

use crate::command::{program, show, works};
use crate::console::{print, talk};
use crate::frontend::cargo;
use crate::tree::{Tree, folder};

/// `cargo xtask fuzz`.
pub(crate) fn run(target: Option<&str>, seconds: u32) -> Result<()> {
    if let Some(missing) = missing() {
        bail!("{missing}");
    }
    let tree = Tree::find()?;
    let mut names = targets(&tree)?;
    if let Some(target) = target {
        let known = names.join(", ");
        names.retain(|name| name == target);
        if names.is_empty() {
            bail!("There is no such target: `{target}`\nhint: the targets are {known}");
        }
    }
    all(&tree, &names, seconds)
}

/// Each target for some seconds, as a part of the tests.
pub(crate) fn shortly(tree: &Tree, seconds: u32) -> Result<()> {
    all(tree, &targets(tree)?, seconds)
}

/// Their names: each is a module.
fn targets(tree: &Tree) -> Result<Vec<String>> {
    let folder = tree.root.join("fuzz/src/target");
    let entries = fs::read_dir(&folder)
        .with_context(|| format!("Cannot read `{}`", folder.display()))?
        .collect::<std::io::Result<Vec<_>>>()?;
    let paths = entries.iter().map(fs::DirEntry::path);
    let names = paths.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()));
    let mut names: Vec<_> = names.filter(|name| name != "mod").collect();
    names.sort();
    Ok(names)
}

/// What this machine lacks for it.
pub(crate) fn missing() -> Option<String> {
    let compiler = std::env::var_os("CXX").unwrap_or_else(|| "c++".into());
    let has = works(&mut program(&compiler, ["--version"]));
    (!has).then(|| {
        let name = compiler.to_string_lossy();
        format!("no C++ compiler, which builds libFuzzer: `{name}` cannot be started")
    })
}

/// As many at once as there are processors.
fn all(tree: &Tree, targets: &[String], seconds: u32) -> Result<()> {
    let fuzzer = build(tree)?;
    let queue = Mutex::new(targets.iter());
    let failed = Mutex::new(Vec::new());
    let next = || queue.lock().ok().and_then(|mut queue| queue.next());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(target) = next() {
                    match one(tree, &fuzzer, target, seconds) {
                        Ok(what) => print(&format!("{target}: {what}")),
                        Err(error) => {
                            talk(&format!("{target}: {error:#}"));
                            if let Ok(mut failed) = failed.lock() {
                                failed.push(target.clone());
                            }
                        }
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or_default();
    if failed.is_empty() {
        return Ok(());
    }
    bail!("A target failed: {}", failed.join(", "))
}

fn build(tree: &Tree) -> Result<PathBuf> {
    // The whole workspace, so that dependencies have the features that they have in the tests.
    let args = ["build", "--locked", "--workspace", "--bin", "krunner-fuzz"];
    let mut cargo = cargo(tree, args);
    cargo.args(["--features", "krunner-fuzz/libfuzzer"]).env(
        "RUSTC_WORKSPACE_WRAPPER",
        tree.root.join("fuzz/instrument.sh"),
    );
    show(&mut cargo)?;
    Ok(tree.target.join("debug/krunner-fuzz"))
}

/// One target; what is new in its corpus stays for the next time.
fn one(tree: &Tree, fuzzer: &Path, name: &str, seconds: u32) -> Result<String> {
    let corpus = folder(tree.target.join("fuzz/corpus").join(name))?;
    let seeds = folder(tree.target.join("fuzz/seeds").join(name))?;
    let crashes = folder(tree.target.join("fuzz/crashes").join(name))?;
    let output = program(
        fuzzer,
        [
            format!("-max_total_time={seconds}"),
            "-timeout=10".to_owned(),
            "-rss_limit_mb=1024".to_owned(),
            // The same beginning each time, so that a short run is no lottery.
            "-seed=1".to_owned(),
            "-print_final_stats=1".to_owned(),
            format!("-artifact_prefix={}/", crashes.display()),
        ],
    )
    .arg(&corpus)
    .arg(&seeds)
    .env("KRUNNER_FUZZ", name)
    .env("KRUNNER_FUZZ_SEEDS", &seeds)
    .output()
    .with_context(|| format!("Cannot start `{}`", fuzzer.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    fs::write(crashes.join("log"), said.as_bytes())?;
    if output.status.success() {
        return Ok(summary(&said));
    }
    // Libfuzzer's own lines begin with `=` or `#`; what the panic says stands before its stack.
    let panic = said
        .lines()
        .skip_while(|line| !line.contains("panicked at"))
        .take(8);
    let panic: Vec<_> = panic.collect();
    bail!(
        "{}\n{}\nhint: the input and the whole log lie in `{}`",
        output.status,
        panic.join("\n"),
        crashes.display()
    )
}

/// How much was tried, and how far it came.
fn summary(said: &str) -> String {
    let number = |key: &str| {
        let line = said.lines().rev().find_map(|line| line.strip_prefix(key));
        line.unwrap_or_default().trim().to_owned()
    };
    let last = said
        .lines()
        .rev()
        .find(|line| line.contains(" cov: "))
        .unwrap_or_default();
    let edges = last
        .split(" cov: ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next());
    format!(
        "{} inputs, {} edges, {} MB",
        number("stat::number_of_executed_units:"),
        edges.unwrap_or("?"),
        number("stat::peak_rss_mb:")
    )
}
