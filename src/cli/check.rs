//! `krunner check`: everything that is wrong with a spec and its locks, without an engine.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::output::Output;
use super::spec_file::SpecFile;
use super::{ExitStatus, OutputFormat, Printer, excerpt};
use crate::plan::{self, Locks, Request};
use crate::platform::Platform;
use crate::report::Problems;
use crate::spec::{Arg, Spec};

/// Check a spec and its locks for every platform, and show every problem
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The spec
    #[arg(default_value = "krunner.toml")]
    file: PathBuf,
    #[command(flatten)]
    output: Output,
}

/// What `--output json` prints.
#[derive(Serialize)]
struct Report<'a> {
    file: &'a str,
    problems: &'a Problems,
}

impl Check {
    pub(super) fn run(self, printer: &Printer) -> anyhow::Result<ExitStatus> {
        let mut file = SpecFile::new(self.file);
        let checked = match file.read() {
            Ok(spec) => check(&spec, &file),
            Err(error) => Err(error.downcast::<Problems>()?),
        };
        let problems = file.with_paths(checked.err().unwrap_or_default());
        let name = file.name();
        match self.output.format {
            OutputFormat::Json => printer.json(&Report {
                file: &name,
                problems: &problems,
            })?,
            OutputFormat::Text if problems.0.is_empty() => {
                printer.info(format_args!("Nothing is wrong with `{name}`"));
            }
            OutputFormat::Text => printer.problems(excerpt::render(&problems, &file.texts)),
        }
        Ok(if problems.0.is_empty() {
            ExitStatus::Done
        } else {
            ExitStatus::InputFailed
        })
    }
}

/// Plans every platform, on every platform that the spec has a toolchain for.
fn check(spec: &Spec, file: &SpecFile) -> Result<(), Problems> {
    let mut problems = Problems::default();
    let locks = Locks::parse(&file.locks);
    for &platform in &spec.document().volume.platforms {
        for build_platform in build_platforms(spec) {
            let request = Request {
                platform,
                build_platform,
                args: stand_ins(spec),
                contexts: spec.contexts(),
            };
            if let Err(found) = plan::build(spec, &locks, &request) {
                problems.0.extend(found.0);
            }
        }
    }
    problems.into_result(())
}

fn build_platforms(spec: &Spec) -> Vec<Platform> {
    let ttyd = spec.document().ttyd.as_ref();
    let toolchain = ttyd.and_then(|ttyd| ttyd.toolchain.as_ref());
    let has = |platform: &Platform| {
        toolchain.is_some_and(|all| !all.archives(platform.architecture).is_empty())
    };
    let mut platforms = vec![Platform::AMD64, Platform::ARM64];
    if platforms.iter().any(has) {
        platforms.retain(has);
    }
    platforms
}

/// A value for every argument that has none: that it must be given is no fault of the spec.
fn stand_ins(spec: &Spec) -> std::collections::BTreeMap<String, String> {
    let args = spec.document().args.iter();
    args.filter(|(_, arg): &(_, &Arg)| arg.default().is_none())
        .map(|(name, _)| (name.clone(), "https://argument.invalid".to_owned()))
        .collect()
}
