//! What we ship and use: the frontend's static binary and image, and the `krunner` command.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::build::Build;
use crate::command::{capture, log, program};
use crate::console::{Step, Steps, print};
use crate::tree::{Tree, folder};
use crate::workbench::{Engine, Registry};

/// The frontend is pulled by every machine that builds, so it stays small.
const LIMIT: u64 = 8_000_000;
/// The image's name in the engine.
const LOCAL: &str = "krunner/frontend:dev";

/// `cargo xtask dist`.
pub(crate) fn run() -> Result<()> {
    let tree = Tree::find()?;
    let mut steps = Steps::new(&tree)?;
    let binary = steps.run("frontend", |step| binary(&tree, step))?;
    print(&format!(
        "{} {}",
        fs::metadata(&binary)?.len(),
        binary.display()
    ));
    Ok(())
}

/// Builds the static binary for this machine's architecture.
pub(crate) fn binary(tree: &Tree, step: &Step) -> Result<PathBuf> {
    let mut cargo = cargo(
        tree,
        [
            "build",
            "--package",
            "krunner-frontend",
            "--profile",
            "dist",
            "--target",
            &host_triple()?,
        ],
    );
    // A static C library: the image holds nothing but this one file.
    cargo.env("RUSTFLAGS", "-C target-feature=+crt-static");
    log(&mut cargo, step)?;
    let binary = built(tree)?;
    let size = fs::metadata(&binary)
        .with_context(|| format!("Cargo built no `{}`", binary.display()))?
        .len();
    if size > LIMIT {
        bail!(
            "The frontend has {size} bytes, more than {LIMIT}.\nhint: `cargo tree -p krunner-frontend -e normal` shows what came in"
        );
    }
    let kind = capture(program("readelf", ["--program-headers"]).arg(&binary)).unwrap_or_default();
    if kind.contains("INTERP") {
        bail!(
            "`{}` is not static: it asks for a program interpreter",
            binary.display()
        );
    }
    step.note(format!("{:.1} MB, static", megabytes(size)));
    Ok(binary)
}

/// Where the static binary is once it is built.
pub(crate) fn built(tree: &Tree) -> Result<PathBuf> {
    let folder = tree.target.join(host_triple()?);
    Ok(folder.join("dist/krunner-frontend"))
}

/// Builds the image, loads it into the engine, pushes it to the registry, and gives the reference that builds use.
pub(crate) fn image(
    tree: &Tree,
    step: &Step,
    engine: &Engine,
    registry: Option<&Registry>,
    binary: &Path,
) -> Result<String> {
    // The context holds the binary alone: the checkout with its target folder would be sent otherwise.
    let context = folder(tree.target.join("workbench/frontend-image"))?;
    fs::copy(binary, context.join("krunner-frontend"))?;
    let dockerfile = tree.root.join("dockerfiles/frontend.Dockerfile");
    let build = Build::new(engine, &dockerfile, &context).tag(LOCAL);
    log(&mut build.command(), step)?;
    let Some(registry) = registry else {
        return Ok(LOCAL.to_owned());
    };
    let reference = reference(registry);
    log(&mut engine.docker(["tag", LOCAL, &reference]), step)?;
    log(&mut engine.docker(["push", &reference]), step)?;
    step.note(&reference);
    Ok(reference)
}

/// The image in the registry.
pub(crate) fn reference(registry: &Registry) -> String {
    format!("{}/{LOCAL}", registry.address)
}

/// Builds the `krunner` command as users have it: a development build packs and unpacks ten times slower.
pub(crate) fn krunner(tree: &Tree, step: &Step) -> Result<PathBuf> {
    log(
        &mut cargo(tree, ["build", "--package", "krunner", "--release"]),
        step,
    )?;
    Ok(tree.target.join("release/krunner"))
}

/// Cargo in the checkout.
pub(crate) fn cargo<'a>(tree: &Tree, args: impl IntoIterator<Item = &'a str>) -> Command {
    let mut cargo = program(
        std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
        args,
    );
    cargo.current_dir(&tree.root);
    cargo
}

/// Bytes as people read them.
#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// What this compiler builds for when it is told nothing.
pub(crate) fn host_triple() -> Result<String> {
    let version = capture(&mut program("rustc", ["--version", "--verbose"]))?;
    let triple = version.lines().find_map(|line| line.strip_prefix("host: "));
    triple
        .map(str::to_owned)
        .context("rustc does not say which host it runs on")
}
