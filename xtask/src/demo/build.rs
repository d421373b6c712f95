//! The build: plain `docker buildx build` where the engine can do both platforms and write a layout;
//! elsewhere one platform at a time, saved as Docker does.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::{Demo, PLATFORMS};
use crate::build::Build;
use crate::command::log;
use crate::console::Step;
use crate::tree::folder;
use crate::workbench::{Engine, Inputs};

/// Builds the example and gives what to publish.
pub(super) fn build(
    demo: &Demo,
    step: &Step,
    engine: &Engine,
    inputs: &Inputs,
    frontend: &str,
) -> Result<Vec<String>> {
    if engine.together {
        together(demo, step, engine, inputs, frontend)
    } else {
        apart(demo, step, engine, inputs, frontend)
    }
}

fn together(
    demo: &Demo,
    step: &Step,
    engine: &Engine,
    inputs: &Inputs,
    frontend: &str,
) -> Result<Vec<String>> {
    let layout = demo.home.join("volume");
    let _ = fs::remove_dir_all(&layout);
    let build = Build::example(engine, inputs, frontend)
        .platforms(&PLATFORMS)
        .output(&format!("type=oci,dest={},tar=false", layout.display()));
    log(&mut build.command(), step)?;
    Ok(vec![format!("oci:{}", layout.display())])
}

fn apart(
    demo: &Demo,
    step: &Step,
    engine: &Engine,
    inputs: &Inputs,
    frontend: &str,
) -> Result<Vec<String>> {
    let context = without_contexts(demo, inputs)?;
    let mut archives = Vec::new();
    for platform in PLATFORMS {
        let tag = format!("krunner/volume:{}", platform.replace('/', "-"));
        let build = Build::spec(engine, &context, frontend)
            .arg("DEBIAN_MIRROR", &inputs.mirror)
            .platforms(&[platform])
            .tag(&tag);
        log(&mut build.command(), step)?;
        let archive = demo
            .home
            .join(format!("{}.tar", platform.replace('/', "-")));
        log(
            engine.docker(["save", "--output"]).arg(&archive).arg(&tag),
            step,
        )?;
        archives.push(format!("docker-archive:{}", archive.display()));
    }
    Ok(archives)
}

/// A copy of the example that has the distributions in it: 20.10's `docker build` knows no named contexts.
fn without_contexts(demo: &Demo, inputs: &Inputs) -> Result<PathBuf> {
    let context = demo.home.join("context");
    let _ = fs::remove_dir_all(&context);
    copy(&inputs.example, &context)?;
    let path = context.join("krunner.toml");
    let mut spec: Table = fs::read_to_string(&path)?.parse()?;
    let python = spec
        .get_mut("python")
        .and_then(Value::as_table_mut)
        .context("The example has no `[python]`")?;
    for (architecture, source) in &inputs.python {
        let name = format!("python-{architecture}.tar.gz");
        let archive = fs::read_dir(source)?
            .flatten()
            .next()
            .context("No distribution was made")?;
        fs::copy(archive.path(), context.join(&name))?;
        python.insert(
            (*architecture).to_owned(),
            Value::Table(Table::from_iter([("path".to_owned(), name.into())])),
        );
    }
    fs::write(&path, spec.to_string())?;
    Ok(context)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    folder(to.to_path_buf())?;
    for entry in fs::read_dir(from)?.flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
